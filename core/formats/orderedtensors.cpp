// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/zippedtensors.h"
#include <stdexcept>

namespace pikv {

ZippedTensors::ZippedTensors(const std::string& path, std::vector<TensorEntry> tensors)
    : m_tensors(std::move(tensors))
    , m_zip(path, tensorBytes(m_tensors))
{
}

void ZippedTensors::write(std::size_t index, ByteSpan bytes)
{
    const TensorEntry& tensor = m_tensors.at(index);
    if (index != m_next++ || bytes.size() != tensorBytes(tensor))
        throw std::logic_error("tensor " + tensor.name + " came out of order, or not whole");
    add(index, tensor, bytes);
}

void ZippedTensors::commit()
{
    if (m_next != m_tensors.size())
        throw std::logic_error("not all tensors were written");
    m_zip.commit();
}

} // namespace pikv
