// SPDX-License-Identifier: GPL-3.0-or-later
// What `fastv` stores of a head to describe its vectors by codes: a transform, sub-spaces and their codebooks.
#pragma once
#include "core/base/bytes.h"
#include "core/codec/parts/kmeans.h"
#include <ATen/core/Tensor.h>
#include <algorithm>
#include <cstdint>
#include <vector>

namespace pikv {

/// Shape of a head's codebooks, known to encode and decode.
struct FastVShape {
    std::int64_t dim = 0, centroids = 32, stages = 1;
    std::int64_t subvector = 2; ///< mean channels a code
    int bookBits = 6; ///< of a centroid's coordinate; those that outliers stretch have 16
    double coded = 1; ///< share of the components, strongest first, that codes describe

    std::size_t codedComponents() const
    {
        return std::max(groups(), static_cast<std::size_t>(coded * double(dim) + 0.5));
    }
    std::size_t groups() const { return static_cast<std::size_t>((dim + subvector - 1) / subvector); }
    std::size_t codesPerRow() const { return groups() * static_cast<std::size_t>(stages); }
    int codeBits() const; ///< ceil(log2(centroids))
    std::size_t basisBytes() const; ///< of a stored transform
};

/// Vectors are x ~ c + B^T z, where z falls into sub-spaces of similar need of bits, and each part of z is the sum of
/// one centroid a stage (residual vector quantisation, Juang & Gray 1982). Components too weak to deserve codes are not
/// in z: c is their mean. All parts are as stored: rounded.
class FastVBook {
public:
    /// Begins a book: rounds and stores the transform `basis` f32 [dim, dim], a row a component (undefined: none, the
    /// components are the channels), the group of every component (groups(): none) and, of components without one, the
    /// part of `mean` [dim] that is theirs. project() is possible afterwards; the stages are still to come.
    FastVBook(const FastVShape& shape, const at::Tensor& basis, const at::Tensor& mean,
        const std::vector<std::size_t>& groupOf);
    /// Rounds and stores the codebooks of one more stage, one a group; `errors` [latents]: what they leave over, mean
    /// squared.
    void addStage(const std::vector<Centroids>& stage, const std::vector<double>& errors);
    /// `at` moves on; throws Error{Input} where the bytes end too early or name a sub-space that does not exist.
    static FastVBook read(ByteSpan bytes, std::size_t& at, const FastVShape& shape);
    /// Makes project() possible. Throws Error{Input} where the transform has no inverse.
    void invert();
    void write(Bytes& out) const { out.insert(out.end(), m_stored.begin(), m_stored.end()); }

    const FastVShape& shape() const { return m_shape; }
    /// Numbers in z, at most dim.
    std::int64_t latents() const { return m_order.size(0); }
    /// z [latents, n] of rows [n, dim], ordered by sub-space; learn() or invert() came before.
    at::Tensor project(const at::Tensor& rows) const;
    /// c f32 [dim]; undefined where all components have codes.
    const at::Tensor& offset() const { return m_offset; }
    /// rows [n, dim] of z [n, latents].
    at::Tensor rebuild(const at::Tensor& latents) const;
    /// What every centroid adds to a row, f32 [codesPerRow, centroids, dim]: decoding is a sum of table rows.
    at::Tensor tables() const;
    /// First number of sub-space g in z; of the one after the last: latents().
    std::size_t begin(std::size_t group) const { return m_begin[group]; }
    const Centroids& centroids(std::size_t stage, std::size_t group) const
    {
        return m_books[stage * m_shape.groups() + group];
    }

private:
    explicit FastVBook(const FastVShape& shape)
        : m_shape(shape)
    {
    }
    void setGroups(const std::vector<std::size_t>& groupOf);
    /// B^T z alone.
    at::Tensor turnBack(const at::Tensor& latents) const;
    void readStage(ByteSpan bytes, std::size_t& at);

    FastVShape m_shape;
    at::Tensor m_basis; ///< f32 [latents, dim], a row a component of z; undefined: z is some channels of x
    at::Tensor m_projection; ///< the basis' pseudo-inverse, transposed
    at::Tensor m_order; ///< i64 [latents]: z[i] is component (channel) order[i]
    at::Tensor m_offset; ///< c
    std::vector<std::size_t> m_begin;
    std::vector<Centroids> m_books;
    Bytes m_stored;
};

} // namespace pikv
