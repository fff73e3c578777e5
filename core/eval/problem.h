// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/error.h"

namespace pikv {

/// Turns the exception in flight into a Problem; to be called inside a catch block.
/// LibTorch's errors lose their backtrace, std::bad_alloc becomes a Resource problem.
Problem currentProblem();

} // namespace pikv
