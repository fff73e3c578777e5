// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace pikv {

/// SIGPIPE and SIGXFSZ, which would end the process, are ignored: the write that caused them fails and says why (a pipe
/// whose reader is gone, a file beyond the limit on file sizes). To be called once, before threads are started.
void ignoreWriteSignals();

} // namespace pikv
