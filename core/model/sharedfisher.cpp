// SPDX-License-Identifier: GPL-3.0-or-later
// The Fisher information of the caches that were asked for last.
#include "core/base/hash.h"
#include "core/model/fisherinformation.h"
#include <algorithm>
#include <chrono>
#include <list>
#include <mutex>

namespace pikv {
namespace {

constexpr std::size_t kept = 4; ///< some 20 MB each for a small model

struct Entry {
    std::string key; ///< hash of everything that the gradients depend on
    std::weak_ptr<const LanguageModel> model;
    std::shared_ptr<const CacheFisher> fisher;
};

std::mutex mutex; // of `entries`
std::list<Entry> entries; // the last used one first

std::string keyOf(const KvCache& cache, const FisherRequest& request, const JobControl& job)
{
    ContentHasher hasher;
    const auto add = [&](const auto& number) { hasher.add(asBytes(&number, sizeof number)); };
    add(request.predict);
    add(request.sinks);
    add(request.samples);
    add(request.undoesRope);
    add(request.seed);
    const std::vector<std::int64_t>& tokens = cache.info().tokenIds;
    hasher.add(asBytes(tokens.data(), tokens.size() * sizeof(std::int64_t)));
    for (int i = 0; i < cache.layerCount(); ++i) {
        job.checkpoint();
        const LayerKv kv = cache.layer(i);
        for (const at::Tensor& side : { kv.key, kv.value }) {
            const at::Tensor plain = side.cpu().contiguous();
            add(plain.scalar_type());
            hasher.add(asBytes(plain.data_ptr(), plain.nbytes()));
        }
    }
    return hasher.value();
}

std::shared_ptr<const CacheFisher> find(const std::string& key, const std::shared_ptr<const LanguageModel>& model)
{
    const std::lock_guard lock(mutex);
    const auto at = std::find_if(
        entries.begin(), entries.end(), [&](const Entry& e) { return e.key == key && e.model.lock() == model; });
    if (at == entries.end())
        return {};
    entries.splice(entries.begin(), entries, at);
    return entries.front().fisher;
}

} // namespace

std::shared_ptr<const CacheFisher> sharedFisher(const std::shared_ptr<const LanguageModel>& model, const KvCache& cache,
    const FisherRequest& request, const JobControl& job)
{
    const std::string key = keyOf(cache, request, job);
    if (auto known = find(key, model))
        return known;
    const auto start = std::chrono::steady_clock::now();
    auto fisher = std::make_shared<CacheFisher>();
    fisher->layers = fisherInformation(*model, cache, request, job);
    fisher->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const std::lock_guard lock(mutex);
    entries.push_front({ key, model, fisher });
    if (entries.size() > kept)
        entries.pop_back();
    return fisher;
}

} // namespace pikv
