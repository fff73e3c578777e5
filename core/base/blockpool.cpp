// SPDX-License-Identifier: GPL-3.0-or-later
// Blocks are mappings in whole huge pages. A request is met by a kept block of about its size, by a part of a larger
// one, or by a new range of addresses into which the pages of kept blocks are moved (mremap) before fresh ones fill the
// rest.
#include "core/base/blockpool.h"
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <sys/mman.h>

namespace pikv {
namespace {

constexpr std::size_t hugePage = std::size_t(2) << 20;

/// mmap aligns to 4 KB only: maps a huge page more, and unmaps what lies before and behind.
std::byte* mapAligned(std::size_t bytes)
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

/// Moves the pages of `from`, within one mapping, over the fresh ones at `to`. Where the system refuses, `to` gets
/// fresh ones again, and `from` is given up. False where there are none: `to` may be a hole then.
bool movePages(std::byte* from, std::size_t bytes, std::byte* to)
{
    if (::mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED)
        return true;
    ::munmap(from, bytes);
    return ::mmap(to, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

} // namespace

BlockPool::~BlockPool() { trim(); }

void* BlockPool::take(std::size_t bytes)
{
    if (bytes > SIZE_MAX - 2 * hugePage)
        return nullptr;
    const std::size_t size = (std::max(bytes, std::size_t(1)) + hugePage - 1) / hugePage * hugePage;
    const std::lock_guard lock(m_mutex);
    std::optional<Block> block = takeFitting(size);
    if (!block)
        block = takePart(size);
    if (!block)
        block = assemble(size);
    if (!block)
        return nullptr;
    m_bytesInUse += block->bytes;
    std::byte* data = block->data;
    m_used.emplace(data, std::move(*block));
    return data;
}

/// The youngest that is at most an eighth too large: its pages are the likeliest to be in the processor's caches.
std::optional<BlockPool::Block> BlockPool::takeFitting(std::size_t bytes)
{
    for (auto block = m_kept.rbegin(); block != m_kept.rend(); ++block) {
        if (block->bytes < bytes || block->bytes - bytes > bytes / 8)
            continue;
        Block found = std::move(*block);
        m_kept.erase(std::next(block).base());
        m_bytesKept -= found.bytes;
        return found;
    }
    return {};
}

/// The beginning of the smallest kept block that is large enough.
std::optional<BlockPool::Block> BlockPool::takePart(std::size_t bytes)
{
    auto best = m_kept.end();
    for (auto block = m_kept.begin(); block != m_kept.end(); ++block)
        if (block->bytes > bytes && (best == m_kept.end() || block->bytes <= best->bytes))
            best = block;
    if (best == m_kept.end())
        return {};
    Block part { best->data, 0, {} };
    while (part.bytes < bytes) {
        std::size_t& piece = best->pieces.front();
        const std::size_t taken = std::min(piece, bytes - part.bytes);
        part.pieces.push_back(taken);
        part.bytes += taken;
        piece -= taken;
        if (piece == 0)
            best->pieces.pop_front();
    }
    best->data += bytes;
    best->bytes -= bytes;
    m_bytesKept -= bytes;
    return part;
}

/// A new range of addresses with the pages of kept blocks, and fresh ones for the rest.
std::optional<BlockPool::Block> BlockPool::assemble(std::size_t bytes)
{
    std::byte* data = mapAligned(bytes);
    if (!data && m_bytesKept > 0) {
        unmapKept();
        data = mapAligned(bytes);
    }
    if (!data)
        return {};
    Block block { data, bytes, {} };
    std::size_t filled = 0;
    while (!m_kept.empty() && filled < bytes) {
        Block& from = m_kept.back();
        const std::size_t taken = std::min(from.pieces.front(), bytes - filled);
        const bool moved = movePages(from.data, taken, data + filled);
        m_bytesKept -= taken;
        from.data += taken;
        from.bytes -= taken;
        from.pieces.front() -= taken;
        if (from.pieces.front() == 0)
            from.pieces.pop_front();
        if (from.bytes == 0)
            m_kept.pop_back();
        if (!moved) {
            ::munmap(data, bytes);
            return {};
        }
        block.pieces.push_back(taken);
        filled += taken;
    }
    if (filled < bytes)
        block.pieces.push_back(bytes - filled);
    return block;
}

void BlockPool::unmapKept()
{
    for (const Block& block : m_kept)
        ::munmap(block.data, block.bytes);
    m_kept.clear();
    m_bytesKept = 0;
}

bool BlockPool::give(void* block)
{
    const std::lock_guard lock(m_mutex);
    const auto used = m_used.find(block);
    if (used == m_used.end())
        return false;
    m_bytesKept += used->second.bytes;
    m_bytesInUse -= used->second.bytes;
    m_kept.push_back(std::move(used->second));
    m_used.erase(used);
    return true;
}

void BlockPool::trim()
{
    const std::lock_guard lock(m_mutex);
    unmapKept();
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

bool BlockPool::enabled()
{
#if defined(__SANITIZE_ADDRESS__)
    return false;
#else
    static const bool on = [] {
        const char* value = std::getenv("PIKV_BLOCK_POOL");
        return !value || std::string_view(value) != "0";
    }();
    return on;
#endif
}

BlockPool& BlockPool::process()
{
    static BlockPool* pool = new BlockPool; // tensors of static storage may outlive any order of destruction
    return *pool;
}

} // namespace pikv
