// SPDX-License-Identifier: GPL-3.0-or-later
// Codes one head with its codebooks, stage by stage, and picks the vectors whose residuals are stored, too.
#include "core/codec/methods/fastv/fastvplane.h"
#include "core/base/error.h"
#include "core/kernels/bitpack.h"
#include "core/kernels/groupquant.h"
#include "core/kernels/tablesum.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <algorithm>
#include <cstring>
#include <numeric>

namespace pikv {
namespace {

constexpr std::size_t blockRows = 256; ///< a multiple of 8, so that every block's codes begin at a whole byte

at::Tensor floatRows(std::size_t n, std::size_t dim)
{
    return at::empty({ static_cast<std::int64_t>(n), static_cast<std::int64_t>(dim) }, at::kFloat);
}

} // namespace

FastVPlane::FastVPlane(const FastVBook& book, std::size_t rows, std::size_t exceptions, int residualBits)
    : m_book(book)
    , m_rows(rows)
    , m_exceptions(exceptions)
    , m_dim(static_cast<std::size_t>(book.shape().dim))
    , m_codesPerRow(book.shape().codesPerRow())
    , m_residualBits(residualBits)
{
}

std::size_t FastVPlane::packedBytesOf(std::size_t rows) const
{
    return packedBytes(rows * m_codesPerRow, m_book.shape().codeBits());
}

std::size_t FastVPlane::residualBytes() const { return 4 + packedBytes(m_dim, m_residualBits); }

std::size_t FastVPlane::sparseBytes() const
{
    return m_exceptions ? packedBytes(m_rows, 1) + m_exceptions * residualBytes() : 0;
}

void FastVPlane::encodeBlock(const float* rows, std::size_t n, std::uint8_t* codes, float* errors) const
{
    const at::Tensor block = at::from_blob(
        const_cast<float*>(rows), { static_cast<std::int64_t>(n), static_cast<std::int64_t>(m_dim) }, at::kFloat);
    const at::Tensor latents = m_book.project(block).contiguous();
    float* data = latents.data_ptr<float>();
    const std::size_t groups = m_book.shape().groups(), numbers = m_book.begin(groups);
    std::fill_n(errors, n, 0.0f);
    if (m_book.offset().defined()) { // what is not in z is lost
        const at::Tensor all = (block - m_book.offset()).square().sum(1), coded = latents.square().sum(0);
        for (std::size_t i = 0; i < n; ++i)
            errors[i] = std::max(0.0f, all.data_ptr<float>()[i] - coded.data_ptr<float>()[i]);
    }
    for (std::size_t c = 0; c < m_codesPerRow; ++c) {
        const Centroids& centroids = m_book.centroids(c / groups, c % groups);
        float* channels = data + m_book.begin(c % groups) * n;
        nearestCentroids(channels, n, n, centroids.view(), codes + c * n);
        subtractCentroids(channels, n, n, centroids.view(), codes + c * n);
    }
    for (std::size_t j = 0; j < numbers; ++j)
        for (std::size_t i = 0; i < n; ++i)
            errors[i] += data[j * n + i] * data[j * n + i];
}

at::Tensor FastVPlane::usefulTables() const
{
    constexpr std::size_t secondLevelCache = 1 << 20;
    const auto entries = static_cast<std::size_t>(m_book.shape().centroids);
    const bool fits = m_codesPerRow * entries * m_dim * sizeof(float) <= secondLevelCache;
    return fits && m_rows >= 8 * entries ? m_book.tables() : at::Tensor();
}

void FastVPlane::decodeBlock(const std::uint8_t* codes, std::size_t n, const at::Tensor& tables, float* out) const
{
    const auto entries = static_cast<std::size_t>(m_book.shape().centroids);
    const auto most = *std::max_element(codes, codes + n * m_codesPerRow);
    if (most >= entries)
        throw inputError("a code names a centroid that does not exist");
    if (tables.defined())
        return sumTables({ tables.data_ptr<float>(), m_codesPerRow, entries, m_dim }, codes, n, out);
    const at::Tensor latents = floatRows(n, static_cast<std::size_t>(m_book.latents()));
    sumCentroids(codes, n, latents.data_ptr<float>());
    const at::Tensor rows = m_book.rebuild(latents).contiguous();
    std::copy_n(rows.data_ptr<float>(), n * m_dim, out);
}

void FastVPlane::sumCentroids(const std::uint8_t* codes, std::size_t n, float* latents) const
{
    const std::size_t groups = m_book.shape().groups();
    for (std::size_t c = 0; c < m_codesPerRow; ++c, codes += n) {
        const Centroids& centroids = m_book.centroids(c / groups, c % groups);
        float* out = latents + m_book.begin(c % groups);
        for (std::size_t i = 0; i < n; ++i, out += m_book.latents()) {
            const float* centroid = centroids.rows.data() + codes[i] * centroids.width;
            for (std::size_t j = 0; j < centroids.width; ++j)
                out[j] = c < groups ? centroid[j] : out[j] + centroid[j];
        }
    }
}

std::vector<std::uint8_t> FastVPlane::chooseExceptions(const std::vector<float>& errors, const float* weights) const
{
    std::vector<std::size_t> order(m_rows);
    std::iota(order.begin(), order.end(), std::size_t(0));
    const auto score = [&](std::size_t i) { return weights ? errors[i] * weights[i] : errors[i]; };
    const auto end = order.begin() + static_cast<std::ptrdiff_t>(m_exceptions);
    std::nth_element(order.begin(), end, order.end(), [&](std::size_t a, std::size_t b) {
        const float x = score(a), y = score(b);
        return x > y || (x == y && a < b);
    });
    std::vector<std::uint8_t> isException(m_rows);
    for (auto i = order.begin(); i != end; ++i)
        isException[*i] = 1;
    return isException;
}

void FastVPlane::encode(const HeadStream& rows, const float* weights, std::span<std::byte> codes,
    std::span<std::byte> sparse, const JobControl& job) const
{
    const at::Tensor block = floatRows(blockRows, m_dim);
    std::vector<std::uint8_t> all(m_rows * m_codesPerRow);
    std::vector<float> errors(m_rows);
    for (std::size_t first = 0; first < m_rows; first += blockRows) {
        job.checkpoint();
        const std::size_t n = std::min(blockRows, m_rows - first), at = first * m_codesPerRow;
        rows.load(first, n, block.data_ptr<float>());
        encodeBlock(block.data_ptr<float>(), n, all.data() + at, errors.data() + first);
        packBits({ all.data() + at, n * m_codesPerRow }, m_book.shape().codeBits(),
            codes.subspan(packedBytesOf(first), packedBytesOf(n)));
    }
    if (m_exceptions == 0)
        return;
    const std::vector<std::uint8_t> isException = chooseExceptions(errors, weights);
    packBits(isException, 1, sparse.first(packedBytes(m_rows, 1)));
    writeResiduals(rows, all, isException, sparse.data() + packedBytes(m_rows, 1), job);
}

void FastVPlane::writeResiduals(const HeadStream& rows, const std::vector<std::uint8_t>& codes,
    const std::vector<std::uint8_t>& isException, std::byte* out, const JobControl& job) const
{
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < m_rows; ++i)
        if (isException[i])
            chosen.push_back(i);
    std::vector<std::uint8_t> gathered(blockRows * m_codesPerRow), levels(m_dim);
    std::vector<float> row(m_dim), decoded(blockRows * m_dim);
    const at::Tensor tables = usefulTables();
    for (std::size_t first = 0; first < chosen.size(); first += blockRows) {
        job.checkpoint();
        const std::size_t n = std::min(blockRows, chosen.size() - first);
        for (std::size_t i = 0; i < n; ++i) {
            const std::size_t from = chosen[first + i] / blockRows * blockRows,
                              count = std::min(blockRows, m_rows - from);
            const std::uint8_t* source = codes.data() + from * m_codesPerRow + (chosen[first + i] - from);
            for (std::size_t c = 0; c < m_codesPerRow; ++c)
                gathered[c * n + i] = source[c * count];
        }
        decodeBlock(gathered.data(), n, tables, decoded.data());
        for (std::size_t i = 0; i < n; ++i, out += residualBytes()) {
            rows.load(chosen[first + i], 1, row.data());
            for (std::size_t j = 0; j < m_dim; ++j)
                row[j] -= decoded[i * m_dim + j];
            std::uint16_t range[2];
            quantiseGroup(row.data(), m_dim, m_residualBits, range[0], range[1], levels.data());
            std::memcpy(out, range, sizeof range);
            packBits(levels, m_residualBits, { out + 4, packedBytes(m_dim, m_residualBits) });
        }
    }
}

ByteSpan FastVPlane::addResiduals(const std::uint8_t* isException, std::size_t n, ByteSpan stored, float* rows) const
{
    std::vector<std::uint8_t> levels(m_dim);
    std::vector<float> residual(m_dim);
    for (std::size_t i = 0; i < n; ++i, rows += m_dim) {
        if (!isException[i])
            continue;
        unpackBits(stored.subspan(4, packedBytes(m_dim, m_residualBits)), m_residualBits, levels);
        dequantiseGroup(levels.data(), m_dim, loadLe<std::uint16_t>(stored.data()),
            loadLe<std::uint16_t>(stored.data() + 2), residual.data());
        for (std::size_t j = 0; j < m_dim; ++j)
            rows[j] += residual[j];
        stored = stored.subspan(residualBytes());
    }
    return stored;
}

void FastVPlane::decode(ByteSpan codes, ByteSpan sparse, const HeadStream& rows, const JobControl& job) const
{
    std::vector<std::uint8_t> isException(m_rows), block(blockRows * m_codesPerRow);
    if (m_exceptions > 0) {
        unpackBits(sparse.first(packedBytes(m_rows, 1)), 1, isException);
        if (static_cast<std::size_t>(std::count(isException.begin(), isException.end(), 1)) != m_exceptions)
            throw inputError("the number of marked vectors is not that of the stored residuals");
    }
    ByteSpan residuals = sparse.subspan(sparse.size() - m_exceptions * residualBytes());
    const at::Tensor tables = usefulTables();
    std::vector<float> out(blockRows * m_dim);
    for (std::size_t first = 0; first < m_rows; first += blockRows) {
        job.checkpoint();
        const std::size_t n = std::min(blockRows, m_rows - first);
        unpackBits(codes.subspan(packedBytesOf(first), packedBytesOf(n)), m_book.shape().codeBits(),
            std::span(block).first(n * m_codesPerRow));
        decodeBlock(block.data(), n, tables, out.data());
        if (m_exceptions > 0)
            residuals = addResiduals(isException.data() + first, n, residuals, out.data());
        rows.store(first, n, out.data());
    }
}

} // namespace pikv
