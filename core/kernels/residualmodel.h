// SPDX-License-Identifier: GPL-3.0-or-later
// Distributions of quantised residuals: generalised Gaussians on the integers, one byte each, so that no frequency
// table needs to be stored (for their fit to transform coefficients see Mallat 1989, IEEE PAMI 11(7)).
#pragma once
#include "core/kernels/rangecoder.h"
#include <cstdint>

namespace pikv {

/// A level is coded as a symbol of its upper part, `level >> lowBits` (rounded), and lowBits plain bits. Symbol s is
/// the upper part s - reach; the last symbol is an escape, whose level follows in 16 plain bits.
struct ResidualTable {
    FrequencyTable frequencies;
    int reach = 0;
    double meanSize = 0, meanSquare = 0; ///< E|upper|, E upper^2
    std::size_t escape() const { return static_cast<std::size_t>(2 * reach + 1); }
};

/// Density ~ exp(-|x/a|^shape), shape 2, 1.5, 1 or 0.75, of standard deviation 2^(scale/4) steps.
class ResidualModel {
public:
    static constexpr int shapes = 4, lowestScale = -14, widestTable = 16, scales = 60;
    static constexpr std::uint8_t silent = 0; ///< the code of "every level is 0"

    /// From its byte: `silent`, or 1 … shapes * scales; a byte above reads as the last.
    explicit ResidualModel(std::uint8_t code);
    /// The model whose levels have this mean size and mean square, each summed over `counts[k]` values whose steps are
    /// 2^(k/2) as wide; `silent` where sumSize is 0.
    static ResidualModel fit(double sumSize, double sumSquare, std::span<const std::int64_t> counts);

    std::uint8_t code() const
    {
        return m_silent ? silent : static_cast<std::uint8_t>(1 + m_shape * scales + m_scale - lowestScale);
    }
    bool isSilent() const { return m_silent; }
    /// Table and plain bits of values with a step 2^(stepClass/2) as wide.
    const ResidualTable& table(int stepClass) const;
    int lowBits(int stepClass) const { return lowBitsOf(m_scale - 2 * stepClass); }
    bool operator==(const ResidualModel&) const = default;

private:
    ResidualModel(int shape, int scale)
        : m_shape(shape)
        , m_scale(scale)
    {
    }
    static int lowBitsOf(int scale) { return scale <= widestTable ? 0 : (scale - widestTable + 3) / 4; }
    double expectedSize(std::span<const std::int64_t> counts) const;
    double expectedSquare(std::span<const std::int64_t> counts) const;
    bool m_silent = false;
    int m_shape = 0, m_scale = lowestScale;
};

} // namespace pikv
