// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace pikv {

/// What becomes of an object that has a key twice: the last value wins, or the text is refused.
enum class OnRepeatedKey { LastWins, Refuse };

/// Parses JSON text nested at most 64 deep; throws Error{Input} "<what> …" otherwise.
nlohmann::json parseJson(
    std::string_view text, const std::string& what, OnRepeatedKey repeated = OnRepeatedKey::LastWins);

} // namespace pikv
