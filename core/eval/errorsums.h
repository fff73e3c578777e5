// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/metrics.h"
#include <algorithm>
#include <cstdint>
#include <vector>

namespace pikv {

/// Error sums of one tensor (K or V) over rows of head vectors.
struct ErrorSums {
    double errorEnergy = 0, signalEnergy = 0, cosine = 0;
    std::int64_t elements = 0, cosineRows = 0;
    /// Originals beyond f16's reach (±65504) that came back as less than seven eighths of themselves: clamped on the
    /// way.
    std::int64_t clamped = 0;
    double largestClamped = 0; ///< magnitude of the largest of them

    void add(const ErrorSums& other);
    double mse() const { return elements ? errorEnergy / double(elements) : kNoValue; }
    /// 0/0 (a zero signal kept exactly) counts as no error.
    double nmse() const;
    double meanCosine() const { return cosineRows ? cosine / double(cosineRows) : kNoValue; }
};

/// Compares `rows` vectors of `dim` floats. `valid` (may be null; 0 or 1 an element) leaves elements out of all sums.
/// Rows whose original is zero have no direction and do not count in the cosine; a zero decoded row counts as 0.
ErrorSums compareRows(
    const float* original, const float* decoded, const std::uint8_t* valid, std::int64_t rows, std::int64_t dim);

/// Sums of everything measured on a head, a layer or a cache; they add up.
struct QualitySums {
    ErrorSums key, value;
    double attentionError = 0, attentionSignal = 0;
    bool attention = false;

    std::int64_t clamped() const { return key.clamped + value.clamped; }
    double largestClamped() const { return std::max(key.largestClamped, value.largestClamped); }
    void add(const QualitySums& other);
    QualityMetrics metrics() const;
};

} // namespace pikv
