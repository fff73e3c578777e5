// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <CLI/App.hpp>
#include <cstdint>
#include <limits>

namespace pikv::cli {

/// Accepts whole numbers from `minimum` to `maximum` and names both otherwise. CLI11's own conversion lets -1 become a
/// large unsigned number and cuts what is too large.
CLI::Validator wholeNumber(std::int64_t minimum = 0, std::uint64_t maximum = std::numeric_limits<std::int64_t>::max());

} // namespace pikv::cli
