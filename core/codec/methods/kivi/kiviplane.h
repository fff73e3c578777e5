// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytes.h"
#include "core/base/dtype.h"
#include "core/base/jobcontrol.h"
#include <cstdint>

namespace pikv {

/// KIVI on one head, `tokens` rows of `dim` channels: keys in groups of `group` tokens a channel, values in groups of
/// `group` channels a token. Codes are one LSB-first stream; each group stores scale and minimum as f16.
struct KiviPlane {
    std::size_t tokens = 0, dim = 0, group = 32;
    int bits = 2;
    bool perChannel = true; ///< keys; false: values
    const JobControl* job = nullptr; ///< asked between blocks: a head of a million tokens takes a tenth of a second
    bool pastCaches = false; ///< decode() writes past the processor's caches (see outgrowsCaches())

    std::size_t groups() const;
    std::size_t codeBytes() const;
    std::size_t scaleBytes() const { return groups() * 4; }

    /// `rows` of `dtype`, contiguous. Fills codeBytes() and scaleBytes(). Both leave the rest undone when the job is
    /// asked to stop; the caller throws.
    void encode(const void* rows, DType dtype, std::byte* codes, std::byte* scales) const;
    void decode(const std::byte* codes, const std::byte* scales, DType dtype, void* rows) const;

private:
    bool stopped() const { return job && job->stopRequested(); }
    std::size_t blockTokens() const;
    std::size_t groupsPerBlock(std::size_t tokens) const;
};

} // namespace pikv
