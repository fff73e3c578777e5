// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/cache_reduction/fastvbook.h"
#include "core/base/error.h"
#include "core/codec/matrix_factorization/packedfactors.h"
#include "core/kernels/bitpack.h"
#include "core/kernels/groupquant.h"
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/linalg_inv.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <bit>

namespace pikv {
namespace {

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

void FastVBook::addStage(const std::vector<Centroids>& stage)
{
    const auto count = static_cast<std::size_t>(m_shape.centroids), dim = static_cast<std::size_t>(m_shape.dim);
    std::vector<float> table(count * dim);
    for (std::size_t g = 0; g < stage.size(); ++g)
        for (std::size_t k = 0; k < count; ++k)
            std::copy_n(stage[g].rows.data() + k * stage[g].width, stage[g].width, table.data() + k * dim + begin(g));
    std::vector<std::uint16_t> scales(dim), minima(dim);
    std::vector<std::uint8_t> codes(table.size());
    quantiseChannels(table.data(), count, dim, m_shape.bookBits, scales.data(), minima.data(), codes.data());
    const std::size_t at = m_stored.size();
    m_stored.resize(at + packedBytes(codes.size(), m_shape.bookBits));
    packBits(codes, m_shape.bookBits, std::span(m_stored).subspan(at));
    for (const auto& halves : { scales, minima })
        for (std::uint16_t half : halves)
            appendLe(m_stored, half);
    std::size_t from = at;
    readStage(m_stored, from);
}

void FastVBook::readStage(ByteSpan bytes, std::size_t& at)
{
    const auto count = static_cast<std::size_t>(m_shape.centroids), dim = static_cast<std::size_t>(m_shape.dim);
    std::vector<std::uint8_t> codes(count * dim);
    unpackBits(take(bytes, at, packedBytes(codes.size(), m_shape.bookBits)), m_shape.bookBits, codes);
    std::vector<std::uint16_t> ranges(2 * dim);
    const ByteSpan stored = take(bytes, at, 4 * dim);
    for (std::size_t i = 0; i < ranges.size(); ++i)
        ranges[i] = loadLe<std::uint16_t>(stored.data() + 2 * i);
    std::vector<float> table(codes.size());
    dequantiseChannels(codes.data(), count, dim, ranges.data(), ranges.data() + dim, table.data());
    for (std::size_t g = 0; g < m_shape.groups(); ++g) {
        Centroids& centroids = m_books.emplace_back(count, begin(g + 1) - begin(g));
        for (std::size_t k = 0; k < count; ++k)
            std::copy_n(
                table.data() + k * dim + begin(g), centroids.width, centroids.rows.data() + k * centroids.width);
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
