// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/protectedtokens.h"
#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace pikv::cli {

/// `--protect`: the same tokens at 16 bits for every method, of the commands that compare them.
struct ProtectOption {
    std::string text; ///< "": each method's own

    void add(CLI::App& app);
    /// The methods, those that become alike once. Throws Error{Usage} where the text is no pair of numbers.
    std::vector<MethodSpec> applied(const std::vector<MethodSpec>& methods) const;
};

} // namespace pikv::cli
