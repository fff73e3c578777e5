// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace pikv {

/// Lets LibTorch take large CPU tensors from BlockPool::process(). Idempotent; before any other
/// use of LibTorch. Does nothing where the pool is switched off (BlockPool::enabled()).
void installTensorAllocator();

} // namespace pikv
