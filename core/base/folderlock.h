// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string>

namespace pikv {

/// Keeps other programs from changing the files of a folder meanwhile: locks the folder itself, so that no file is left
/// behind. Changing takes them milliseconds; one that is stopped meanwhile, and file systems without locks, are not
/// waited for longer than a second.
class FolderLock {
public:
    /// A folder that is not there is not locked.
    explicit FolderLock(const std::string& folder);
    ~FolderLock();
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

private:
    int m_descriptor;
};

} // namespace pikv
