// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/folderlock.h"
#include <string>
#include <string_view>

namespace pikv {

/// A small text file in userDataDir() that several programs read and change. It is read whole each time and is not
/// counted among the inputs, so that it may be written later.
class UserFile {
public:
    explicit UserFile(std::string_view name); ///< "told.json"
    const std::string& path() const { return m_path; }

    /// "" where there is none. Throws Error{Input} where it is no regular file of at most 16 MiB or cannot be read.
    std::string read() const;
    /// Makes the folder and keeps others from changing the file while the lock lives.
    FolderLock lock() const;
    /// Renames a file that makes no sense to "<path>.damaged".
    void setAside() const;
    /// Whole or not at all. Throws Error{Resource}.
    void write(std::string_view text) const;

private:
    std::string m_folder, m_path;
};

} // namespace pikv
