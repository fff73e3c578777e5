// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/rotary.h"
#include <ATen/ops/arange.h>

namespace pikv {

RopeTable Rotary::table(std::int64_t first, std::int64_t count) const
{
    return ropeTable(at::arange(first, first + count, at::kLong), m_rope, m_headDim);
}

} // namespace pikv
