// SPDX-License-Identifier: GPL-3.0-or-later
// Part of every test and benchmark that is linked to LibTorch. The launcher gives both programs OpenBLAS's right kernel
// before LibTorch is loaded (app/startup/launcher.cpp); here it is loaded before any code runs. So a test that OpenBLAS
// gave the wrong one begins anew, which costs half a second, but on such processors alone.
//
// PIKV_TEST_THREADS is the number of OpenMP's threads that packaging/test-kernels asks for: ctest sets OMP_NUM_THREADS
// itself, so that tests beside each other do not crowd the machine.
#include "core/base/blaskernel.h"
#include <cstdlib>
#include <cstring>

namespace {

/// glibc hands over main()'s arguments.
[[gnu::constructor]] void beginAsTheProgramDoes(int, char** argv, char**)
{
    bool anew = pikv::preferBetterBlasKernel();
    const char *wanted = std::getenv("PIKV_TEST_THREADS"), *threads = std::getenv("OMP_NUM_THREADS");
    if (wanted && (!threads || std::strcmp(wanted, threads) != 0))
        anew = setenv("OMP_NUM_THREADS", wanted, 1) == 0;
    if (anew)
        pikv::restartProgram(argv);
}

} // namespace
