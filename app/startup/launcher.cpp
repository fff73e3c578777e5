// SPDX-License-Identifier: GPL-3.0-or-later
// The whole of both executables: limits how long OpenMP's threads spin, then loads the library that holds the program.
//
// OpenMP's threads spin at every barrier, for milliseconds by default. On a machine that is busy with anything else two
// spinning threads starve each other: beside a compiler the opening comparison took 98 s instead of 3 s. Threads that
// sleep at once are no better: LAPACK has so many short barriers that lora's fit took 1.8 s instead of 0.2 s. A short spin
// serves both. libgomp reads it from the environment when it is loaded, before any code of a program that is linked to
// it; so the program is not linked to it.
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>

int main(int argc, char** argv)
{
    setenv("GOMP_SPINCOUNT", "5000", 0);
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
