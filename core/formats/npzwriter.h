// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/formats/tensorwriter.h"

namespace pikv {

/// Writes a NumPy .npz: an array a tensor under its name (".bf16" behind those of bf16, which NumPy does not know), and
/// the metadata as 0-dimensional text arrays; the reader of that format takes it back. Throws Error{Resource}.
std::unique_ptr<TensorWriter> makeNpzWriter(
    const std::string& path, std::vector<TensorEntry> tensors, const std::map<std::string, std::string>& metadata);

} // namespace pikv
