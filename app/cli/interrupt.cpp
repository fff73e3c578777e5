// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/interrupt.h"
#include "core/base/writesignals.h"
#include <atomic>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <thread>
#include <unistd.h>

namespace pikv::cli {
namespace {

int s_pipe[2] = { -1, -1 };

/// Asking a stop_source is not safe inside a handler, writing a byte is; a thread passes it on.
void onSignal(int number)
{
    static std::atomic_flag s_asked;
    if (s_asked.test_and_set()) {
        std::signal(number, SIG_DFL);
        std::raise(number);
        return;
    }
    const int saved = errno;
    (void)!::write(s_pipe[1], "", 1);
    errno = saved;
}

/// Whoever started us may have told us not to listen, as nohup and background jobs do.
void listenTo(int number)
{
    struct ::sigaction action { };
    if (::sigaction(number, nullptr, &action) != 0 || action.sa_handler == SIG_IGN)
        return;
    action = {};
    action.sa_handler = onSignal;
    action.sa_flags = SA_RESTART;
    ::sigaction(number, &action, nullptr);
}

} // namespace

std::stop_token handleSignals()
{
    ignoreWriteSignals();
    std::stop_source source;
    if (::pipe2(s_pipe, O_CLOEXEC) != 0)
        return source.get_token(); // without descriptors left signals keep their default effect
    std::thread([source]() mutable {
        char byte = 0;
        while (::read(s_pipe[0], &byte, 1) < 0 && errno == EINTR) { }
        source.request_stop();
    }).detach();
    listenTo(SIGINT);
    listenTo(SIGTERM);
    return source.get_token();
}

} // namespace pikv::cli
