// SPDX-License-Identifier: GPL-3.0-or-later
// A side of a layer between the dump's heads and rows of all heads side by side.
#include "core/codec/parts/siderows.h"
#include "core/base/half.h"
#include "core/codec/parts/headrows.h"
#include "core/codec/parts/planes.h"
#include <ATen/ops/empty.h>
#include <algorithm>
#include <utility>
#include <vector>

namespace pikv {
namespace {

constexpr std::int64_t blockRows = 64; ///< which stay in the processor's caches

} // namespace

SideRows::SideRows(const at::Tensor& tensor, std::optional<RopeTable> rope)
    : m_tensor(rowTensor(tensor))
    , m_rope(std::move(rope))
{
}

/// f(sequence, first token, count, rows before) for the parts of a run of rows that lie in one sequence.
template <typename Function>
void SideRows::forParts(std::int64_t first, std::int64_t count, const JobControl& job, Function f) const
{
    const std::int64_t seq = m_tensor.size(2);
    for (std::int64_t done = 0; done < count;) {
        const std::int64_t token = (first + done) % seq, n = std::min({ count - done, seq - token, blockRows });
        job.checkpoint();
        f((first + done) / seq, token, n, done);
        done += n;
    }
}

at::Tensor SideRows::load(const JobControl& job) const
{
    const at::Tensor rows
        = at::empty({ m_tensor.size(0) * m_tensor.size(2), m_tensor.size(1) * m_tensor.size(3) }, at::kFloat);
    load(rows, job);
    return rows;
}

void SideRows::load(const at::Tensor& rows, const JobControl& job) const
{
    const std::int64_t heads = m_tensor.size(1), dim = m_tensor.size(3), stride = rows.stride(0);
    float* const out = rows.data_ptr<float>();
    std::vector<float> block(static_cast<std::size_t>(blockRows * dim));
    forParts(0, rows.size(0), job, [&](std::int64_t b, std::int64_t token, std::int64_t count, std::int64_t done) {
        for (std::int64_t h = 0; h < heads; ++h) {
            HeadRows(m_tensor, h, m_rope ? &*m_rope : nullptr).load(b, token, count, block.data());
            for (std::int64_t i = 0; i < count; ++i)
                std::copy_n(block.data() + i * dim, dim, out + (done + i) * stride + h * dim);
        }
    });
}

void SideRows::store(std::int64_t first, const at::Tensor& rows, const JobControl& job) const
{
    const std::int64_t heads = m_tensor.size(1), dim = m_tensor.size(3), stride = rows.stride(0);
    const float* const in = rows.data_ptr<float>();
    std::vector<float> block(static_cast<std::size_t>(blockRows * dim));
    forParts(first, rows.size(0), job, [&](std::int64_t b, std::int64_t token, std::int64_t count, std::int64_t done) {
        for (std::int64_t h = 0; h < heads; ++h) {
            for (std::int64_t i = 0; i < count; ++i)
                std::copy_n(in + (done + i) * stride + h * dim, dim, block.data() + i * dim);
            if (m_rope)
                m_rope->turn(block.data(), token, count, dim, 1);
            for (std::int64_t i = 0; i < count * dim; ++i) {
                float& value = block[static_cast<std::size_t>(i)];
                value = value < -largestHalf ? -largestHalf : value > largestHalf ? largestHalf : value;
            }
            HeadRows(m_tensor, h, nullptr).store(b, token, count, block.data());
        }
    });
}

} // namespace pikv
