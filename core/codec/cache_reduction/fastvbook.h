// SPDX-License-Identifier: GPL-3.0-or-later
// What `fastv` stores of a head to describe its vectors by codes: a transform, sub-spaces and their codebooks.
#pragma once
#include "core/base/bytes.h"
#include "core/codec/cache_reduction/kmeans.h"
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <vector>

namespace pikv {

/// Shape of a head's codebooks, known to encode and decode.
struct FastVShape {
    std::int64_t dim = 0, centroids = 32, stages = 1;
    std::int64_t subvector = 2; ///< mean channels a code
    int bookBits = 6; ///< of a centroid's coordinate; those that outliers stretch have 16

    std::size_t groups() const { return static_cast<std::size_t>((dim + subvector - 1) / subvector); }
    std::size_t codesPerRow() const { return groups() * static_cast<std::size_t>(stages); }
    int codeBits() const; ///< ceil(log2(centroids))
    std::size_t basisBytes() const; ///< of a stored transform
};

struct FastVTraining {
    int passes = 8;
    std::size_t interval = 100; ///< tokens between refreshes
    enum class Transform { Auto, Klt, None } transform = Transform::Auto;
    std::size_t tokens = 0; ///< the codebook will describe so many; weighs the transform's bytes against its gain
};

/// Vectors are x ~ B^T z, where z falls into sub-spaces of similar need of bits, and each part of z is the sum of one
/// centroid a stage (residual vector quantisation, Juang & Gray 1982). All parts are as stored: rounded.
class FastVBook {
public:
    /// Learns from `rows` f32 [n, dim] in stream order; `weights` f32 [n] or undefined.
    static FastVBook learn(const at::Tensor& rows, const at::Tensor& weights, const FastVShape& shape,
        const FastVTraining& training, const CounterRng& random, const JobControl& job);
    /// `at` moves on; throws Error{Input} where the bytes end too early or name a sub-space that does not exist.
    static FastVBook read(ByteSpan bytes, std::size_t& at, const FastVShape& shape);
    /// Makes project() possible. Throws Error{Input} where the transform has no inverse.
    void invert();
    void write(Bytes& out) const { out.insert(out.end(), m_stored.begin(), m_stored.end()); }

    const FastVShape& shape() const { return m_shape; }
    /// z [dim, n] of rows [n, dim], ordered by sub-space; learn() or invert() came before.
    at::Tensor project(const at::Tensor& rows) const;
    /// rows [n, dim] of z [n, dim].
    at::Tensor rebuild(const at::Tensor& latents) const;
    /// What every centroid adds to a row, f32 [codesPerRow, centroids, dim]: decoding is a sum of table rows.
    at::Tensor tables() const;
    /// First channel of sub-space g in z; of the one after the last: dim.
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
    /// Rounds and stores the transform (undefined: none) and the group of every component.
    FastVBook(const FastVShape& shape, const at::Tensor& basis, const std::vector<std::size_t>& groupOf);
    void setGroups(const std::vector<std::size_t>& groupOf);
    /// Rounds and stores the codebooks of one more stage; `errors` [dim]: what they leave over, mean squared.
    void addStage(const std::vector<Centroids>& stage, const std::vector<double>& errors);
    void readStage(ByteSpan bytes, std::size_t& at);

    FastVShape m_shape;
    at::Tensor m_basis; ///< f32 [dim, dim], a row a component of z; undefined: z is a permutation of x
    at::Tensor m_projection; ///< the basis' inverse, transposed
    at::Tensor m_order, m_place; ///< i64 [dim]: z[i] is component (channel) order[i], which is z[place[order[i]]]
    std::vector<std::size_t> m_begin;
    std::vector<Centroids> m_books;
    Bytes m_stored;
};

} // namespace pikv
