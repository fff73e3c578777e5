// SPDX-License-Identifier: GPL-3.0-or-later
// For methods that transform the vectors of all layers and KV heads of a token together: a cache as rows, and back.
// What they share with others is around it: protected tokens, padding, rotation, names of sections.
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/kvcache.h"
#include "core/codec/container/encodedcache.h"
#include "core/codec/paramspec.h"
#include <ATen/core/Tensor.h>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pikv {

/// Tokens that are coded together: all of a cache without padding, else those of one sequence. A row is a token of a
/// sequence, its columns are the channels layer by layer and head by head.
struct JointTokens {
    std::string prefix; ///< of the names of their sections: "", or "0/" where there is padding
    std::int64_t batch = 1, seq = 0; ///< without the protected ones
    /// f32 [count(), width] on the CPU, of keys (without their rotation) and of values; clamped to f16's range.
    std::array<at::Tensor, 2> rows {};

    std::int64_t count() const { return batch * seq; }
};

/// Channels of all layers and heads: of keys (side 0), of values (side 1).
std::int64_t jointWidth(const std::vector<LayerShape>& layers, std::size_t side);

/// Of a method's parameters: `sinks`, `recent`, `rope`.
class JointLayers {
public:
    /// `params` outlive this.
    explicit JointLayers(const ParamSet& params)
        : m_params(params)
    {
    }
    bool undoesRope() const;
    /// Rows of a sequence that protection leaves, of every number of tokens that one has in this cache. Throws
    /// Error{Usage} that begins with `method` where it leaves none, or layers hold different tokens.
    std::vector<JointTokens> shapes(const CacheInfo& info, const std::string& method) const;
    /// Loads layer after layer. `kept`, if not null, gets the sections of protected tokens, a set a layer.
    std::vector<JointTokens> gather(const KvCache& cache, std::vector<SectionSet>* kept, const JobControl& job) const;
    /// The cache whose protected tokens are in `encoded` and whose other rows `decode` gives, shaped as gather() does.
    /// Throws Error{Input} where sections do not fit.
    std::shared_ptr<KvCache> rebuild(const EncodedCache& encoded,
        const std::function<std::array<at::Tensor, 2>(const JointTokens&)>& decode, const JobControl& job) const;

private:
    const ParamSet& m_params;
};

} // namespace pikv
