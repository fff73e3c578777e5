// SPDX-License-Identifier: GPL-3.0-or-later
// One matrix whose rows store prefixes of different length of their coefficients, grouped by length.
#include "core/codec/methods/lora/tierplane.h"
#include "core/codec/parts/coefficientcoder.h"
#include "core/kernels/bitpack.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <algorithm>

namespace pikv {
namespace {

/// Adds each row's share of the matrix's mean row energy to `score`; one thread, in order.
void addRelative(const at::Tensor& energy, const at::Tensor& score)
{
    const float* values = energy.data_ptr<float>();
    const std::int64_t n = energy.size(0);
    double total = 0;
    for (std::int64_t r = 0; r < n; ++r)
        total += values[r];
    float* out = score.data_ptr<float>();
    for (std::int64_t r = 0; total > 0 && r < n; ++r)
        out[r] += static_cast<float>(values[r] * double(n) / total);
}

constexpr std::int64_t sampleRows = 2048; ///< about so many tokens tell the widths

/// Every `stride`th place of `order`.
at::Tensor everyPlace(const std::vector<std::int64_t>& order, std::int64_t stride)
{
    const auto n = static_cast<std::int64_t>(order.size());
    const at::Tensor places = at::empty({ (n + stride - 1) / stride }, at::kLong);
    for (std::int64_t i = 0; i < places.size(0); ++i)
        places.data_ptr<std::int64_t>()[i] = order[static_cast<std::size_t>(i * stride)];
    return places;
}

/// Mean square of component i over the first ceil(counts[i] / stride) tokens.
std::vector<double> prefixVariances(
    const at::Tensor& coefficients, const std::vector<std::int64_t>& counts, std::int64_t stride)
{
    std::vector<double> variances;
    const float* row = coefficients.data_ptr<float>();
    for (std::size_t i = 0; i < counts.size(); ++i, row += coefficients.size(1)) {
        const std::int64_t count = (counts[i] + stride - 1) / stride;
        double sum = 0;
        for (std::int64_t t = 0; t < count; ++t)
            sum += double(row[t]) * row[t];
        variances.push_back(count > 0 ? sum / double(count) : 0.0);
    }
    return variances;
}

/// Least-squares coefficients [rank, n], tokens in `order`: each against the directions of its own tier alone.
/// `allProducts` [rank, n]: duals times centred rows, tokens in their own order.
at::Tensor tierCoefficients(const at::Tensor& allProducts, const LoraBasis& basis, const RankTiers& tiers,
    const std::vector<std::int64_t>& ranks, const std::vector<std::int64_t>& order, const JobControl& job)
{
    const at::Tensor products = allProducts.cpu().index_select(1, everyPlace(order, 1));
    const at::Tensor all = at::zeros_like(products);
    std::int64_t first = 0;
    for (std::size_t tier = ranks.size(); tier-- > 0;) {
        const std::int64_t count = tiers.size(static_cast<int>(tier)), rank = ranks[tier];
        if (count == 0)
            continue;
        const LoraBasis prefix = basis.prefix(rank).to(c10::kCPU);
        all.narrow(0, 0, rank)
            .narrow(1, first, count)
            .copy_(timesRows(prefix.inverseGram(), products.narrow(0, 0, rank).narrow(1, first, count).t(), job));
        first += count;
    }
    return all;
}

/// Writes component i of the first counts[i] tokens.
void writePrefixes(
    const at::Tensor& coefficients, const std::vector<int>& widths, const std::vector<std::int64_t>& counts, Bytes& out)
{
    for (std::size_t i = 0; i < counts.size(); ++i)
        if (widths[i] > 0 && counts[i] > 0)
            encodeCoefficients(coefficients.data_ptr<float>() + static_cast<std::int64_t>(i) * coefficients.size(1),
                counts[i], widths[i], out);
}

} // namespace

at::Tensor relativeEnergy(const at::Tensor& keys, const at::Tensor& values)
{
    const at::Tensor score = at::zeros({ keys.size(0) }, at::kFloat);
    addRelative(keys, score);
    addRelative(values, score);
    return score;
}

void writeTiers(const at::Tensor& centred, const LowRankFit& fit, const RankTiers& tiers,
    const std::vector<std::int64_t>& ranks, const LoraShape& shape, LoraParts& out, const JobControl& job)
{
    const std::vector<std::int64_t> order = tiers.order(), counts = tiers.counts(ranks);
    const std::int64_t stride = std::max<std::int64_t>(1, centred.size(0) / sampleRows);
    const at::Tensor some = centred.index_select(0, everyPlace(order, stride).to(centred.device()));
    const at::Tensor first = at::mm(fit.duals(), some.t()).cpu(); // of orthonormal directions
    const FactorWidths widths
        = FactorWidths::spread(prefixVariances(first, counts, stride), shape.codeBits, shape.basisBits, counts);
    const LoraBasis basis = writeBasis(fit, widths, out);
    const at::Tensor products = timesRows(basis.duals(), centred, job);
    writePrefixes(
        tierCoefficients(products, basis, tiers, ranks, order, job), widths.code, counts, out.bytes[LoraParts::Codes]);
}

void writeTiersFor(const at::Tensor& fullRank, const LoraBasis& shared, const RankTiers& tiers,
    const std::vector<std::int64_t>& ranks, const LoraShape& shape, LoraParts& out, const JobControl& job)
{
    const std::vector<std::int64_t> counts = tiers.counts(ranks);
    const at::Tensor products = timesRows(at::mm(shared.duals(), shared.directions.t()), fullRank.t(), job);
    const at::Tensor coefficients = tierCoefficients(products, shared, tiers, ranks, tiers.order(), job);
    const FactorWidths widths
        = FactorWidths::spreadCodes(prefixVariances(coefficients, counts, 1), shape.codeBits, counts);
    writeWidths(widths, out.bytes[LoraParts::Widths]);
    writePrefixes(coefficients, widths.code, counts, out.bytes[LoraParts::Codes]);
}

at::Tensor readTiers(const SectionSet& sections, const std::string& section, const std::vector<int>& codeWidths,
    const RankTiers& tiers, const std::vector<std::int64_t>& ranks)
{
    const std::vector<std::int64_t> order = tiers.order(), counts = tiers.counts(ranks);
    std::size_t needed = 0;
    for (std::size_t i = 0; i < counts.size(); ++i)
        needed += counts[i] > 0 ? rowsBytes({ codeWidths[i] }, counts[i]) : 0;
    const ByteSpan bytes = needed > 0 ? sections.get(section, needed) : ByteSpan();
    const at::Tensor all = at::zeros({ ranks.back(), static_cast<std::int64_t>(order.size()) }, at::kFloat);
    std::vector<float> values(order.size());
    std::size_t at = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (codeWidths[i] == 0 || counts[i] == 0)
            continue;
        decodeCoefficients(bytes, at, codeWidths[i], values.data(), counts[i]);
        float* row = all.data_ptr<float>() + static_cast<std::int64_t>(i) * all.size(1);
        for (std::int64_t t = 0; t < counts[i]; ++t)
            row[order[static_cast<std::size_t>(t)]] = values[static_cast<std::size_t>(t)];
    }
    return all;
}

} // namespace pikv
