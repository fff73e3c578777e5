// SPDX-License-Identifier: GPL-3.0-or-later
// What is known of a cache without its tensors: shapes, rotation, positions, token ids. Free of LibTorch.
#pragma once
#include "core/base/dtype.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pikv {

/// How the keys of a cache were rotated (RoPE, Su et al. 2021). Unknown where the dump does not say.
struct RopeInfo {
    enum class State { Unknown, Post, Pre }; ///< keys stored after or before the rotation
    enum class Layout { Unknown, Half, Interleaved }; ///< pairs (i, i+d/2) or (2i, 2i+1)
    State state = State::Unknown;
    Layout layout = Layout::Unknown;
    std::optional<double> theta; ///< base of the frequencies
    int dim = 0; ///< rotated channels a head; 0: all of head_dim
    std::string scaling; ///< JSON of the scaling rule; "" or "none": none
    /// Keys can be un-rotated: state, layout and base are known, and the scaling rule is one of ropeFrequencies().
    bool invertible() const;
    bool operator==(const RopeInfo&) const = default;
};

/// Shapes of one layer: key `[batch, kv_heads, seq, key_dim]`, value `[batch, kv_heads, seq, value_dim]`,
/// query `[batch, query_heads, query_count, key_dim]` (query_heads = 0: none stored).
struct LayerShape {
    std::int64_t batch = 0, kvHeads = 0, seq = 0, keyDim = 0, valueDim = 0;
    std::int64_t queryHeads = 0, queryCount = 0;
    /// Token of row 0: a layer that keeps fewer rows than others (a sliding window) holds the last tokens.
    std::int64_t firstToken = 0;
    DType keyDtype = DType::F16, valueDtype = DType::F16;
    DType queryDtype = DType::F16; ///< F16 where there are no queries

    std::int64_t rows() const { return batch * kvHeads * seq; }
    std::int64_t elements() const { return rows() * (keyDim + valueDim); }
    bool operator==(const LayerShape&) const = default;
};

/// What the user says of a dump whose file does not say it, or says it wrong: by the names of toldEntries().
using Told = std::map<std::string, std::string>;

/// One of several caches in a file, of which one is read at a time.
struct DumpPart {
    std::string id; ///< "0"; how the user names it
    std::string label; ///< "sequence 0, 512 cells"
    bool operator==(const DumpPart&) const = default;
};

/// What is known of a cache without reading its tensors.
struct CacheInfo {
    std::string path; ///< as given by the user; "" for a cache made in memory
    std::string format; ///< "pikv-kv-1 (safetensors)", "pikv (compressed)", …
    std::string model; ///< "" where unknown
    std::string text; ///< the text that was prefilled; "" where unknown
    std::string config; ///< Hugging Face config.json of the model, JSON text; "" where unknown
    std::uint64_t fileBytes = 0; ///< size of the dump on disk
    std::vector<LayerShape> layers;
    /// Of every layer in the model, ascending: models may have layers without a cache between them. Empty: 0, 1, …
    std::vector<int> layerNumbers;
    RopeInfo rope;
    std::vector<RopeInfo> layerRopes; ///< of every layer where they differ; empty: `rope` is that of all
    std::vector<std::int64_t> positions; ///< position of every row; empty: 0 … seq-1
    std::vector<std::int64_t> queryPositions; ///< positions of the query rows; empty: no queries
    std::vector<std::int64_t> tokenIds; ///< [batch * seq], row-major; empty: unknown
    bool hasImportance = false; ///< the dump carries `importance` [batch, seq]
    /// Attention mask [batch * seq], row-major: 0 for padding, whose rows are nobody's tokens. Empty: all are tokens.
    std::vector<std::uint8_t> visible;
    /// What a reader had to assume, or found to contradict itself: one sentence each.
    std::vector<std::string> notes;
    Told told; ///< what the user said of the dump; all that is told is already in what stands above
    std::vector<DumpPart> parts; ///< the file holds several caches; empty: one
    std::string part; ///< id of the one that is read; "" where there is one
    /// The file gives kv_heads x head_dim as one number, which these divide; empty: it says how many heads there are.
    std::vector<std::int64_t> headDims;
    std::map<std::string, std::string> metadata; ///< every other key of the file's metadata, kept as it was

    const RopeInfo& ropeOf(std::size_t layer) const { return layerRopes.empty() ? rope : layerRopes.at(layer); }
    int layerNumber(std::size_t layer) const
    {
        return layerNumbers.empty() ? static_cast<int>(layer) : layerNumbers.at(layer);
    }
    bool hasPadding() const { return !visible.empty(); }
    /// Rows of sequence `item` in a layer of this shape that are tokens.
    std::int64_t tokensIn(const LayerShape& layer, std::int64_t item) const;
    /// Elements of the layers' rows that are tokens.
    std::int64_t elements() const;
    /// 16-bit reference size: element count x 2 bytes, whatever dtype the dump has.
    std::uint64_t referenceBytes() const { return static_cast<std::uint64_t>(elements()) * 2; }
    bool hasQueries() const { return !layers.empty() && layers.front().queryHeads > 0; }
    bool uniform() const; ///< all layers have the same shape
    std::int64_t batch() const { return layers.empty() ? 0 : layers.front().batch; }
    /// Tokens of the longest layer; layers with a sliding window keep only the last ones.
    std::int64_t seq() const;
    /// "30 layers x [1, 3, 256, 64] f16", with K and V apart where they differ; a run of equal layers after the other.
    std::string shapeText() const;
};

/// Sets LayerShape::firstToken: rows end with the longest layer's.
void alignLayers(std::vector<LayerShape>& layers);
/// Tokens of every sequence: seq() of each where there is no padding.
std::vector<std::int64_t> tokenCounts(const CacheInfo& info);
/// Leaves out a mask that hides nothing.
void dropFullMask(CacheInfo& info);

} // namespace pikv
