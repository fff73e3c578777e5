// SPDX-License-Identifier: GPL-3.0-or-later
// Counts, by device and inode, how many holders each input file has.
#include "core/base/inputfiles.h"
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <sys/stat.h>

namespace pikv {
namespace {

struct Holders {
    std::mutex mutex;
    std::map<FileId, int> count;
    std::atomic<bool> keepAll { false };

    static Holders& process()
    {
        static Holders* holders = new Holders; // sources of static storage may outlive any order of destruction
        return *holders;
    }
};

std::optional<FileId> idOf(const std::string& path)
{
    struct ::stat status { };
    if (::stat(path.c_str(), &status) != 0)
        return {};
    return FileId { status.st_dev, status.st_ino };
}

} // namespace

InputFile::InputFile(FileId id)
    : m_id(id)
{
    if (m_id.second == 0)
        return;
    const std::lock_guard lock(Holders::process().mutex);
    ++Holders::process().count[m_id];
}

InputFile::InputFile(const std::string& path)
    : InputFile(idOf(path).value_or(FileId {}))
{
}

InputFile::~InputFile()
{
    Holders& holders = Holders::process();
    if (m_id.second == 0 || holders.keepAll)
        return;
    const std::lock_guard lock(holders.mutex);
    if (const auto at = holders.count.find(m_id); at != holders.count.end() && --at->second == 0)
        holders.count.erase(at);
}

bool InputFile::is(const std::string& path)
{
    const auto id = idOf(path);
    const std::lock_guard lock(Holders::process().mutex);
    return id && Holders::process().count.contains(*id);
}

void InputFile::keepAll() { Holders::process().keepAll = true; }

} // namespace pikv
