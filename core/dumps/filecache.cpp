// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/dumps/filecache.h"
#include "core/base/text.h"
#include "core/cache/torchdtype.h"
#include <ATen/ops/empty.h>
#include <algorithm>

namespace pikv {

FileCache::FileCache(std::unique_ptr<const ByteSource> file, DumpLayout layout)
    : m_file(std::move(file))
    , m_layout(std::move(layout))
{
    m_info = std::move(m_layout.info);
    m_info.path = m_file->name();
}

at::Tensor FileCache::read(const TensorEntry& entry) const
{
    at::Tensor tensor = at::empty(entry.shape, torchType(entry.dtype));
    m_file->read(entry.begin, std::span(static_cast<std::byte*>(tensor.data_ptr()), entry.bytes));
    return tensor;
}

LayerKv FileCache::layer(int index) const
{
    const LayerEntries& entries = m_layout.layers.at(static_cast<std::size_t>(index));
    LayerKv layer { read(entries.key), read(entries.value), {}, {} };
    if (entries.query)
        layer.query = read(*entries.query);
    if (entries.keep)
        layer.keep = read(*entries.keep).to(at::kBool);
    return layer;
}

at::Tensor FileCache::storedImportance() const
{
    if (!m_layout.importance)
        return {};
    const at::Tensor importance = read(*m_layout.importance).to(at::kFloat);
    // A NaN compares false, so that it fails the test as well.
    const auto* values = importance.data_ptr<float>();
    if (!std::all_of(values, values + importance.numel(), [](float v) { return v >= 0 && v <= 1; }))
        throw inputError(m_info.path + ": tensor " + inQuotes(m_layout.importance->name)
            + " has values outside 0 to 1; scale the importance before saving it.");
    return importance;
}

at::Tensor FileCache::attentionMask() const
{
    return m_layout.attentionMask ? read(*m_layout.attentionMask).to(at::kBool) : at::Tensor();
}

bool FileCache::hasKeep() const
{
    return std::any_of(
        m_layout.layers.begin(), m_layout.layers.end(), [](const LayerEntries& l) { return l.keep.has_value(); });
}

} // namespace pikv
