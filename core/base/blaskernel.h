// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string>
#include <string_view>

namespace pikv {

/// What a processor, and the operating system on it, can execute: what OpenBLAS's kernels for x86-64 differ in.
struct ProcessorFeatures {
    bool amd = false;
    bool sse42 = false;
    bool avx = false;
    bool avx2 = false; ///< with FMA
    bool avx512 = false; ///< the foundation with CD, BW, DQ and VL
};

/// This processor's; nothing where it is none of x86-64.
ProcessorFeatures processorFeatures();

/// The kernel, as OPENBLAS_CORETYPE names it, to set where OpenBLAS took `taken` on a processor with `features`; empty:
/// to leave its choice. OpenBLAS tells processors apart by their model and takes those that it does not know, which are
/// the newest, for a Prescott of 2004.
std::string_view betterBlasKernel(std::string_view taken, const ProcessorFeatures& features);

/// The kernel in use, such as "Haswell", of the OpenBLAS that `library` (a handle of dlopen()) or, null, the caller's
/// libraries hold; empty where they hold another BLAS.
std::string blasKernel(void* library = nullptr);

/// Sets OPENBLAS_CORETYPE where the user has not and a better kernel is known; `library` as above. OpenBLAS reads it
/// when it is loaded: where the answer is true the program must begin anew, with restartProgram().
bool preferBetterBlasKernel(void* library = nullptr);

/// Begins this program anew, with these arguments and the environment as it is now. Returns where that cannot be done.
void restartProgram(char** arguments);

} // namespace pikv
