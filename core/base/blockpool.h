// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <new>
#include <unordered_map>

namespace pikv {

/// Large blocks of memory that are kept when freed, for the next request of about their size. Every layer of a cache needs
/// the same tensors again, and fresh memory costs a page fault every 4 KB: more than a fast codec's own time. Blocks lie on
/// huge pages where the system has them. Blocks in use and kept ones together take at most 64 MB more than the blocks in use
/// took at their peak, so that keeping them hardly raises it. Thread-safe.
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
    /// Takes back what take() gave.
    void give(void* block);
    /// Unmaps kept blocks, and forgets the peak.
    void trim();

    std::size_t bytesInUse() const;
    std::size_t bytesKept() const;

    /// The process's own, that of LibTorch's tensors; lives until the process ends.
    static BlockPool& process();

private:
    struct Block {
        void* data = nullptr;
        std::size_t bytes = 0;
    };
    void* takeKept(std::size_t bytes);
    void keepBelow(std::size_t bytes);
    void countUse(void* data, std::size_t bytes);

    mutable std::mutex m_mutex;
    std::deque<Block> m_kept; ///< oldest first
    std::unordered_map<void*, std::size_t> m_used;
    std::size_t m_bytesKept = 0, m_bytesInUse = 0, m_peak = 0;
};

/// For containers that grow large: their large blocks come from BlockPool::process(). AddressSanitizer sees accesses beyond
/// malloc's blocks only, so there all of them do.
template <typename T> struct PoolAllocator {
    using value_type = T;
#if defined(__SANITIZE_ADDRESS__)
    static constexpr bool pools = false;
#else
    static constexpr bool pools = true;
#endif

    PoolAllocator() = default;
    template <typename U> PoolAllocator(const PoolAllocator<U>&) { }

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
    static bool isLarge(std::size_t count) { return pools && count * sizeof(T) >= BlockPool::smallestBlock; }
};

} // namespace pikv
