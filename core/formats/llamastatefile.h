// SPDX-License-Identifier: GPL-3.0-or-later
// llama.cpp's state files as they lie on disk: which cells, whose, and where their rows are.
#pragma once
#include "core/base/bytesource.h"
#include "core/kernels/ggmldequant.h"
#include <cstdint>
#include <string>
#include <vector>

namespace pikv {

/// "ggsn" and "ggsq", little endian, and the earliest of the versions of each that are known; those behind it are
/// counted as generations.
inline constexpr std::uint32_t llamaSessionMagic = 0x6767736E, llamaSlotMagic = 0x67677371, llamaSessionVersion = 9,
                               llamaSlotVersion = 2, llamaNewestGeneration = 2;
/// Metadata of a dump that was read from one.
inline constexpr const char *llamaArchitectureKey = "general.architecture",
                            *llamaVersionKey = "llama.cpp.state_version";

/// Keys or values of one layer: a row of `width` elements a cell, or, transposed, a row of one element of every cell
/// for each of `width` channels.
struct LlamaTensor {
    GgmlType type = GgmlType::F16;
    std::int64_t width = 0; ///< kv_heads x head_dim, head after head
    bool transposed = false;
    std::uint64_t begin = 0, bytes = 0; ///< in the file
};

/// The cells of one stream (all sequences share one, or each has its own).
struct LlamaStream {
    struct Member {
        std::int32_t sequence;
        std::uint32_t cell;
    };
    std::vector<std::int32_t> positions; ///< of every cell, at least 0
    std::vector<Member> members; ///< a cell may belong to several sequences
    /// Channels that a Hadamard matrix was multiplied with, 0 for none, as files of generation 2 say.
    std::uint32_t keyRotation = 0, valueRotation = 0;
    std::vector<LlamaTensor> keys, values; ///< of every layer, equally many
};

/// A session (ggsn, version 9 to 11: everything in a context) or a slot (ggsq, version 2 to 4: one sequence).
struct LlamaState {
    bool session = false;
    std::uint32_t generation = 0; ///< 1 since autumn 2026, 2 since October 2026: it says what was rotated
    std::string architecture; ///< "llama", "qwen2", …; sessions alone name it
    std::vector<std::int32_t> tokens; ///< of position 0, 1, …; -1 where an image or the like stands
    bool hasOutputs = false; ///< logits and embeddings are in the file, as until early 2026
    bool hasStreams = false; ///< says how many streams there are, as since mid 2025
    bool packedTokens = false; ///< tokens as a server of August 2026 or later writes them
    /// Usually one; models with a sliding window have a second one with the layers of the window.
    std::vector<std::vector<LlamaStream>> sections;
};

/// The layout changed without its version number: every known one is tried, and one must fit the file to its last byte.
/// Reads headers only. Throws Error{Input} with the offset at which the layout that goes furthest fails, and for other
/// versions by their number.
LlamaState readLlamaState(const ByteSource& file);

} // namespace pikv
