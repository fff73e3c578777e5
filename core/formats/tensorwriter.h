// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytes.h"
#include "core/formats/safetensors.h"
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pikv {

/// A dump that is being written, whole or not at all.
class TensorWriter {
public:
    virtual ~TensorWriter() = default;
    /// All bytes of tensor `index`, in C order. Tensors come in the order in which the writer was told of them. Throws
    /// Error{Resource} naming the file.
    virtual void write(std::size_t index, ByteSpan bytes) = 0;
    /// Puts the file in place. Throws std::logic_error when a tensor is missing.
    virtual void commit() = 0;
};

/// Bytes of a tensor, by its dtype and shape.
std::uint64_t tensorBytes(const TensorEntry& tensor);
std::uint64_t tensorBytes(const std::vector<TensorEntry>& tensors);

/// Makes the writer of a format: `tensors` need name, dtype and shape, named as in a native dump, whose metadata
/// `metadata` are.
using MakeTensorWriter = std::unique_ptr<TensorWriter> (*)(
    const std::string& path, std::vector<TensorEntry> tensors, const std::map<std::string, std::string>& metadata);

} // namespace pikv
