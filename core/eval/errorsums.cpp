// SPDX-License-Identifier: GPL-3.0-or-later
// Sums of squared errors, energies and cosines of one head, which the quality metrics are made of.
#include "core/eval/errorsums.h"
#include <algorithm>

namespace pikv {
namespace {

/// Float partial sums a row (a head vector is short), doubles across rows: exact enough and vectorised.
struct RowSums {
    float error = 0, original = 0, decoded = 0, dot = 0;
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
    RowSums sums;
    for (int l = 0; l < lanes; ++l) {
        sums.error += error[l];
        sums.original += original[l];
        sums.decoded += decoded[l];
        sums.dot += dot[l];
    }
    return sums;
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
        const RowSums row = sumRow(a, b, dim);
        sums.errorEnergy += row.error;
        sums.signalEnergy += row.original;
        sums.elements += counted;
        if (row.original > 0) {
            ++sums.cosineRows;
            if (row.decoded > 0)
                sums.cosine += row.dot / std::sqrt(double(row.original) * row.decoded);
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
