// SPDX-License-Identifier: GPL-3.0-or-later
// Like for like: every method keeps the same first and last tokens at 16 bits, so that what differs is the method.
#pragma once
#include "core/codec/methodspec.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pikv {

struct ProtectedTokens {
    std::int64_t sinks = 0, recent = 0;
    bool operator==(const ProtectedTokens&) const = default;
};

/// "none", or "4,128": so many first and last tokens. Throws Error{Usage} with the bounds.
ProtectedTokens parseProtectedTokens(std::string_view text);
std::string printProtectedTokens(const ProtectedTokens& tokens);

/// The method with these instead of its own; a 16-bit tail of its own (ParamSpec::isTail) is taken away. Nothing: what
/// the method protects by default. References stay as they are.
MethodSpec withProtectedTokens(MethodSpec method, const std::optional<ProtectedTokens>& tokens);
/// The same of a spec with lists (expandSpec()): its lists of protected tokens give way to these.
std::string withProtectedTokens(std::string_view spec, const std::optional<ProtectedTokens>& tokens);

} // namespace pikv
