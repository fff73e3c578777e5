// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/formats/tensorwriter.h"
#include "core/formats/zipwriter.h"

namespace pikv {

/// Base of writers that make a zip archive with a member a tensor: they come whole and in order.
class ZippedTensors : public TensorWriter {
public:
    void write(std::size_t index, ByteSpan bytes) final;
    void commit() final;

protected:
    ZippedTensors(const std::string& path, std::vector<TensorEntry> tensors);
    /// Adds the member of tensor `index`.
    virtual void add(std::size_t index, const TensorEntry& tensor, ByteSpan bytes) = 0;
    const std::vector<TensorEntry>& tensors() const { return m_tensors; }
    ZipWriter& zip() { return m_zip; }

private:
    std::vector<TensorEntry> m_tensors;
    ZipWriter m_zip;
    std::size_t m_next = 0;
};

} // namespace pikv
