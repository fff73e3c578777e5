// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/registry.h"
#include "ui/models/resultsmodel.h"
#include <string>

namespace modelfixture {

/// A result of `spec` whose figures follow from its stored bytes; attention error is not measured unless given.
inline std::shared_ptr<pikv::EvaluationResult> makeResult(
    const std::string& spec, std::uint64_t storedBytes, double attentionError = pikv::kNoValue)
{
    auto result = std::make_shared<pikv::EvaluationResult>();
    result->method = pikv::parseSpec(spec);
    result->device = "cpu";
    result->originalBytes = 10'000;
    result->storedBytes = storedBytes;
    result->quality.attentionError = attentionError;
    return result;
}

} // namespace modelfixture
