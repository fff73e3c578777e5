// SPDX-License-Identifier: GPL-3.0-or-later
// Products and sums stay apart (no fused multiply-add), so that every SIMD target computes the same bits and a file
// decodes on any machine to what its encoder saw.
#include "core/kernels/residualquant.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/residualquant.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pikv::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr float largestLevel = 32767;

/// The reconstruction of `level` (integral); `sign` carries its sign.
template <typename V>
V rebuilt(V prediction, V level, V shrink, V step)
{
    const hn::DFromV<V> d;
    const V zero = hn::Zero(d);
    const V inward = hn::IfThenElse(hn::Eq(level, zero), zero, hn::CopySign(shrink, level));
    return hn::Add(prediction, hn::Mul(hn::Sub(level, inward), step));
}

/// Channels [first, dim) by whole vectors of `d`; returns where it stopped.
template <typename D>
std::size_t quantiseChannels(D d, std::size_t first, const ResidualQuantiser& quantiser, const ResidualRows& rows,
    const float* values, float* previous, std::int16_t* levels, const LevelSums& sums)
{
    const hn::RebindToSigned<D> di;
    const hn::Rebind<std::int16_t, D> dh;
    const std::size_t dim = quantiser.dim(), lanes = hn::Lanes(d);
    std::size_t c = first;
    for (; c + lanes <= dim; c += lanes) {
        const auto gain = hn::LoadU(d, quantiser.gain.data() + c), shrink = hn::LoadU(d, quantiser.shrink.data() + c);
        const auto rounding = hn::LoadU(d, quantiser.rounding.data() + c);
        const auto limit = hn::Set(d, largestLevel), one = hn::Set(d, 1.0f);
        auto state = hn::LoadU(d, previous + c);
        for (std::size_t t = 0; t < rows.count; ++t) {
            const std::size_t kind = rows.isKey[t] ? dim : 0;
            const auto step = hn::Set(d, rows.steps[t]), inverse = hn::Div(one, step);
            const auto prediction = rows.isKey[t] ? hn::Zero(d) : hn::Mul(gain, state);
            const auto residual = hn::Mul(hn::Sub(hn::LoadU(d, values + t * dim + c), prediction), inverse);
            const auto size = hn::Floor(hn::Min(hn::Add(hn::Abs(residual), rounding), limit));
            const auto level = hn::CopySign(size, residual);
            hn::StoreU(hn::DemoteTo(dh, hn::ConvertTo(di, level)), dh, levels + t * dim + c);
            float* sumSize = sums.size + kind + c;
            float* sumSquare = sums.square + kind + c;
            hn::StoreU(hn::Add(hn::LoadU(d, sumSize), size), d, sumSize);
            hn::StoreU(hn::Add(hn::LoadU(d, sumSquare), hn::Mul(size, size)), d, sumSquare);
            state = rebuilt(prediction, level, shrink, step);
        }
        hn::StoreU(state, d, previous + c);
    }
    return c;
}

template <typename D>
std::size_t rebuildChannels(D d, std::size_t first, const ResidualQuantiser& quantiser, const ResidualRows& rows,
    const std::int16_t* levels, float* previous, float* values)
{
    const hn::RebindToSigned<D> di;
    const hn::Rebind<std::int16_t, D> dh;
    const std::size_t dim = quantiser.dim(), lanes = hn::Lanes(d);
    std::size_t c = first;
    for (; c + lanes <= dim; c += lanes) {
        const auto gain = hn::LoadU(d, quantiser.gain.data() + c), shrink = hn::LoadU(d, quantiser.shrink.data() + c);
        auto state = hn::LoadU(d, previous + c);
        for (std::size_t t = 0; t < rows.count; ++t) {
            const auto prediction = rows.isKey[t] ? hn::Zero(d) : hn::Mul(gain, state);
            const auto level = hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(dh, levels + t * dim + c)));
            state = rebuilt(prediction, level, shrink, hn::Set(d, rows.steps[t]));
            hn::StoreU(state, d, values + t * dim + c);
        }
        hn::StoreU(state, d, previous + c);
    }
    return c;
}

void quantise(const ResidualQuantiser& quantiser, const ResidualRows& rows, const float* values, float* previous,
    std::int16_t* levels, const LevelSums& sums)
{
    const std::size_t done
        = quantiseChannels(hn::ScalableTag<float>(), 0, quantiser, rows, values, previous, levels, sums);
    quantiseChannels(hn::CappedTag<float, 1>(), done, quantiser, rows, values, previous, levels, sums);
}

void rebuild(const ResidualQuantiser& quantiser, const ResidualRows& rows, const std::int16_t* levels, float* previous,
    float* values)
{
    const std::size_t done = rebuildChannels(hn::ScalableTag<float>(), 0, quantiser, rows, levels, previous, values);
    rebuildChannels(hn::CappedTag<float, 1>(), done, quantiser, rows, levels, previous, values);
}

} // namespace pikv::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pikv {
HWY_EXPORT(quantise);
HWY_EXPORT(rebuild);

void quantiseResiduals(const ResidualQuantiser& quantiser, const ResidualRows& rows, const float* values,
    float* previous, std::int16_t* levels, const LevelSums& sums)
{
    HWY_DYNAMIC_DISPATCH(quantise)(quantiser, rows, values, previous, levels, sums);
}

void rebuildResiduals(const ResidualQuantiser& quantiser, const ResidualRows& rows, const std::int16_t* levels,
    float* previous, float* values)
{
    HWY_DYNAMIC_DISPATCH(rebuild)(quantiser, rows, levels, previous, values);
}

} // namespace pikv
#endif
