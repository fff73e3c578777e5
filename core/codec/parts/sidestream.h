// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include "core/codec/parts/sidetransform.h"
#include <ATen/core/Tensor.h>
#include <functional>
#include <optional>
#include <vector>

namespace pikv {

/// The largest level.
inline constexpr float largestLevel = 32766;
/// Takes rows f32 [count, width] from `first` on.
using RowSink = std::function<void(std::int64_t first, const at::Tensor& rows)>;

/// Codes rows f32 [n, width] with the step; the stream says how levels are rebuilt and what sizes to expect. Widens the
/// `classes` of rows that no level could hold otherwise. Nothing where the widest do not suffice: the step is too fine.
/// `prediction` f32 [n, width]: what is known of the rows already; undefined: nothing. `rebuilt` gets the rows as
/// decodeSide() gives them, where somebody needs them.
std::optional<Bytes> encodeSide(const SideTransform& transform, const at::Tensor& rows, const at::Tensor& prediction,
    double step, std::vector<std::int8_t>& classes, const RowSink& rebuilt, const JobControl& job);

/// What encodeSide() wrote, while it is read: its levels, and then rows from them.
class StoredSide {
public:
    /// `bytes` must stay until the levels are there. Throws Error{Input} where they are too short.
    StoredSide(SideTransform transform, ByteSpan bytes, double step, std::vector<std::int8_t> classes);
    /// Of both sides of a layer at once, which takes little longer than one alone. Throws Error{Input} where the bytes
    /// are not those of so many rows.
    static void readLevels(StoredSide& one, StoredSide& other, const JobControl& job);
    /// Gives the rows to `put`, in order. `prediction` is that of encodeSide().
    void rebuild(const at::Tensor& prediction, const RowSink& put, const JobControl& job) const;

private:
    const SideTransform m_transform;
    const ByteSpan m_bytes;
    const double m_step;
    const std::vector<std::int8_t> m_classes;
    std::vector<std::int16_t> m_levels;
};

} // namespace pikv
