// SPDX-License-Identifier: GPL-3.0-or-later
// The whole of both executables: sets OpenMP's wait policy, then loads the library that holds the program.
//
// OpenMP's threads spin at every barrier by default. On a machine that is busy with anything else two spinning threads
// starve each other: beside a compiler the opening comparison took 98 s instead of 3 s. libgomp reads its policy from
// the environment when it is loaded, before any code of a program that is linked to it; so the program is not linked to it.
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>

int main(int argc, char** argv)
{
    setenv("OMP_WAIT_POLICY", "passive", 0);
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
