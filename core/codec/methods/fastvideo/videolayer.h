// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/rope.h"
#include "core/codec/compressor.h"
#include "core/codec/methods/fastvideo/keyframes.h"
#include "core/codec/parts/headbasis.h"
#include <optional>
#include <string>
#include <vector>

namespace pikv {

/// Which head of keys or values section 'side' holds at place `index`: the key and then the value of a head, then the
/// next head, so that any share of the heads has as many keys as values.
struct VideoPlace {
    bool isKey;
    std::int64_t head;
    explicit VideoPlace(std::int64_t index)
        : isKey(index % 2 == 0)
        , head(index / 2)
    {
    }
};

struct VideoSettings {
    KeyframeRule rule;
    std::string transform = "auto"; ///< or "klt", "none"
    std::vector<HeadBasis> calibrated; ///< of all keys and then of all values; empty: every cache has its own
    /// Null without a calibration.
    const HeadBasis* calibratedOf(const VideoPlace& place) const
    {
        const std::size_t values = place.isKey ? 0 : calibrated.size() / 2;
        return calibrated.empty() ? nullptr : &calibrated[values + static_cast<std::size_t>(place.head)];
    }
};

/// Codes a layer in about `budgetBytes` bytes: sections 'side' (models of the heads), 'codes' (their tokens) and, with
/// importance, 'classes'. `rope` is the keys' rotation where it is to be undone.
void encodeVideo(const LayerInput& input, const VideoSettings& settings, const std::optional<RopeTable>& rope,
    std::int64_t budgetBytes, SectionSet& out, const JobControl& job);
/// Throws Error{Input} where the sections are not of such a layer.
LayerKv decodeVideo(const LayerOutput& output, const VideoSettings& settings, const std::optional<RopeTable>& rope,
    const JobControl& job);

} // namespace pikv
