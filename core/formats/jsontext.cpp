// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/jsontext.h"
#include "core/base/error.h"
#include "core/base/text.h"

namespace pikv {

nlohmann::json parseJson(std::string_view text, const std::string& what)
{
    constexpr int maxDepth = 64;
    const auto depthCheck = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
        if (depth > maxDepth)
            throw inputError(what + " is nested more than " + std::to_string(maxDepth) + " deep");
        return true;
    };
    try {
        return nlohmann::json::parse(text.begin(), text.end(), depthCheck);
    } catch (const nlohmann::json::parse_error& error) {
        throw inputError(what + " is not valid JSON near byte " + std::to_string(error.byte));
    }
}

} // namespace pikv
