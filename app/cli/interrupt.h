// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <stop_token>

namespace pikv::cli {

/// Signals of the process, set up once. The first SIGINT or SIGTERM asks the token's jobs to stop, the second one ends
/// the process. SIGPIPE and SIGXFSZ are ignored: the write that caused them fails and says why.
std::stop_token handleSignals();

} // namespace pikv::cli
