// SPDX-License-Identifier: GPL-3.0-or-later
// A result as bytes, for stores that hand thousands of them back at once. Read by the engine that wrote them alone
// (engineId()): other readers take the JSON form of resultsio.h.
#pragma once
#include "core/eval/evaluator.h"
#include <string>
#include <string_view>

namespace pikv {

/// All that was measured but layers, scores of the next-token test, and what only changes how a result is shown.
std::string packResult(const EvaluationResult& result);
/// Throws Error{Input} where the bytes are damaged.
EvaluationResult unpackResult(std::string_view bytes);

/// The figures of a next-token test.
std::string packScore(const NextTokenMetrics& score);
/// Throws Error{Input} where the bytes are damaged.
NextTokenMetrics unpackScore(std::string_view bytes);

/// The figures of layers and heads.
std::string packLayers(const std::vector<LayerQuality>& layers);
/// Throws Error{Input} where the bytes are damaged.
std::vector<LayerQuality> unpackLayers(std::string_view bytes);

} // namespace pikv
