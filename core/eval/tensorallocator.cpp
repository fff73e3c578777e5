// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/tensorallocator.h"
#include "core/base/blockpool.h"
#include <c10/core/CPUAllocator.h>
#include <new>
#include <torch/version.h>

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)
#define PIKV_ALLOCATOR_2_3
#endif

namespace pikv {
namespace {

/// Small tensors as LibTorch itself has them, large ones from the pool.
class TensorAllocator final : public c10::Allocator {
public:
#ifdef PIKV_ALLOCATOR_2_3
    c10::DataPtr allocate(std::size_t bytes) override { return allocated(bytes); }
    void copy_data(void* to, const void* from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }
#else
    c10::DataPtr allocate(std::size_t bytes) const override { return allocated(bytes); }
#endif
    /// For raw_allocate(), which oneDNN's operators call.
    c10::DeleterFnPtr raw_deleter() const override { return giveBack; }

private:
    static void giveBack(void* data)
    {
        if (!BlockPool::process().give(data))
            c10::GetDefaultCPUAllocator()->raw_deallocate(data);
    }
    static c10::DataPtr allocated(std::size_t bytes)
    {
        if (bytes < BlockPool::smallestBlock)
            return c10::GetDefaultCPUAllocator()->allocate(bytes);
        void* data = BlockPool::process().take(bytes);
        if (!data)
            throw std::bad_alloc();
        return { data, data, giveBack, c10::Device(c10::kCPU) };
    }
};

} // namespace

void installTensorAllocator()
{
    static TensorAllocator allocator;
    if (BlockPool::enabled())
        c10::SetCPUAllocator(&allocator);
}

} // namespace pikv
