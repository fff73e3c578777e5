// SPDX-License-Identifier: GPL-3.0-or-later
// Which files the work at hand was made from, so that no result is written over one of them.
#pragma once
#include <cstdint>
#include <string>
#include <utility>

namespace pikv {

/// What a file is on this machine, whatever it is called: hard and symbolic links to it are the same file.
using FileId = std::pair<std::uint64_t, std::uint64_t>; ///< device, inode

/// Keeps one file counted among the inputs while it lives. FileSource holds one while the file is open; what was read
/// and closed, but is still worked with (a model, a calibration), holds one as long.
class InputFile {
public:
    InputFile() = default;
    explicit InputFile(FileId id);
    /// The file at `path`; holds nothing where there is none.
    explicit InputFile(const std::string& path);
    InputFile(InputFile&& other) noexcept
        : m_id(std::exchange(other.m_id, {}))
    {
    }
    InputFile& operator=(InputFile&& other) noexcept
    {
        std::swap(m_id, other.m_id);
        return *this;
    }
    ~InputFile();

    /// The file at `path` is an input of something.
    static bool is(const std::string& path);
    /// From now on a file that was an input once stays one: for a program whose work ends with it.
    static void keepAll();

private:
    FileId m_id {}; ///< inode 0: none
};

} // namespace pikv
