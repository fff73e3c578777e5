// SPDX-License-Identifier: GPL-3.0-or-later
// The memory pool of large tensors, its switch, and the allocator that lets containers use it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <new>
#include <optional>
#include <unordered_map>

namespace pikv {

/// Large blocks of memory that are kept when freed, for later requests. Every layer of a cache needs the same tensors
/// again, and fresh memory costs clearing every page: more than a fast codec's own time. What is asked for next need
/// not be of a kept block's size: large ones are split, and the pages of small ones are moved to lie one after the
/// other, which costs far less than clearing new ones. So fresh memory is taken only when nothing is kept, and keeping
/// never raises the peak. Blocks lie on huge pages where the system has them. Thread-safe.
class BlockPool {
public:
    /// Below this, malloc serves as well.
    static constexpr std::size_t smallestBlock = std::size_t(4) << 20;

    BlockPool() = default;
    BlockPool(const BlockPool&) = delete;
    BlockPool& operator=(const BlockPool&) = delete;
    /// Unmaps kept blocks; those still in use stay.
    ~BlockPool();

    /// A block of at least `bytes`, aligned to 2 MB, its contents undefined; nullptr where the system has none.
    void* take(std::size_t bytes);
    /// Takes back what take() gave; false where it did not give this.
    bool give(void* block);
    /// Unmaps kept blocks.
    void trim();

    std::size_t bytesInUse() const;
    std::size_t bytesKept() const;

    /// The process's own, that of LibTorch's tensors; lives until the process ends.
    static BlockPool& process();
    /// The one switch: false where the environment has PIKV_BLOCK_POOL=0, or under AddressSanitizer, which sees
    /// accesses beyond malloc's blocks only. LibTorch and PoolAllocator then take all memory from malloc. Fixed at the
    /// first call.
    static bool enabled();

private:
    struct Block {
        std::byte* data = nullptr;
        std::size_t bytes = 0;
        std::deque<std::size_t> pieces; ///< bytes of each, in order: the system moves pages of one mapping at a time
    };
    std::optional<Block> takeFitting(std::size_t bytes);
    std::optional<Block> takePart(std::size_t bytes);
    std::optional<Block> assemble(std::size_t bytes);
    void unmapKept();

    mutable std::mutex m_mutex;
    std::deque<Block> m_kept; ///< oldest first
    std::unordered_map<void*, Block> m_used;
    std::size_t m_bytesKept = 0, m_bytesInUse = 0;
};

/// For containers that grow large: their large blocks come from BlockPool::process() where it is enabled.
template <typename T>
struct PoolAllocator {
    using value_type = T;

    PoolAllocator() = default;
    template <typename U>
    PoolAllocator(const PoolAllocator<U>&)
    {
    }

    T* allocate(std::size_t count)
    {
        if (count > SIZE_MAX / sizeof(T))
            throw std::bad_array_new_length();
        if (!isLarge(count))
            return static_cast<T*>(::operator new(count * sizeof(T)));
        void* block = BlockPool::process().take(count * sizeof(T));
        if (!block)
            throw std::bad_alloc();
        return static_cast<T*>(block);
    }
    void deallocate(T* data, std::size_t count)
    {
        if (isLarge(count))
            BlockPool::process().give(data);
        else
            ::operator delete(data);
    }
    bool operator==(const PoolAllocator&) const { return true; }

private:
    static bool isLarge(std::size_t count)
    {
        return count * sizeof(T) >= BlockPool::smallestBlock && BlockPool::enabled();
    }
};

} // namespace pikv
