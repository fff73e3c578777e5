// SPDX-License-Identifier: GPL-3.0-or-later
// Names tensors: for compressor authors and the engine. The window includes cachehandle.h instead.
#pragma once
#include "core/cache/cacheinfo.h"
#include <ATen/core/Tensor.h>
#include <memory>
#include <string>

namespace pikv {

/// One layer's tensors. Undefined tensors mean "not there".
struct LayerKv {
    at::Tensor key; ///< [batch, kv_heads, seq, key_dim]
    at::Tensor value; ///< [batch, kv_heads, seq, value_dim]
    at::Tensor query; ///< optional [batch, query_heads, query_count, key_dim], post-RoPE
    /// Optional bool [batch, kv_heads, seq]: false rows were dropped. Attention must ignore them (they are not
    /// zeros to attend to); their key and value rows hold zeros.
    at::Tensor keep;
};

LayerShape shapeOf(const LayerKv& layer);

/// A cache whose layers come on demand. Safe to read from several threads at once.
class KvCache {
public:
    virtual ~KvCache() = default;
    const CacheInfo& info() const { return m_info; }
    int layerCount() const { return static_cast<int>(m_info.layers.size()); }
    /// Reads one layer into memory, in the dump's dtypes, on the CPU. Throws Error{Input} when the file changed,
    /// shrank or vanished since it was opened.
    virtual LayerKv layer(int index) const = 0;
    /// Index of the layer in the whole cache: differs from `index` in a view of some layers. layerNumber() is that in
    /// the model.
    virtual int sourceLayer(int index) const { return index; }
    virtual int sourceLayerCount() const { return layerCount(); }
    /// What the layer is called: its number in the model.
    int layerNumber(int index) const
    {
        return m_info.layerNumbers.empty() ? sourceLayer(index)
                                           : m_info.layerNumbers.at(static_cast<std::size_t>(index));
    }
    /// The dump's own importance, f32 [batch, seq] in [0, 1]; undefined where it has none.
    virtual at::Tensor storedImportance() const { return {}; }
    /// CacheInfo::visible as bool [batch, seq]; undefined where all rows are tokens.
    at::Tensor attentionMask() const;
    /// Some layer comes with a keep-mask.
    virtual bool hasKeep() const { return false; }

protected:
    CacheInfo m_info;
};

/// A cache held in memory: decoded, generated or captured.
class MemoryCache : public KvCache {
public:
    /// `info.layers` is taken from the tensors; everything else of `info` is kept.
    MemoryCache(CacheInfo info, std::vector<LayerKv> layers, at::Tensor importance = {});
    LayerKv layer(int index) const override;
    at::Tensor storedImportance() const override { return m_importance; }
    bool hasKeep() const override;

private:
    std::vector<LayerKv> m_layers;
    at::Tensor m_importance;
};

} // namespace pikv
