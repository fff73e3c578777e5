// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/writesignals.h"
#include <csignal>

namespace pikv {

void ignoreWriteSignals()
{
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
}

} // namespace pikv
