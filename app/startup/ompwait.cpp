// SPDX-License-Identifier: GPL-3.0-or-later
// OpenMP's threads spin at every barrier by default. On a machine that is busy with anything else two spinning threads
// starve each other: the same evaluation took 34 s instead of 0.7 s beside a compiler. libgomp reads its wait policy when
// it is loaded, before any constructor of ours, so the default is set from .preinit_array, which runs earlier still.
#include <cstdlib>

namespace {
void waitPassively(int, char**, char**) { setenv("OMP_WAIT_POLICY", "passive", 0); }
}

[[gnu::used, gnu::section(".preinit_array")]] static void (*const preinit)(int, char**, char**) = waitPassively;
