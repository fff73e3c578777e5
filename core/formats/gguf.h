// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytesource.h"
#include "core/kernels/ggmldequant.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pikv {

/// A metadata value; every integer type and bool becomes std::int64_t, every float double.
using GgufValue = std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>,
    std::vector<std::string>>;

struct GgufTensor {
    std::string name;
    GgmlType type = GgmlType::F32;
    std::vector<std::int64_t> shape; ///< slowest axis first, as PyTorch has it: [out, in] for a weight
    std::uint64_t offset = 0; ///< of its first byte in the file
    std::uint64_t bytes = 0;
    std::int64_t elements() const;
};

/// What stands before the data of a GGUF file (versions 2 and 3, little endian).
class GgufHeader {
public:
    const std::string& name() const { return m_name; }
    const std::map<std::string, GgufValue, std::less<>>& metadata() const { return m_metadata; }
    const std::vector<GgufTensor>& tensors() const { return m_tensors; } ///< in file order
    const GgufTensor* find(std::string_view tensor) const;

    bool has(std::string_view key) const { return m_metadata.contains(key); }
    /// These throw Error{Input} naming the key when it is missing or of another type.
    std::int64_t integer(std::string_view key) const;
    double real(std::string_view key) const; ///< integers count as reals
    const std::string& text(std::string_view key) const;
    const std::vector<std::string>& texts(std::string_view key) const;
    const std::vector<std::int64_t>& integers(std::string_view key) const;

private:
    friend class GgufReader;
    const GgufValue& value(std::string_view key) const;
    template <typename T>
    const T& typed(std::string_view key, const char* what) const;

    std::string m_name;
    std::map<std::string, GgufValue, std::less<>> m_metadata;
    std::vector<GgufTensor> m_tensors;
    std::map<std::string, std::size_t, std::less<>> m_byName;
};

/// Throws Error{Input} with the byte offset for every breach of the format, for tensor types that cannot be decoded and
/// for one part of a split model. Reads no tensor data.
GgufHeader readGguf(const ByteSource& file);

} // namespace pikv
