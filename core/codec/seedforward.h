// SPDX-License-Identifier: GPL-3.0-or-later
// The seed's own call for every method: tensors in, tensors out, nothing but bytes between.
#pragma once
#include "core/codec/compressor.h"
#include <map>
#include <string>

namespace pikv {

struct ForwardResult {
    at::Tensor keys, values; ///< of the arguments' shapes, dtypes and devices
    /// "original_bytes" (16-bit reference), "stored_bytes" (size of the .pikv file), "compression_ratio" (stored /
    /// original), "compression_factor", "memory_reduction" (1 - ratio), "bits_per_element".
    std::map<std::string, double> stats;
    std::string params; ///< every parameter, as in the CSV
};

/// decode(encode(…)) of one layer: keys and values [batch, seq, hidden], hidden taken as one KV head; `importance`
/// [batch, seq] in [0, 1], or undefined. Runs on the keys' device. Throws Error{Usage} naming the shape at fault, and
/// as the method's validate().
ForwardResult forward(const Compressor& method, const at::Tensor& keys, const at::Tensor& values,
    const at::Tensor& importance = {}, std::uint64_t seed = 0, const JobControl& job = {});

} // namespace pikv
