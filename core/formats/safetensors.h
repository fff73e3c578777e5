// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytesource.h"
#include "core/base/dtype.h"
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pikv {

/// Where a tensor's elements lie in a file: C order, little endian, at no particular alignment.
struct TensorEntry {
    std::string name;
    DType dtype = DType::F32;
    std::vector<std::int64_t> shape;
    std::uint64_t begin = 0; ///< offset in the file
    std::uint64_t bytes = 0;
    std::int64_t elements() const;
};

/// A safetensors header: tensors in file order and the metadata strings.
struct SafetensorsHeader {
    std::vector<TensorEntry> tensors;
    std::map<std::string, std::string> metadata;
    const TensorEntry* find(std::string_view name) const;
};

inline constexpr std::uint64_t safetensorsMaxHeader = 100'000'000;
inline constexpr std::size_t maxTensorRank = 8, maxTensorCount = 1'000'000, maxStringBytes = 16u << 20;
inline constexpr std::int64_t maxDimension = std::int64_t(1) << 31;

/// Reads and checks the header of a safetensors file as the reference implementation does, and more strictly:
/// duplicate names, ranks above 8 and dimensions above 2^31 (U8 data excepted) are refused. Reads no tensor data.
/// Throws Error{Input} naming file, offset, tensor, what was expected and what was found.
SafetensorsHeader readSafetensors(const ByteSource& file);

/// The checks that follow the length word: `json` is the header text, `fileSize` the size of the whole file.
SafetensorsHeader parseSafetensorsHeader(std::string_view json, std::uint64_t fileSize, const std::string& file);

} // namespace pikv
