// SPDX-License-Identifier: GPL-3.0-or-later
// Sums of squared errors, energies and cosines of one head, which the quality metrics are made of.
#include "core/eval/errorsums.h"
#include "core/base/half.h"
#include <algorithm>
#include <cmath>

namespace pikv {
namespace {

/// Float partial sums a row (a head vector is short), doubles across rows: exact enough and vectorised.
struct RowSums {
    double error = 0, original = 0, decoded = 0, dot = 0;
};

RowSums sumRow(const float* x, const float* y, std::int64_t dim)
{
    constexpr int lanes = 16;
    float error[lanes] = {}, original[lanes] = {}, decoded[lanes] = {}, dot[lanes] = {};
    std::int64_t i = 0;
    for (; i + lanes <= dim; i += lanes)
        for (int l = 0; l < lanes; ++l) {
            const float a = x[i + l], b = y[i + l], e = b - a;
            error[l] += e * e;
            original[l] += a * a;
            decoded[l] += b * b;
            dot[l] += a * b;
        }
    for (; i < dim; ++i) {
        const float a = x[i], b = y[i], e = b - a;
        error[0] += e * e;
        original[0] += a * a;
        decoded[0] += b * b;
        dot[0] += a * b;
    }
    float allError = 0, allOriginal = 0, allDecoded = 0, allDot = 0;
    for (int l = 0; l < lanes; ++l) {
        allError += error[l];
        allOriginal += original[l];
        allDecoded += decoded[l];
        allDot += dot[l];
    }
    return { allError, allOriginal, allDecoded, allDot };
}

/// Squares of values below 1e-16 or above 1e17 leave the range of floats.
bool needsDoubles(const RowSums& sums)
{
    constexpr double least = 1e-30, most = 1e36;
    const auto fits = [](double energy) { return energy == 0 || (energy > least && energy < most); };
    return !(fits(sums.error) && fits(sums.original) && fits(sums.decoded)) || sums.original == 0 || sums.decoded == 0;
}

RowSums sumRowInDoubles(const float* x, const float* y, std::int64_t dim)
{
    RowSums sums;
    for (std::int64_t i = 0; i < dim; ++i) {
        const double a = x[i], b = y[i], e = b - a;
        sums.error += e * e;
        sums.original += a * a;
        sums.decoded += b * b;
        sums.dot += a * b;
    }
    return sums;
}

void countClamped(const float* x, const float* y, std::int64_t dim, ErrorSums& sums)
{
    for (std::int64_t i = 0; i < dim; ++i) {
        const float original = std::abs(x[i]);
        if (original <= largestHalf || std::abs(y[i]) >= 0.875f * original)
            continue;
        ++sums.clamped;
        sums.largestClamped = std::max<double>(sums.largestClamped, original);
    }
}

std::int64_t countValid(const std::uint8_t* valid, std::int64_t n)
{
    return std::count_if(valid, valid + n, [](std::uint8_t v) { return v != 0; });
}

} // namespace

void ErrorSums::add(const ErrorSums& other)
{
    errorEnergy += other.errorEnergy;
    signalEnergy += other.signalEnergy;
    cosine += other.cosine;
    elements += other.elements;
    cosineRows += other.cosineRows;
    clamped += other.clamped;
    largestClamped = std::max(largestClamped, other.largestClamped);
}

double ErrorSums::nmse() const
{
    if (!elements)
        return kNoValue;
    return errorEnergy == 0 ? 0 : errorEnergy / signalEnergy;
}

ErrorSums compareRows(
    const float* original, const float* decoded, const std::uint8_t* valid, std::int64_t rows, std::int64_t dim)
{
    ErrorSums sums;
    std::vector<float> x, y;
    if (valid) {
        x.resize(static_cast<std::size_t>(dim));
        y.resize(static_cast<std::size_t>(dim));
    }
    for (std::int64_t r = 0; r < rows; ++r) {
        const float *a = original + r * dim, *b = decoded + r * dim;
        std::int64_t counted = dim;
        if (valid) {
            const std::uint8_t* v = valid + r * dim;
            counted = countValid(v, dim);
            for (std::int64_t i = 0; i < dim; ++i) {
                x[static_cast<std::size_t>(i)] = v[i] ? a[i] : 0.0f;
                y[static_cast<std::size_t>(i)] = v[i] ? b[i] : 0.0f;
            }
            a = x.data();
            b = y.data();
        }
        RowSums row = sumRow(a, b, dim);
        if (needsDoubles(row))
            row = sumRowInDoubles(a, b, dim);
        if (row.original > double(largestHalf) * largestHalf)
            countClamped(a, b, dim, sums);
        sums.errorEnergy += row.error;
        sums.signalEnergy += row.original;
        sums.elements += counted;
        if (row.original > 0) {
            ++sums.cosineRows;
            if (row.decoded > 0)
                sums.cosine += row.dot / std::sqrt(row.original * row.decoded);
        }
    }
    return sums;
}

void QualitySums::add(const QualitySums& other)
{
    key.add(other.key);
    value.add(other.value);
    attentionError += other.attentionError;
    attentionSignal += other.attentionSignal;
    attention = attention || other.attention;
}

QualityMetrics QualitySums::metrics() const
{
    QualityMetrics m;
    m.keyMse = key.mse();
    m.valueMse = value.mse();
    m.mse = (m.keyMse + m.valueMse) / 2;
    m.keyNmse = key.nmse();
    m.valueNmse = value.nmse();
    m.keyCosine = key.meanCosine();
    m.valueCosine = value.meanCosine();
    m.cosine = (m.keyCosine + m.valueCosine) / 2;
    if (attention)
        m.attentionError = attentionError == 0 ? 0 : std::sqrt(attentionError / attentionSignal);
    return m;
}

} // namespace pikv
