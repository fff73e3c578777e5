// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace pikv {

/// Lets LibTorch take large CPU tensors from BlockPool::process(). Idempotent; before any other use of LibTorch.
void installTensorAllocator();

} // namespace pikv
