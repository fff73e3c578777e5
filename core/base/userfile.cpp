// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/userfile.h"
#include "core/base/atomicfile.h"
#include "core/base/datafiles.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>

namespace fs = std::filesystem;

namespace pikv {

constexpr std::uint64_t mostBytes = 16u << 20;

UserFile::UserFile(std::string_view name)
    : m_folder(userDataDir())
    , m_path(m_folder + "/" + std::string(name))
{
}

std::string UserFile::read() const
{
    std::error_code unknown;
    if (!fs::exists(m_path, unknown))
        return {};
    if (!fs::is_regular_file(m_path, unknown) || fs::file_size(m_path, unknown) > mostBytes)
        throw inputError(m_path + " is no regular file of at most " + byteText(mostBytes));
    std::ifstream in(m_path, std::ios::binary);
    std::string text { std::istreambuf_iterator<char>(in), {} };
    if (!in)
        throw inputError(m_path + " cannot be read");
    return text;
}

FolderLock UserFile::lock() const
{
    std::error_code unknown;
    fs::create_directories(m_folder, unknown); // where it cannot be made, writing into it says so
    return FolderLock(m_folder);
}

void UserFile::setAside() const
{
    std::error_code unknown;
    fs::rename(m_path, m_path + ".damaged", unknown);
}

void UserFile::write(std::string_view text) const
{
    AtomicFile out(m_path, text.size());
    out.append(std::as_bytes(std::span(text)));
    out.commit();
}

} // namespace pikv
