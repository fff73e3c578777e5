// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/wholenumber.h"
#include "core/base/text.h"
#include <charconv>
#include <utility>

namespace pikv::cli {

CLI::Validator wholeNumber(std::int64_t minimum, std::uint64_t maximum)
{
    const auto check = [minimum, maximum](const std::string& text) -> std::string {
        std::uint64_t value = 0;
        const char* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, value);
        if (error == std::errc() && stop == end && std::cmp_greater_equal(value, minimum) && value <= maximum)
            return {};
        return inQuotes(text) + " is not a whole number from " + std::to_string(minimum) + " to "
            + std::to_string(maximum);
    };
    return CLI::Validator([check](std::string& text) { return check(text); }, "");
}

} // namespace pikv::cli
