// SPDX-License-Identifier: GPL-3.0-or-later
// Everything that an evaluation reads, in one order, into one hash.
#include "core/dumps/fingerprint.h"
#include "core/base/hash.h"
#include "core/cache/crossattention.h"
#include "core/cache/kvcache.h"

namespace pikv {
namespace {

/// Grows with every change of what is hashed, so that an old fingerprint never passes for a new one.
constexpr std::string_view scheme = "pikv-fingerprint-1";

template <typename T>
void addNumbers(ContentHasher& hasher, const std::vector<T>& numbers)
{
    hasher.add(std::string_view(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T)));
}

void addNumber(ContentHasher& hasher, std::int64_t number) { hasher.add(asBytes(&number, sizeof number)); }

void addRope(ContentHasher& hasher, const RopeInfo& rope)
{
    addNumber(hasher, static_cast<int>(rope.state));
    addNumber(hasher, static_cast<int>(rope.layout));
    const double theta = rope.theta.value_or(-1);
    hasher.add(asBytes(&theta, sizeof theta));
    addNumber(hasher, rope.dim);
    hasher.add(std::string_view(rope.scaling));
}

void addInfo(ContentHasher& hasher, const CacheInfo& info)
{
    addNumber(hasher, static_cast<std::int64_t>(info.layers.size()));
    for (const LayerShape& layer : info.layers)
        addNumber(hasher, layer.firstToken);
    addNumbers(hasher, info.layerNumbers);
    addRope(hasher, info.rope);
    addNumber(hasher, static_cast<std::int64_t>(info.layerRopes.size()));
    for (const RopeInfo& rope : info.layerRopes)
        addRope(hasher, rope);
    addNumbers(hasher, info.positions);
    addNumbers(hasher, info.queryPositions);
    addNumbers(hasher, info.tokenIds);
    addNumbers(hasher, info.visible);
    if (isCross(info)) // others keep the fingerprint that they had before there were such
        hasher.add(std::string_view(crossAttentionValue));
}

void addTensor(ContentHasher& hasher, const at::Tensor& tensor)
{
    addNumber(hasher, tensor.defined() ? tensor.dim() : -1);
    if (!tensor.defined())
        return;
    addNumber(hasher, static_cast<int>(tensor.scalar_type()));
    for (const std::int64_t size : tensor.sizes())
        addNumber(hasher, size);
    const at::Tensor plain = tensor.contiguous();
    hasher.add(asBytes(plain.data_ptr(), plain.nbytes()));
}

} // namespace

std::string infoHash(const CacheInfo& info)
{
    ContentHasher hasher;
    hasher.add(scheme);
    addInfo(hasher, info);
    return hasher.value();
}

std::string cacheFingerprint(const KvCache& cache, const JobControl& job)
{
    ContentHasher hasher;
    hasher.add(scheme);
    addInfo(hasher, cache.info());
    addTensor(hasher, cache.storedImportance());
    for (int i = 0; i < cache.layerCount(); ++i) {
        job.checkpoint();
        job.report({ "Reading layer", i + 1, cache.layerCount() });
        const LayerKv layer = cache.layer(i);
        for (const at::Tensor& tensor : { layer.key, layer.value, layer.query, layer.keep }) {
            job.checkpoint();
            addTensor(hasher, tensor);
        }
    }
    return hasher.value();
}

} // namespace pikv
