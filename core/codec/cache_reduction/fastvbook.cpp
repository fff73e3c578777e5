// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/cache_reduction/fastvbook.h"
#include "core/base/error.h"
#include "core/base/half.h"
#include "core/codec/matrix_factorization/packedfactors.h"
#include "core/kernels/bitpack.h"
#include "core/kernels/groupquant.h"
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/linalg_inv.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <bit>

namespace pikv {
namespace {

/// A coordinate whose rounding would add more than this share of what its codes leave over is kept at half precision:
/// outliers stretch its range.
constexpr double roundingShare = 0.5;
constexpr int basisBits = 6; ///< of a transform's entry: its rounding is undone by the projection

std::size_t groupBytes(const FastVShape& shape) { return shape.groups() <= 256 ? 1 : 2; }

ByteSpan take(ByteSpan bytes, std::size_t& at, std::size_t count)
{
    if (at > bytes.size() || count > bytes.size() - at)
        throw inputError("the section with the codebooks ends too early");
    at += count;
    return bytes.subspan(at - count, count);
}

std::vector<int> basisWidths(std::int64_t dim) { return std::vector<int>(static_cast<std::size_t>(dim), basisBits); }

} // namespace

int FastVShape::codeBits() const { return std::bit_width(static_cast<std::uint64_t>(centroids - 1)); }

std::size_t FastVShape::basisBytes() const { return rowsBytes(basisWidths(dim), dim); }

FastVBook::FastVBook(const FastVShape& shape, const at::Tensor& basis, const std::vector<std::size_t>& groupOf)
    : m_shape(shape)
{
    m_stored.push_back(std::byte(basis.defined()));
    for (std::size_t group : groupOf)
        for (std::size_t b = 0; b < groupBytes(shape); ++b)
            m_stored.push_back(std::byte(group >> (8 * b) & 0xff));
    if (basis.defined())
        m_basis = roundedRows(basis, basisWidths(shape.dim), m_stored);
    setGroups(groupOf);
}

void FastVBook::setGroups(const std::vector<std::size_t>& groupOf)
{
    m_order = at::empty({ m_shape.dim }, at::kLong);
    m_place = at::empty({ m_shape.dim }, at::kLong);
    std::int64_t at = 0;
    for (std::size_t g = 0; g < m_shape.groups(); ++g) {
        m_begin.push_back(static_cast<std::size_t>(at));
        for (std::size_t i = 0; i < groupOf.size(); ++i)
            if (groupOf[i] == g) {
                m_order.data_ptr<std::int64_t>()[at] = static_cast<std::int64_t>(i);
                m_place.data_ptr<std::int64_t>()[i] = at++;
            }
    }
    m_begin.push_back(static_cast<std::size_t>(at));
    if (m_basis.defined())
        m_basis = at::index_select(m_basis, 0, m_order);
}

void FastVBook::invert()
{
    if (!m_basis.defined())
        return;
    try {
        m_projection = at::linalg_inv(m_basis).t().contiguous();
    } catch (const c10::Error&) {
        throw inputError("the transform beside the codebooks has no inverse");
    }
}

FastVBook FastVBook::read(ByteSpan bytes, std::size_t& at, const FastVShape& shape)
{
    FastVBook book(shape);
    const std::size_t from = at, size = groupBytes(shape);
    const bool hasBasis = take(bytes, at, 1)[0] != std::byte(0);
    const ByteSpan map = take(bytes, at, static_cast<std::size_t>(shape.dim) * size);
    std::vector<std::size_t> groupOf;
    for (std::size_t i = 0; i < map.size(); i += size) {
        groupOf.push_back(size == 1 ? std::to_integer<std::size_t>(map[i]) : loadLe<std::uint16_t>(map.data() + i));
        if (groupOf.back() >= shape.groups())
            throw inputError("the section with the codebooks names a sub-space that does not exist");
    }
    if (hasBasis)
        book.m_basis = readRows(bytes, at, basisWidths(shape.dim), shape.dim);
    book.setGroups(groupOf);
    for (std::int64_t s = 0; s < shape.stages; ++s)
        book.readStage(bytes, at);
    book.m_stored.assign(bytes.begin() + std::ptrdiff_t(from), bytes.begin() + std::ptrdiff_t(at));
    return book;
}

void FastVBook::addStage(const std::vector<Centroids>& stage, const std::vector<double>& errors)
{
    const auto count = static_cast<std::size_t>(m_shape.centroids), dim = static_cast<std::size_t>(m_shape.dim);
    std::vector<std::uint8_t> isWide(dim), codes(count);
    Bytes narrow, wide;
    std::vector<std::uint8_t> narrowCodes;
    for (std::size_t g = 0; g < stage.size(); ++g)
        for (std::size_t j = 0; j < stage[g].width; ++j) {
            std::vector<float> coordinates(count);
            for (std::size_t k = 0; k < count; ++k)
                coordinates[k] = stage[g].rows[k * stage[g].width + j];
            std::uint16_t range[2];
            quantiseGroup(coordinates.data(), count, m_shape.bookBits, range[0], range[1], codes.data());
            const double step = halfToFloat(range[0]);
            const std::size_t at = begin(g) + j;
            isWide[at] = step * step / 12 > roundingShare * errors[at];
            if (isWide[at]) {
                for (float value : coordinates)
                    appendLe(wide, floatToHalf(value));
                continue;
            }
            appendLe(narrow, range[0]);
            appendLe(narrow, range[1]);
            narrowCodes.insert(narrowCodes.end(), codes.begin(), codes.end());
        }
    Bytes stored(packedBytes(dim, 1));
    packBits(isWide, 1, stored);
    stored.insert(stored.end(), narrow.begin(), narrow.end());
    stored.resize(stored.size() + packedBytes(narrowCodes.size(), m_shape.bookBits));
    packBits(narrowCodes, m_shape.bookBits, std::span(stored).last(packedBytes(narrowCodes.size(), m_shape.bookBits)));
    stored.insert(stored.end(), wide.begin(), wide.end());
    std::size_t from = m_stored.size();
    m_stored.insert(m_stored.end(), stored.begin(), stored.end());
    readStage(m_stored, from);
}

void FastVBook::readStage(ByteSpan bytes, std::size_t& at)
{
    const auto count = static_cast<std::size_t>(m_shape.centroids), dim = static_cast<std::size_t>(m_shape.dim);
    std::vector<std::uint8_t> isWide(dim);
    unpackBits(take(bytes, at, packedBytes(dim, 1)), 1, isWide);
    const auto wides = static_cast<std::size_t>(std::count(isWide.begin(), isWide.end(), 1));
    const ByteSpan ranges = take(bytes, at, 4 * (dim - wides));
    std::vector<std::uint8_t> codes(count * (dim - wides));
    unpackBits(take(bytes, at, packedBytes(codes.size(), m_shape.bookBits)), m_shape.bookBits, codes);
    const ByteSpan halves = take(bytes, at, 2 * count * wides);
    std::vector<float> coordinates(count);
    std::size_t narrow = 0, wide = 0;
    for (std::size_t g = 0; g < m_shape.groups(); ++g) {
        Centroids& centroids = m_books.emplace_back(count, begin(g + 1) - begin(g));
        for (std::size_t j = 0; j < centroids.width; ++j) {
            if (isWide[begin(g) + j]) {
                for (float& value : coordinates)
                    value = halfToFloat(loadLe<std::uint16_t>(halves.data() + 2 * wide++));
            } else {
                dequantiseGroup(codes.data() + narrow * count, count, loadLe<std::uint16_t>(ranges.data() + 4 * narrow),
                    loadLe<std::uint16_t>(ranges.data() + 4 * narrow + 2), coordinates.data());
                ++narrow;
            }
            for (std::size_t k = 0; k < count; ++k)
                centroids.rows[k * centroids.width + j] = coordinates[k];
        }
        centroids.updateNorms();
    }
}

at::Tensor FastVBook::project(const at::Tensor& rows) const
{
    return m_basis.defined() ? at::mm(m_projection, rows.t()) : at::index_select(rows.t(), 0, m_order);
}

at::Tensor FastVBook::rebuild(const at::Tensor& latents) const
{
    return m_basis.defined() ? at::mm(latents, m_basis) : at::index_select(latents, 1, m_place);
}

at::Tensor FastVBook::tables() const
{
    const std::size_t groups = m_shape.groups();
    std::vector<at::Tensor> all;
    for (std::size_t c = 0; c < m_shape.codesPerRow(); ++c) {
        const Centroids& book = centroids(c / groups, c % groups);
        at::Tensor latents = at::zeros({ m_shape.centroids, m_shape.dim }, at::kFloat);
        for (std::size_t k = 0; k < book.count; ++k)
            std::copy_n(book.rows.data() + k * book.width, book.width,
                latents.data_ptr<float>() + static_cast<std::int64_t>(k) * m_shape.dim
                    + static_cast<std::int64_t>(begin(c % groups)));
        all.push_back(rebuild(latents));
    }
    return at::stack(all).contiguous();
}

} // namespace pikv
