// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include <ATen/core/Tensor.h>

namespace pikv {

/// The inverse of `matrix` f32 [n, n] on the CPU, found in f64, f32. Those asked for last are kept (256 MB), by the
/// matrix's content: of a calibration they are asked for at every encode. Not to be written to. Throws as
/// linalg::inverse().
at::Tensor keptInverse(const at::Tensor& matrix, const JobControl& job);

} // namespace pikv
