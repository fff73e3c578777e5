// SPDX-License-Identifier: GPL-3.0-or-later
// An OpenBLAS that does not know the processor: unless told otherwise it takes it for a Prescott. Says on standard
// error what it was told when it was loaded.
#include <cstdio>
#include <cstdlib>

namespace {
[[gnu::constructor]] void tell()
{
    const char* told = std::getenv("OPENBLAS_CORETYPE");
    std::fprintf(stderr, "fake OpenBLAS: %s\n", told ? told : "nothing");
}
}

extern "C" const char* openblas_get_corename()
{
    const char* told = std::getenv("OPENBLAS_CORETYPE");
    return told ? told : "Prescott";
}
