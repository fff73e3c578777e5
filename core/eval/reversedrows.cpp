// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/reversedrows.h"
#include <ATen/ops/cat.h>
#include <ATen/ops/flip.h>

namespace pikv {

LayerKv ReversedRows::layer(int index) const
{
    LayerKv kv = inner().layer(index);
    for (at::Tensor* tensor : { &kv.key, &kv.value, &kv.keep }) {
        if (!tensor->defined())
            continue;
        const std::int64_t rest = tensor->size(2) - m_rows;
        *tensor = at::cat({ at::flip(tensor->narrow(2, 0, m_rows), { 2 }), tensor->narrow(2, m_rows, rest) }, 2);
    }
    return kv;
}

} // namespace pikv
