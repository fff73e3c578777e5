// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/formats/tensorwriter.h"

namespace pikv {

/// Writes what torch.load(path, weights_only=True) reads as a dict: "past_key_values", a tuple with one (key, value)
/// for every layer of the model, None where it has no cache, as transformers' DynamicCache takes it; every other tensor
/// of the dump under its name; and the metadata as text. Throws Error{Resource}.
std::unique_ptr<TensorWriter> makeTorchWriter(
    const std::string& path, std::vector<TensorEntry> tensors, const std::map<std::string, std::string>& metadata);

} // namespace pikv
