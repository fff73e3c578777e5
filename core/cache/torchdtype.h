// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/dtype.h"
#include <c10/core/ScalarType.h>

namespace pikv {

/// LibTorch's name of an element type; throws Error{Input} for those that it has no tensors of.
c10::ScalarType torchType(DType dtype);
/// Throws Error{Internal} for types that no dump has.
DType dtypeOf(c10::ScalarType type);

} // namespace pikv
