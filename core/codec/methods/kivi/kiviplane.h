// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/parts/planecodec.h"

namespace pikv {

/// KIVI on one plane (Liu et al. 2024, arXiv 2402.02750): the first `tokens` rows are quantised, keys in groups of
/// `group` tokens a channel, values in groups of `group` channels a token; the rest, the residual window, is kept at 16
/// bits. Codes are one LSB-first stream; each group stores scale and minimum as f16.
struct KiviPlane final : PlaneCodec {
    std::size_t seq = 0, tokens = 0, dim = 0, group = 32;
    int bits = 2;
    bool perChannel = true; ///< keys, and `tokens` is a multiple of `group`; false: values

    KiviPlane(std::size_t seqLength, std::size_t quantised, std::size_t channels, std::size_t groupSize, int width,
        bool isKey);
    std::size_t codeBytes() const;
    std::size_t scaleBytes() const;

    /// "codes", "scales", "window".
    std::vector<PlaneSection> sections() const override;
    void encode(
        const PlaneRows& rows, std::span<const std::span<std::byte>> parts, const JobControl& job) const override;
    void decode(std::span<const ByteSpan> parts, const PlaneRows& rows, const JobControl& job) const override;

private:
    std::size_t blockTokens() const;
    std::size_t groupsPerBlock(std::size_t n) const;
};

} // namespace pikv
