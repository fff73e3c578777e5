// SPDX-License-Identifier: GPL-3.0-or-later
// A head's transform and codebooks as bytes: coordinates at a few bits, outliers among them at half precision.
#include "core/codec/methods/fastv/fastvbook.h"
#include "core/base/error.h"
#include "core/base/half.h"
#include "core/codec/parts/packedfactors.h"
#include "core/kernels/bitpack.h"
#include "core/kernels/groupquant.h"
#include "core/linalg/linalg.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/index_copy.h>
#include <ATen/ops/index_select.h>
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
/// Bits of a transform's entry. The projection undoes their rounding where the directions span the whole space.
constexpr int wholeBasisBits = 6, partialBasisBits = 8;

/// A component without a group is said to be in group groups().
std::size_t groupBytes(const FastVShape& shape) { return shape.groups() < 256 ? 1 : 2; }

ByteSpan take(ByteSpan bytes, std::size_t& at, std::size_t count)
{
    if (at > bytes.size() || count > bytes.size() - at)
        throw inputError("the section with the codebooks ends too early");
    at += count;
    return bytes.subspan(at - count, count);
}

std::vector<int> basisWidths(std::size_t rows, std::int64_t dim)
{
    return std::vector<int>(rows, rows == static_cast<std::size_t>(dim) ? wholeBasisBits : partialBasisBits);
}

/// Rows of the components that have a group, in their own order.
at::Tensor codedRows(const at::Tensor& basis, const std::vector<std::size_t>& groupOf, std::size_t groups)
{
    std::vector<at::Tensor> rows;
    for (std::size_t i = 0; i < groupOf.size(); ++i)
        if (groupOf[i] < groups)
            rows.push_back(basis.select(0, static_cast<std::int64_t>(i)));
    return at::stack(rows);
}

} // namespace

int FastVShape::codeBits() const { return std::bit_width(static_cast<std::uint64_t>(centroids - 1)); }

std::size_t FastVShape::basisBytes() const { return rowsBytes(basisWidths(codedComponents(), dim), dim); }

FastVBook::FastVBook(
    const FastVShape& shape, const at::Tensor& basis, const at::Tensor& mean, const std::vector<std::size_t>& groupOf)
    : m_shape(shape)
{
    m_stored.push_back(std::byte(basis.defined()));
    for (std::size_t group : groupOf)
        for (std::size_t b = 0; b < groupBytes(shape); ++b)
            m_stored.push_back(std::byte(group >> (8 * b) & 0xff));
    if (basis.defined()) {
        const at::Tensor coded = codedRows(basis, groupOf, shape.groups());
        m_basis = roundedRows(coded, basisWidths(static_cast<std::size_t>(coded.size(0)), shape.dim), m_stored);
    }
    setGroups(groupOf);
    invert();
    if (latents() == shape.dim)
        return;
    const at::Tensor rest = mean - turnBack(project(mean.unsqueeze(0)).t()).squeeze(0);
    std::size_t at = m_stored.size();
    writeHalves(rest, m_stored);
    m_offset = readHalves(m_stored, at, shape.dim);
}

void FastVBook::setGroups(const std::vector<std::size_t>& groupOf)
{
    std::vector<std::int64_t> order, rowOf; // of a component, and its row among those that are coded
    for (std::size_t i = 0; i < groupOf.size(); ++i)
        rowOf.push_back(i == 0 ? 0 : rowOf.back() + (groupOf[i - 1] < m_shape.groups()));
    std::vector<std::int64_t> rows;
    for (std::size_t g = 0; g < m_shape.groups(); ++g) {
        m_begin.push_back(order.size());
        for (std::size_t i = 0; i < groupOf.size(); ++i)
            if (groupOf[i] == g) {
                order.push_back(static_cast<std::int64_t>(i));
                rows.push_back(rowOf[i]);
            }
    }
    m_begin.push_back(order.size());
    m_order = at::empty({ static_cast<std::int64_t>(order.size()) }, at::kLong);
    std::copy(order.begin(), order.end(), m_order.data_ptr<std::int64_t>());
    if (!m_basis.defined())
        return;
    at::Tensor places = at::empty_like(m_order);
    std::copy(rows.begin(), rows.end(), places.data_ptr<std::int64_t>());
    m_basis = at::index_select(m_basis, 0, places);
}

void FastVBook::invert()
{
    if (!m_basis.defined())
        return;
    try {
        const at::Tensor wide = m_basis.to(at::kDouble);
        m_projection = linalg::solve(at::mm(wide, wide.t()), wide).to(at::kFloat);
    } catch (const LinalgError&) {
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
        if (groupOf.back() > shape.groups())
            throw inputError("the section with the codebooks names a sub-space that does not exist");
    }
    const auto coded
        = groupOf.size() - static_cast<std::size_t>(std::count(groupOf.begin(), groupOf.end(), shape.groups()));
    if (hasBasis)
        book.m_basis = readRows(bytes, at, basisWidths(coded, shape.dim), shape.dim);
    book.setGroups(groupOf);
    if (coded < groupOf.size())
        book.m_offset = readHalves(bytes, at, shape.dim);
    for (std::int64_t s = 0; s < shape.stages; ++s)
        book.readStage(bytes, at);
    book.m_stored.assign(bytes.begin() + std::ptrdiff_t(from), bytes.begin() + std::ptrdiff_t(at));
    return book;
}

void FastVBook::addStage(const std::vector<Centroids>& stage, const std::vector<double>& errors)
{
    const auto count = static_cast<std::size_t>(m_shape.centroids), dim = static_cast<std::size_t>(latents());
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
    const auto count = static_cast<std::size_t>(m_shape.centroids), dim = static_cast<std::size_t>(latents());
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
    const at::Tensor centred = m_offset.defined() ? rows - m_offset : rows;
    return m_basis.defined() ? at::mm(m_projection, centred.t()) : at::index_select(centred.t(), 0, m_order);
}

at::Tensor FastVBook::turnBack(const at::Tensor& latents) const
{
    if (m_basis.defined())
        return at::mm(latents, m_basis);
    return at::zeros({ latents.size(0), m_shape.dim }, at::kFloat).index_copy_(1, m_order, latents);
}

at::Tensor FastVBook::rebuild(const at::Tensor& latents) const
{
    const at::Tensor rows = turnBack(latents);
    return m_offset.defined() ? rows + m_offset : rows;
}

at::Tensor FastVBook::tables() const
{
    const std::size_t groups = m_shape.groups();
    std::vector<at::Tensor> all;
    for (std::size_t c = 0; c < m_shape.codesPerRow(); ++c) {
        const Centroids& book = centroids(c / groups, c % groups);
        const at::Tensor z = at::zeros({ m_shape.centroids, latents() }, at::kFloat);
        for (std::size_t k = 0; k < book.count; ++k)
            std::copy_n(book.rows.data() + k * book.width, book.width,
                z.data_ptr<float>() + static_cast<std::int64_t>(k) * latents()
                    + static_cast<std::int64_t>(begin(c % groups)));
        all.push_back(c == 0 ? rebuild(z) : turnBack(z));
    }
    return at::stack(all).contiguous();
}

} // namespace pikv
