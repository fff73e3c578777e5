// SPDX-License-Identifier: GPL-3.0-or-later
// Cuts the channels of a head into parts that each need about the same number of bits, by reverse water-filling (Cover
// & Thomas 10.3.3).
#include "core/codec/methods/fastv/equalneed.h"
#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>

namespace pikv {
namespace {

constexpr double smallest = 1e-30;

/// The level below which components get no bits; `begin` … `end` are falling variances.
double waterLevel(const double* begin, const double* end, double bits)
{
    double logs = 0, level = 0;
    for (const double* v = begin; v != end; ++v) {
        const double variance = std::max(*v, smallest);
        if (v != begin && variance <= level)
            break;
        logs += std::log(variance);
        level = std::exp((logs - 2 * std::numbers::ln2 * bits) / double(v - begin + 1));
    }
    return level;
}

} // namespace

double waterFillingError(std::vector<double> variances, double bits)
{
    std::sort(variances.begin(), variances.end(), std::greater<>());
    const double level = waterLevel(variances.data(), variances.data() + variances.size(), bits);
    double error = 0;
    for (double variance : variances)
        error += std::min(variance, level);
    return error;
}

std::vector<std::size_t> equalNeedGroups(
    const std::vector<double>& variances, std::size_t coded, std::size_t groups, double bits)
{
    const std::size_t n = variances.size();
    std::vector<std::size_t> order(n), group(n, groups);
    std::iota(order.begin(), order.end(), std::size_t(0));
    std::stable_sort(
        order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return variances[a] > variances[b]; });
    std::vector<double> falling;
    for (std::size_t i : order)
        falling.push_back(variances[i]);
    std::size_t at = 0;
    for (std::size_t g = 0; g < groups; ++g) {
        const std::size_t left = groups - g;
        // A strong component may need more than its group has: the level is found anew for what remains.
        const double level = waterLevel(falling.data() + at, falling.data() + coded, bits * double(left));
        double need = 0;
        const std::size_t begin = at;
        while (at < coded && (at == begin || coded - at >= left)) {
            const double own
                = std::max(0.0, 0.5 * std::log2(std::max(falling[at], smallest) / std::max(level, smallest)));
            if (at > begin && left > 1 && need + own / 2 > bits)
                break;
            need += own;
            group[order[at++]] = g;
        }
    }
    return group;
}

} // namespace pikv
