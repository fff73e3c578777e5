// SPDX-License-Identifier: GPL-3.0-or-later
// Which of OpenBLAS's kernels a processor can execute, and whether OpenBLAS 0.3.21 would find it by itself.
#include "core/base/blaskernel.h"
#include <climits>
#include <cstdlib>
#include <dlfcn.h>
#include <unistd.h>

namespace pikv {

ProcessorFeatures processorFeatures()
{
    ProcessorFeatures f;
#ifdef __x86_64__
    __builtin_cpu_init();
    f.amd = __builtin_cpu_is("amd");
    f.sse42 = __builtin_cpu_supports("sse4.2");
    f.avx = __builtin_cpu_supports("avx");
    f.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    f.avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd")
        && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl");
#endif
    return f;
}

std::string_view betterBlasKernel(std::string_view taken, const ProcessorFeatures& features)
{
    if (taken != "Prescott")
        return {};
    if (features.avx512 && features.avx2)
        return "SkylakeX"; // AMD's too, which run it faster than their own of 256 bits
    if (features.avx2)
        return features.amd ? "Zen" : "Haswell";
    if (features.avx)
        return "Sandybridge";
    return features.sse42 ? "Nehalem" : "";
}

std::string blasKernel(void* library)
{
    const auto name
        = reinterpret_cast<const char* (*)()>(::dlsym(library ? library : RTLD_DEFAULT, "openblas_get_corename"));
    return name ? name() : std::string();
}

bool preferBetterBlasKernel(void* library)
{
    constexpr const char* variable = "OPENBLAS_CORETYPE";
    if (std::getenv(variable))
        return false;
    const std::string_view better = betterBlasKernel(blasKernel(library), processorFeatures());
    return !better.empty() && ::setenv(variable, std::string(better).c_str(), 0) == 0;
}

void restartProgram(char** arguments)
{
    char path[PATH_MAX];
    const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0)
        return;
    path[length] = '\0';
    (void)::execv(path, arguments);
}

} // namespace pikv
