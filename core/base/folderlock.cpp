// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/folderlock.h"
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

namespace pikv {

FolderLock::FolderLock(const std::string& folder)
    : m_descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC))
{
    using namespace std::chrono;
    const auto patience = steady_clock::now() + seconds(1);
    while (m_descriptor >= 0 && ::flock(m_descriptor, LOCK_EX | LOCK_NB) != 0
        && (errno == EWOULDBLOCK || errno == EINTR) && steady_clock::now() < patience)
        std::this_thread::sleep_for(milliseconds(2));
}

FolderLock::~FolderLock()
{
    if (m_descriptor >= 0)
        ::close(m_descriptor);
}

} // namespace pikv
