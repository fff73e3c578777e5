// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/matrix_factorization/tierplane.h"
#include "core/codec/cache_reduction/coefficientcoder.h"
#include "core/kernels/bitpack.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <algorithm>
#include <numeric>

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

/// Mean square of component i over the tokens that store it.
std::vector<double> storedVariances(const at::Tensor& coefficients, const std::vector<std::int64_t>& order, const std::vector<std::int64_t>& counts)
{
    std::vector<double> variances;
    const std::int64_t n = coefficients.size(1);
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const float* row = coefficients.data_ptr<float>() + static_cast<std::int64_t>(i) * n;
        double sum = 0;
        for (std::int64_t t = 0; t < counts[i]; ++t)
            sum += double(row[order[static_cast<std::size_t>(t)]]) * row[order[static_cast<std::size_t>(t)]];
        variances.push_back(counts[i] > 0 ? sum / double(counts[i]) : 0.0);
    }
    return variances;
}

/// Least-squares coefficients [rank, n], tokens in `order`: each against the directions of its own tier alone.
/// `allProducts` [rank, n]: directions times centred rows, tokens in their own order.
at::Tensor tierCoefficients(const at::Tensor& allProducts, const LoraBasis& basis, const RankTiers& tiers,
    const std::vector<std::int64_t>& ranks, const std::vector<std::int64_t>& order)
{
    at::Tensor places = at::empty({ static_cast<std::int64_t>(order.size()) }, at::kLong);
    std::copy(order.begin(), order.end(), places.data_ptr<std::int64_t>());
    const at::Tensor products = allProducts.cpu().index_select(1, places);
    const at::Tensor all = at::zeros_like(products);
    std::int64_t first = 0;
    for (std::size_t tier = ranks.size(); tier-- > 0;) {
        const std::int64_t count = tiers.size(static_cast<int>(tier)), rank = ranks[tier];
        if (count == 0)
            continue;
        const LoraBasis prefix { basis.mean, basis.directions.narrow(0, 0, rank).cpu() };
        all.narrow(0, 0, rank).narrow(1, first, count).copy_(
            at::mm(prefix.inverseGram(), products.narrow(0, 0, rank).narrow(1, first, count)));
        first += count;
    }
    return all;
}

/// Writes component i of the first counts[i] tokens.
void writePrefixes(const at::Tensor& coefficients, const std::vector<int>& widths, const std::vector<std::int64_t>& counts, Bytes& out)
{
    for (std::size_t i = 0; i < counts.size(); ++i)
        if (widths[i] > 0 && counts[i] > 0)
            encodeCoefficients(coefficients.data_ptr<float>() + static_cast<std::int64_t>(i) * coefficients.size(1), counts[i],
                widths[i], out);
}

/// Mean square of component i over the first counts[i] tokens.
std::vector<double> prefixVariances(const at::Tensor& coefficients, const std::vector<std::int64_t>& counts)
{
    std::vector<std::int64_t> inPlace(static_cast<std::size_t>(coefficients.size(1)));
    std::iota(inPlace.begin(), inPlace.end(), 0);
    return storedVariances(coefficients, inPlace, counts);
}

} // namespace

at::Tensor relativeEnergy(const at::Tensor& keys, const at::Tensor& values)
{
    const at::Tensor score = at::zeros({ keys.size(0) }, at::kFloat);
    addRelative(keys, score);
    addRelative(values, score);
    return score;
}

void writeTiers(const at::Tensor& centred, const LowRankFit& fit, const RankTiers& tiers, const std::vector<std::int64_t>& ranks,
    const LoraShape& shape, LoraParts& out)
{
    const std::vector<std::int64_t> order = tiers.order(), counts = tiers.counts(ranks);
    const LoraBasis exact { fit.mean, fit.directions };
    const at::Tensor first = exact.coefficients(centred).cpu().contiguous();
    const FactorWidths widths = FactorWidths::spread(storedVariances(first, order, counts), shape.codeBits, shape.basisBits, counts);
    const LoraBasis basis = writeBasis(fit, widths, out);
    const at::Tensor products = at::mm(basis.directions, centred.t());
    writePrefixes(tierCoefficients(products, basis, tiers, ranks, order), widths.code, counts, out.bytes[LoraParts::Codes]);
}

void writeTiersFor(const at::Tensor& fullRank, const LoraBasis& shared, const RankTiers& tiers,
    const std::vector<std::int64_t>& ranks, const LoraShape& shape, LoraParts& out)
{
    const std::vector<std::int64_t> counts = tiers.counts(ranks);
    const at::Tensor products = at::mm(at::mm(shared.directions, shared.directions.t()), fullRank);
    const at::Tensor coefficients = tierCoefficients(products, shared, tiers, ranks, tiers.order());
    const FactorWidths widths = FactorWidths::spreadCodes(prefixVariances(coefficients, counts), shape.codeBits, counts);
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
