// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/protectoption.h"
#include <algorithm>

namespace pikv::cli {

void ProtectOption::add(CLI::App& app)
{
    app.add_option("--protect", text,
           "Like for like: every method keeps the same tokens at 16 bits, the first SINKS and the last RECENT ones, or "
           "'none'; default: what each method's parameters say")
        ->type_name("SINKS,RECENT");
}

std::vector<MethodSpec> ProtectOption::applied(const std::vector<MethodSpec>& methods) const
{
    if (text.empty())
        return methods;
    const ProtectedTokens tokens = parseProtectedTokens(text);
    std::vector<MethodSpec> alike;
    for (const MethodSpec& method : methods)
        if (MethodSpec spec = withProtectedTokens(method, tokens); std::ranges::find(alike, spec) == alike.end())
            alike.push_back(std::move(spec));
    return alike;
}

} // namespace pikv::cli
