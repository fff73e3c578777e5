// SPDX-License-Identifier: GPL-3.0-or-later
// One head's vectors as codes, and the residuals of those that matter most.
#pragma once
#include "core/base/bytes.h"
#include "core/base/jobcontrol.h"
#include "core/codec/methods/fastv/fastvbook.h"
#include "core/codec/parts/headstream.h"
#include <span>
#include <vector>

namespace pikv {

/// `rows` vectors described by a book; `exceptions` of them also store what the codes leave over, `residualBits` a
/// channel about an f16 scale and minimum of each vector. Codes are LSB-first in blocks of 256 vectors, code by code.
class FastVPlane {
public:
    FastVPlane(const FastVBook& book, std::size_t rows, std::size_t exceptions, int residualBits);
    std::size_t codeBytes() const { return packedBytesOf(m_rows); }
    /// A bit a vector: whether it is an exception; then their residuals in order.
    std::size_t sparseBytes() const;

    /// Exceptions are the vectors of the largest weight x squared error; `weights` [rows] or null: all 1.
    void encode(const HeadStream& rows, const float* weights, std::span<std::byte> codes, std::span<std::byte> sparse,
        const JobControl& job) const;
    /// Throws Error{Input} where the bytes contradict the shape.
    void decode(ByteSpan codes, ByteSpan sparse, const HeadStream& rows, const JobControl& job) const;

private:
    std::size_t packedBytesOf(std::size_t rows) const;
    std::size_t residualBytes() const;
    /// Codes and squared errors of rows [n, dim].
    void encodeBlock(const float* rows, std::size_t n, std::uint8_t* codes, float* errors) const;
    /// rows f32 [n, dim] of codes [codesPerRow, n]; `tables` of the book, or undefined: through z.
    void decodeBlock(const std::uint8_t* codes, std::size_t n, const at::Tensor& tables, float* out) const;
    void sumCentroids(const std::uint8_t* codes, std::size_t n, float* out) const;
    /// The book's tables where they are small and there are enough rows for them to pay; else undefined.
    at::Tensor usefulTables() const;
    /// Adds the residuals of the marked ones of n rows; returns what is left of the stored ones.
    ByteSpan addResiduals(const std::uint8_t* isException, std::size_t n, ByteSpan stored, float* rows) const;
    std::vector<std::uint8_t> chooseExceptions(const std::vector<float>& errors, const float* weights) const;
    void writeResiduals(const HeadStream& rows, const std::vector<std::uint8_t>& codes,
        const std::vector<std::uint8_t>& isException, std::byte* out, const JobControl& job) const;

    const FastVBook& m_book;
    std::size_t m_rows, m_exceptions, m_dim, m_codesPerRow;
    int m_residualBits;
};

} // namespace pikv
