// SPDX-License-Identifier: GPL-3.0-or-later
// The whole of both executables: refuses a hopeless limit on address space, limits how long OpenMP's threads spin, sees
// to OpenBLAS's kernel, then loads the library that holds the program.
//
// OpenMP's threads spin at every barrier, for milliseconds by default. On a machine that is busy with anything else two
// spinning threads starve each other: beside a compiler the opening comparison took 98 s instead of 3 s. Threads that
// sleep at once are no better: LAPACK has so many short barriers that lora's fit took 1.8 s instead of 0.2 s. A short
// spin serves both. libgomp reads it from the environment when it is loaded, before any code of a program that is
// linked to it; so the program is not linked to it.
//
// OpenBLAS chooses its kernel when it is loaded, too, and takes a processor that is newer than itself for a Prescott of
// 2004, on which matrices take twice the time and one eigensolver crashes. It is asked first (two milliseconds; the
// same library is then there for LibTorch), and where it chose so the executable begins anew with OPENBLAS_CORETYPE
// set.
//
// Below a small `ulimit -v` the libraries do not fail, they hang before main() and after it: OpenBLAS asks for its
// buffer of 128 MiB a thread again and again, pthreadpool waits for threads that could not be started. What is left for
// a dump above this floor is the engine's to judge (core/base/memory.h).
#include "core/base/blaskernel.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <sys/resource.h>
#include <thread>

namespace {

constexpr std::uint64_t kMebibyte = 1024 * 1024;
constexpr std::uint64_t kForLibraries = 1024 * kMebibyte; // 0.9 GB once `pikv list` has loaded them, measured
constexpr std::uint64_t kForThread = 256 * kMebibyte; // OpenBLAS's buffer, malloc's arena, the stack
constexpr int kTooLittleMemory = 4; // the exit status of the command line's contract

/// Whether the limit on address space leaves room to start; says on standard error what is needed if it does not.
bool fitsAddressSpace(const char* program)
{
    struct ::rlimit limit { };
    if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return true;
    const std::uint64_t needed = kForLibraries + std::thread::hardware_concurrency() * kForThread;
    if (limit.rlim_cur >= needed)
        return true;
    std::fprintf(stderr,
        "%s: %llu MiB of address space are needed to start, but the limit is %llu MiB (ulimit -v %llu)\n", program,
        static_cast<unsigned long long>(needed / kMebibyte),
        static_cast<unsigned long long>(limit.rlim_cur / kMebibyte),
        static_cast<unsigned long long>(limit.rlim_cur / 1024));
    return false;
}

void chooseBlasKernel(char** argv)
{
    void* openBlas = dlopen("libopenblas.so.0", RTLD_LAZY | RTLD_LOCAL);
    if (openBlas && pikv::preferBetterBlasKernel(openBlas))
        pikv::restartProgram(argv);
}

} // namespace

int main(int argc, char** argv)
{
    if (!fitsAddressSpace(argv[0]))
        return kTooLittleMemory;
    setenv("GOMP_SPINCOUNT", "5000", 0);
    chooseBlasKernel(argv);
    void* library = dlopen(PIKV_PROGRAM_LIBRARY, RTLD_NOW);
    if (!library) {
        std::fprintf(stderr, "%s: %s\n", argv[0], dlerror());
        return 1;
    }
    const auto program = reinterpret_cast<int (*)(int, char**)>(dlsym(library, "pikvMain"));
    if (!program) {
        std::fprintf(stderr, "%s: %s\n", argv[0], dlerror());
        return 1;
    }
    return program(argc, argv);
}
