// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/parts/headrows.h"
#include <algorithm>
#include <cstddef>

namespace pikv {

/// The vectors of one head of all sequences as one stream: row batch * seq + token.
class HeadStream {
public:
    HeadStream(const at::Tensor& tensor, std::int64_t head, const RopeTable* rope)
        : m_rows(tensor, head, rope)
        , m_batch(static_cast<std::size_t>(tensor.size(0)))
        , m_seq(static_cast<std::size_t>(tensor.size(2)))
    {
    }
    std::size_t count() const { return m_batch * m_seq; }
    std::size_t dim() const { return static_cast<std::size_t>(m_rows.dim()); }

    /// As HeadRows::load() and store(), for rows [first, first + n) of the stream.
    void load(std::size_t first, std::size_t n, float* out) const
    {
        forParts(first, n, [&](std::int64_t batch, std::int64_t token, std::int64_t count, std::size_t done) {
            m_rows.load(batch, token, count, out + done * dim());
        });
    }
    void store(std::size_t first, std::size_t n, float* rows) const
    {
        forParts(first, n, [&](std::int64_t batch, std::int64_t token, std::int64_t count, std::size_t done) {
            m_rows.store(batch, token, count, rows + done * dim());
        });
    }

private:
    template <typename Fn>
    void forParts(std::size_t first, std::size_t n, Fn fn) const
    {
        for (std::size_t done = 0; done < n;) {
            const std::size_t token = (first + done) % m_seq, count = std::min(n - done, m_seq - token);
            fn(static_cast<std::int64_t>((first + done) / m_seq), static_cast<std::int64_t>(token),
                static_cast<std::int64_t>(count), done);
            done += count;
        }
    }
    HeadRows m_rows;
    std::size_t m_batch, m_seq;
};

} // namespace pikv
