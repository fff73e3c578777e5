// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace pikv {

/// Parses JSON text nested at most 64 deep; throws Error{Input} "<what> …" otherwise.
nlohmann::json parseJson(std::string_view text, const std::string& what);

} // namespace pikv
