// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/atomicfile.h"
#include "core/formats/tensorwriter.h"
#include <map>
#include <string>
#include <vector>

namespace pikv {

/// Lays tensors out in a safetensors file: wider element types first, so that every tensor lies at a multiple of its
/// element size (torch's reader needs that), else in the given order; the header is padded with spaces to 8 bytes.
/// Fills each entry's `begin` and `bytes` and returns the file up to its data: length word and JSON text.
std::string layOutSafetensors(std::vector<TensorEntry>& tensors, const std::map<std::string, std::string>& metadata);

/// Streams a safetensors file, tensor by tensor in any order and in any pieces, through an AtomicFile.
class SafetensorsWriter final : public TensorWriter {
public:
    /// `tensors` need name, dtype and shape. Throws Error{Resource} when the disk has not enough room.
    SafetensorsWriter(
        const std::string& path, std::vector<TensorEntry> tensors, const std::map<std::string, std::string>& metadata);
    /// Writes the next bytes of tensor `index` (its place in the list as given).
    void write(std::size_t index, ByteSpan bytes) override;
    /// Puts the file in place. Throws std::logic_error when a tensor is not complete.
    void commit() override;

private:
    static std::uint64_t fileBytes(const std::string& prefix, const std::vector<TensorEntry>& tensors);

    std::vector<TensorEntry> m_tensors;
    std::vector<std::uint64_t> m_written;
    std::string m_prefix;
    AtomicFile m_file;
};

} // namespace pikv
