// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/orderedtensors.h"
#include <stdexcept>

namespace pikv {

OrderedTensors::OrderedTensors(std::vector<TensorEntry> tensors)
    : m_tensors(std::move(tensors))
{
}

void OrderedTensors::write(std::size_t index, ByteSpan bytes)
{
    const TensorEntry& tensor = m_tensors.at(index);
    if (index != m_next++ || bytes.size() != tensorBytes(tensor))
        throw std::logic_error("tensor " + tensor.name + " came out of order, or not whole");
    add(index, tensor, bytes);
}

void OrderedTensors::commit()
{
    if (m_next != m_tensors.size())
        throw std::logic_error("not all tensors were written");
    finish();
}

} // namespace pikv
