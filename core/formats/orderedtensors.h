// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/formats/tensorwriter.h"

namespace pikv {

/// Base of writers that take every tensor whole and in order.
class OrderedTensors : public TensorWriter {
public:
    void write(std::size_t index, ByteSpan bytes) final;
    void commit() final;

protected:
    explicit OrderedTensors(std::vector<TensorEntry> tensors);
    const std::vector<TensorEntry>& tensors() const { return m_tensors; }

private:
    virtual void add(std::size_t index, const TensorEntry& tensor, ByteSpan bytes) = 0;
    /// All of them were added: puts the file in place.
    virtual void finish() = 0;

    std::vector<TensorEntry> m_tensors;
    std::size_t m_next = 0;
};

} // namespace pikv
