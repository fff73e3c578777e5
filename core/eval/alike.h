// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include <span>
#include <string>

namespace pikv {

/// One sentence where different settings gave figures of size and quality that agree to six digits, which is nearly
/// always a parameter without an effect or a mistake; "" where none did. Exact results, errors of 0, do not count.
std::string alikeWarning(std::span<const EvaluationResult> results);

} // namespace pikv
