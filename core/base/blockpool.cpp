// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/blockpool.h"
#include <algorithm>
#include <cstdint>
#include <sys/mman.h>

namespace pikv {
namespace {

constexpr std::size_t hugePage = std::size_t(2) << 20;
/// What kept blocks may take beyond the peak of those in use: without it, a small request would often cost a large block.
constexpr std::size_t slack = std::size_t(64) << 20;

/// mmap aligns to 4 KB only: maps a huge page more, and unmaps what lies before and behind.
void* mapAligned(std::size_t bytes)
{
    void* mapped = ::mmap(nullptr, bytes + hugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
        return nullptr;
    auto* start = static_cast<std::byte*>(mapped);
    const std::size_t before = (hugePage - reinterpret_cast<std::uintptr_t>(start) % hugePage) % hugePage;
    if (before > 0)
        ::munmap(start, before);
    if (before < hugePage)
        ::munmap(start + before + bytes, hugePage - before);
    ::madvise(start + before, bytes, MADV_HUGEPAGE); // where the kernel has none, small pages do
    return start + before;
}

} // namespace

BlockPool::~BlockPool() { trim(); }

void* BlockPool::take(std::size_t bytes)
{
    if (bytes > SIZE_MAX - 2 * hugePage)
        return nullptr;
    const std::size_t size = (std::max(bytes, std::size_t(1)) + hugePage - 1) / hugePage * hugePage;
    const std::lock_guard lock(m_mutex);
    if (void* kept = takeKept(size))
        return kept;
    m_peak = std::max(m_peak, m_bytesInUse + size);
    keepBelow(m_peak + slack - m_bytesInUse - size);
    void* data = mapAligned(size);
    if (!data && m_bytesKept > 0) {
        keepBelow(0);
        data = mapAligned(size);
    }
    if (data)
        countUse(data, size);
    return data;
}

/// The youngest that is at most an eighth too large: its pages are the likeliest to be in the processor's caches.
void* BlockPool::takeKept(std::size_t bytes)
{
    for (auto block = m_kept.rbegin(); block != m_kept.rend(); ++block) {
        if (block->bytes < bytes || block->bytes - bytes > bytes / 8)
            continue;
        const Block found = *block;
        m_kept.erase(std::next(block).base());
        m_bytesKept -= found.bytes;
        countUse(found.data, found.bytes);
        return found.data;
    }
    return nullptr;
}

void BlockPool::keepBelow(std::size_t bytes)
{
    while (m_bytesKept > bytes) {
        // The smallest that is enough, else the oldest.
        auto victim = m_kept.begin();
        for (auto block = m_kept.begin(); block != m_kept.end(); ++block)
            if (block->bytes >= m_bytesKept - bytes && (victim->bytes < m_bytesKept - bytes || block->bytes < victim->bytes))
                victim = block;
        m_bytesKept -= victim->bytes;
        ::munmap(victim->data, victim->bytes);
        m_kept.erase(victim);
    }
}

void BlockPool::countUse(void* data, std::size_t bytes)
{
    m_used.emplace(data, bytes);
    m_bytesInUse += bytes;
    m_peak = std::max(m_peak, m_bytesInUse);
}

void BlockPool::give(void* block)
{
    const std::lock_guard lock(m_mutex);
    const auto used = m_used.find(block);
    if (used == m_used.end())
        return;
    m_kept.push_back({ block, used->second });
    m_bytesKept += used->second;
    m_bytesInUse -= used->second;
    m_used.erase(used);
}

void BlockPool::trim()
{
    const std::lock_guard lock(m_mutex);
    keepBelow(0);
    m_peak = m_bytesInUse;
}

std::size_t BlockPool::bytesInUse() const
{
    const std::lock_guard lock(m_mutex);
    return m_bytesInUse;
}

std::size_t BlockPool::bytesKept() const
{
    const std::lock_guard lock(m_mutex);
    return m_bytesKept;
}

BlockPool& BlockPool::process()
{
    static BlockPool* pool = new BlockPool; // tensors of static storage may outlive any order of destruction
    return *pool;
}

} // namespace pikv
