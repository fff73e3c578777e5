// SPDX-License-Identifier: GPL-3.0-or-later
// Devices, threads and the errors of LibTorch.
#include "core/base/blaskernel.h"
#include "core/base/blockpool.h"
#include "core/eval/evaluator.h"
#include "core/eval/tensorallocator.h"
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <malloc.h>
#include <mutex>
#include <new>
#include <thread>
#include <torch/version.h>

namespace pikv {

Problem currentProblem()
{
    try {
        throw;
    } catch (const Error& e) {
        return { e.kind(), e.what() };
    } catch (const std::bad_alloc&) {
        return { ErrorKind::Resource, "Not enough memory for this job; try fewer layers or a smaller dump" };
    } catch (const c10::Error& e) {
        const std::string message = e.what_without_backtrace();
        const bool memory
            = message.find("alloc") != std::string::npos || message.find("out of memory") != std::string::npos;
        return { memory ? ErrorKind::Resource : ErrorKind::Internal, message };
    } catch (const std::exception& e) {
        return { ErrorKind::Internal, e.what() };
    } catch (...) {
        return { ErrorKind::Internal, "an unknown exception" };
    }
}

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

DeviceChoice parseDevice(std::string_view text)
{
    if (text == "auto")
        return DeviceChoice::Auto;
    if (text == "cpu")
        return DeviceChoice::Cpu;
    if (text == "cuda")
        return DeviceChoice::Cuda;
    throw usageError("unknown device '" + std::string(text) + "'; known are: auto, cpu, cuda");
}

std::string deviceName(DeviceChoice choice)
{
    const bool cuda = at::hasCUDA();
    if (choice == DeviceChoice::Cuda && !cuda)
        throw usageError(
            "device cuda: this LibTorch (" TORCH_VERSION ") has no CUDA, or no CUDA device is there; use cpu");
    return cuda && choice != DeviceChoice::Cpu ? "cuda:0" : "cpu";
}

std::string engineDescription()
{
    const std::string kernel = blasKernel();
    return "LibTorch " TORCH_VERSION ", " + (kernel.empty() ? "" : "OpenBLAS kernel " + kernel + ", ")
        + std::to_string(engineThreads()) + (engineThreads() == 1 ? " thread" : " threads")
        + ", CUDA: " + (at::hasCUDA() ? "yes" : "no");
}

} // namespace pikv
