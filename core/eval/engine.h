// SPDX-License-Identifier: GPL-3.0-or-later
// What a process does once with LibTorch. Torch-free.
#pragma once
#include <string>

namespace pikv {

/// Sets LibTorch's thread counts; once, before any other call. 0: all cores.
void initEngine(int threads);
/// Gives memory that finished jobs left behind back to the system; the engine keeps it for the next layer otherwise.
void releaseMemory();
int engineThreads();
/// "LibTorch 1.13.1, OpenBLAS kernel Haswell, 2 threads, CUDA: no" for the About box and --version; the kernel is left
/// out where LibTorch has another BLAS.
std::string engineDescription();

} // namespace pikv
