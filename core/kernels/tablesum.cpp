// SPDX-License-Identifier: GPL-3.0-or-later
// Sums of rows of a table that codes name: the decoder's inner loop of product quantisation.
#include "core/kernels/tablesum.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/tablesum.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pikv::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Channels [from, from + registers x lanes) of all rows: the sums stay in registers.
template <std::size_t registers>
HWY_INLINE void sumChannels(
    const TableView& view, const std::uint8_t* codes, std::size_t n, std::size_t from, float* out)
{
    const hn::ScalableTag<float> df;
    const std::size_t lanes = hn::Lanes(df), step = view.entries * view.dim;
    for (std::size_t i = 0; i < n; ++i) {
        hn::Vec<decltype(df)> sum[registers];
        for (std::size_t r = 0; r < registers; ++r)
            sum[r] = hn::Zero(df);
        const float* table = view.data + from;
        for (std::size_t t = 0; t < view.tables; ++t, table += step) {
            const float* row = table + codes[t * n + i] * view.dim;
            for (std::size_t r = 0; r < registers; ++r)
                sum[r] = hn::Add(sum[r], hn::LoadU(df, row + r * lanes));
        }
        for (std::size_t r = 0; r < registers; ++r)
            hn::StoreU(sum[r], df, out + i * view.dim + from + r * lanes);
    }
}

/// Whole registers of channels; returns how many channels were done.
std::size_t sumVectors(const TableView& view, const std::uint8_t* codes, std::size_t n, float* out)
{
    const std::size_t lanes = hn::Lanes(hn::ScalableTag<float>());
    std::size_t c = 0;
    for (; c + 4 * lanes <= view.dim; c += 4 * lanes)
        sumChannels<4>(view, codes, n, c, out);
    for (; c + lanes <= view.dim; c += lanes)
        sumChannels<1>(view, codes, n, c, out);
    return c;
}

} // namespace pikv::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pikv {
HWY_EXPORT(sumVectors);

void sumTables(const TableView& view, const std::uint8_t* codes, std::size_t n, float* out)
{
    const std::size_t step = view.entries * view.dim;
    for (std::size_t c = HWY_DYNAMIC_DISPATCH(sumVectors)(view, codes, n, out); c < view.dim; ++c)
        for (std::size_t i = 0; i < n; ++i) {
            float sum = 0;
            for (std::size_t t = 0; t < view.tables; ++t)
                sum += view.data[t * step + codes[t * n + i] * view.dim + c];
            out[i * view.dim + c] = sum;
        }
}

} // namespace pikv
#endif
