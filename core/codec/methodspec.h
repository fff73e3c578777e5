// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/paramspec.h"
#include <string>
#include <string_view>
#include <vector>

namespace pikv {

/// A configured method. Text form (a *spec*): `id:param=value,param=value`.
struct MethodSpec {
    std::string id;
    ParamSet params;
    bool operator==(const MethodSpec&) const = default;
};

/// Throws Error{Usage}: unknown method (names the known ones), unknown parameter, value out of bounds.
MethodSpec parseSpec(std::string_view text);
/// Only the parameters that differ from their defaults, in the order of the specs; parse(print(x)) == x.
std::string printSpec(const MethodSpec& spec);
/// Every parameter: "lora:rank=8,alpha=16,…" without the id: "rank=8,alpha=16,…". For CSV and tooltips.
std::string printParams(const MethodSpec& spec);
/// Expands lists of a sweep, `lora:rank=[4,8,16],code_bits=[4,8]`, to every combination, last list fastest. A list
/// parameter takes a list of lists. An entry of a number's list may be a range with both ends: `2..8` in the
/// parameter's own steps, `4..64:4` in steps of 4, `4..64:*2` by factors of 2. At most 10,000 points.
std::vector<MethodSpec> expandSpec(std::string_view text);

} // namespace pikv
