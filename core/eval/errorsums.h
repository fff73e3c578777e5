// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/metrics.h"
#include <cstdint>
#include <vector>

namespace pikv {

/// Error sums of one tensor (K or V) over rows of head vectors.
struct ErrorSums {
    double errorEnergy = 0, signalEnergy = 0, cosine = 0;
    std::int64_t elements = 0, cosineRows = 0;

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

    void add(const QualitySums& other);
    QualityMetrics metrics() const;
};

} // namespace pikv
