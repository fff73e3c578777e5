// SPDX-License-Identifier: GPL-3.0-or-later
// One plane (keys or values of a layer) of minillm: its fit, and its way back from the bytes.
#pragma once
#include "core/cache/rope.h"
#include "core/codec/methods/minillm/studenttraining.h"
#include "core/codec/parts/loraplane.h"
#include <optional>

namespace pikv {

/// What is learned of a plane and stored of it.
struct DistilledPlane {
    LoraParts parts; ///< the linear part, and the codes
    Bytes student; ///< what readStudent() reads
};

struct PlaneToLearn {
    at::Tensor rows; ///< f32 [n, width]; used up
    at::Tensor weights; ///< f32 [n], mean 1, or undefined
    at::Tensor reach; ///< of CodeRows
    bool forOthers
        = false; ///< for a calibration: a part of the rows is held out, so that the student serves other caches too
    at::Tensor metric = {}; ///< f32 [width, width], what errors are measured by; undefined: plain squares
};

/// Principal components in closed form, codes quantised, then a student distilled on what the quantised codes leave
/// over. `report` gets step and relative error (energy) of the reconstruction.
DistilledPlane distil(PlaneToLearn plane, const LoraShape& shape, const StudentShape& student, TrainingOptions options,
    const std::function<void(std::int64_t, double)>& report, const JobControl& job);

/// The student that distil() wrote; nothing where none helps. Throws Error{Input} at a wrong size.
std::optional<Student> readStudent(ByteSpan bytes, const StudentShape& shape, int bits, c10::Device device);

/// Rebuilds a plane from its codes f32 [rank, rows] and writes it into its part of `target` [batch, kv_heads, seq,
/// dim], keys rotated by `rope` where it is not null.
void rebuildDistilled(const Student& student, const LoraBasis& basis, const at::Tensor& codes, const FactorPlane& plane,
    const RopeTable* rope, const at::Tensor& target, const JobControl& job);

} // namespace pikv
