// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/engine.h"
#include "core/base/blaskernel.h"
#include "core/base/blockpool.h"
#include "core/eval/tensorallocator.h"
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <malloc.h>
#include <mutex>
#include <thread>
#include <torch/version.h>

namespace pikv {

void initEngine(int threads)
{
    static std::once_flag once; // LibTorch throws when its interop threads are set twice
    std::call_once(once, [] {
        installTensorAllocator();
        at::set_num_interop_threads(1);
        // What is not a tensor, such as codes: as for tensors, page faults are dearer than what is done with the
        // memory.
        ::mallopt(M_MMAP_THRESHOLD, 64 << 20);
        ::mallopt(M_TRIM_THRESHOLD, 256 << 20);
    });
    const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    const int wanted = threads > 0 ? threads : cores;
    // LibTorch makes its pool of threads anew at every call, and waits for the old one's, which has been seen to hang.
    if (at::get_num_threads() != wanted)
        at::set_num_threads(wanted);
}

void releaseMemory()
{
    BlockPool::process().trim();
    ::malloc_trim(0);
}

int engineThreads() { return at::get_num_threads(); }

std::string engineDescription()
{
    const std::string kernel = blasKernel();
    return "LibTorch " TORCH_VERSION ", " + (kernel.empty() ? "" : "OpenBLAS kernel " + kernel + ", ")
        + std::to_string(engineThreads()) + (engineThreads() == 1 ? " thread" : " threads")
        + ", CUDA: " + (at::hasCUDA() ? "yes" : "no");
}

} // namespace pikv
