// SPDX-License-Identifier: GPL-3.0-or-later
// Nearest of up to 256 centroids for many vectors at once: a register holds one channel of as many vectors as it has
// lanes, and the least distance so far stays in registers.
#include "core/kernels/nearestcentroid.h"
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/nearestcentroid.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pikv::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;
using Vec = hn::Vec<Tag>;

/// `registers` vector registers of vectors against one centroid after the other: no search across lanes is needed. A
/// fused multiply-add is left out on purpose, as not every machine has one.
template <int registers>
HWY_INLINE void searchBlock(const float* channels, std::size_t stride, const CentroidView& book, std::uint8_t* codes)
{
    const Tag df;
    const hn::RebindToSigned<Tag> di;
    const hn::Rebind<std::uint8_t, Tag> db;
    const std::size_t lanes = hn::Lanes(df);
    Vec best[registers], index[registers];
    for (int r = 0; r < registers; ++r) {
        best[r] = hn::Set(df, std::numeric_limits<float>::infinity());
        index[r] = hn::Zero(df);
    }
    const float* centroid = book.centroids;
    for (std::size_t k = 0; k < book.count; ++k, centroid += book.width) {
        Vec score[registers];
        for (int r = 0; r < registers; ++r)
            score[r] = hn::Set(df, book.halfNorms[k]);
        for (std::size_t j = 0; j < book.width; ++j) {
            const auto c = hn::Set(df, centroid[j]);
            for (int r = 0; r < registers; ++r)
                score[r] = hn::Sub(score[r], hn::Mul(hn::LoadU(df, channels + j * stride + std::size_t(r) * lanes), c));
        }
        const auto here = hn::Set(df, static_cast<float>(k));
        for (int r = 0; r < registers; ++r) {
            const auto better = hn::Lt(score[r], best[r]);
            best[r] = hn::IfThenElse(better, score[r], best[r]);
            index[r] = hn::IfThenElse(better, here, index[r]);
        }
    }
    for (int r = 0; r < registers; ++r)
        hn::StoreU(hn::DemoteTo(db, hn::ConvertTo(di, index[r])), db, codes + std::size_t(r) * lanes);
}

/// Returns how many vectors were done: all, or none where there are fewer than a register holds.
std::size_t searchVectors(
    const float* channels, std::size_t stride, std::size_t vectors, const CentroidView& book, std::uint8_t* codes)
{
    constexpr int registers = 4;
    const std::size_t lanes = hn::Lanes(Tag());
    std::size_t i = 0;
    for (; i + registers * lanes <= vectors; i += registers * lanes)
        searchBlock<registers>(channels + i, stride, book, codes + i);
    for (; i + lanes <= vectors; i += lanes)
        searchBlock<1>(channels + i, stride, book, codes + i);
    if (i == vectors || vectors < lanes)
        return i;
    // The rest once more with vectors before it, which get the same codes again.
    i = vectors - lanes;
    searchBlock<1>(channels + i, stride, book, codes + i);
    return vectors;
}

} // namespace pikv::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pikv {
HWY_EXPORT(searchVectors);

void nearestCentroids(
    const float* channels, std::size_t stride, std::size_t vectors, const CentroidView& book, std::uint8_t* codes)
{
    std::size_t i = HWY_DYNAMIC_DISPATCH(searchVectors)(channels, stride, vectors, book, codes);
    for (; i < vectors; ++i) {
        float best = std::numeric_limits<float>::infinity();
        std::size_t code = 0;
        for (std::size_t k = 0; k < book.count; ++k) {
            float score = book.halfNorms[k];
            for (std::size_t j = 0; j < book.width; ++j)
                score -= channels[j * stride + i] * book.centroids[k * book.width + j];
            if (score < best) {
                best = score;
                code = k;
            }
        }
        codes[i] = static_cast<std::uint8_t>(code);
    }
}

void subtractCentroids(
    float* channels, std::size_t stride, std::size_t vectors, const CentroidView& book, const std::uint8_t* codes)
{
    for (std::size_t j = 0; j < book.width; ++j, channels += stride)
        for (std::size_t i = 0; i < vectors; ++i)
            channels[i] -= book.centroids[codes[i] * book.width + j];
}

} // namespace pikv
#endif
