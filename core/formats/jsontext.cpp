// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/jsontext.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include <set>
#include <vector>

namespace pikv {

nlohmann::json parseJson(std::string_view text, const std::string& what, OnRepeatedKey repeated)
{
    constexpr int maxDepth = 64;
    using Event = nlohmann::json::parse_event_t;
    std::vector<std::set<std::string>> keys; // of the objects around
    const auto check = [&](int depth, Event event, nlohmann::json& value) {
        if (depth > maxDepth)
            throw inputError(what + " is nested more than " + std::to_string(maxDepth) + " deep");
        if (repeated == OnRepeatedKey::LastWins)
            return true;
        if (event == Event::object_start)
            keys.emplace_back();
        else if (event == Event::object_end)
            keys.pop_back();
        else if (event == Event::key && !keys.back().insert(value.get<std::string>()).second)
            throw inputError(what + " has the key " + inQuotes(value.get<std::string>()) + " twice in one object");
        return true;
    };
    try {
        return nlohmann::json::parse(text.begin(), text.end(), check);
    } catch (const nlohmann::json::parse_error& error) {
        throw inputError(what + " is not valid JSON near byte " + std::to_string(error.byte));
    }
}

} // namespace pikv
