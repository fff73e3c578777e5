// SPDX-License-Identifier: GPL-3.0-or-later
// operator new of the whole program, counting what it hands out: what a parser takes must be bounded by what it reads.
#include "countedmemory.h"
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <malloc.h>
#include <new>

namespace {

std::atomic<std::int64_t> held { 0 }, most { 0 };

void* counted(void* block)
{
    if (!block)
        throw std::bad_alloc();
    const std::int64_t now = held += static_cast<std::int64_t>(::malloc_usable_size(block));
    most = std::max<std::int64_t>(most, now);
    return block;
}

void release(void* block)
{
    held -= static_cast<std::int64_t>(::malloc_usable_size(block));
    std::free(block);
}

} // namespace

namespace fuzz {

void countAllMemory() { ::setenv("PIKV_BLOCK_POOL", "0", 1); }

std::uint64_t startCounting()
{
    const std::int64_t now = held;
    most = now;
    return static_cast<std::uint64_t>(now);
}

std::uint64_t mostHeld() { return static_cast<std::uint64_t>(most); }

} // namespace fuzz

void* operator new(std::size_t size) { return counted(std::malloc(std::max<std::size_t>(1, size))); }
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new(std::size_t size, std::align_val_t alignment)
{
    const auto to = static_cast<std::size_t>(alignment);
    return counted(std::aligned_alloc(to, (std::max<std::size_t>(1, size) + to - 1) / to * to));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept
{
    try {
        return operator new(size);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void* operator new[](std::size_t size, const std::nothrow_t& none) noexcept { return operator new(size, none); }
void operator delete(void* block) noexcept { release(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { release(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { release(block); }
void operator delete[](void* block) noexcept { release(block); }
void operator delete(void* block, std::size_t) noexcept { release(block); }
void operator delete[](void* block, std::size_t) noexcept { release(block); }
void operator delete(void* block, std::align_val_t) noexcept { release(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { release(block); }
