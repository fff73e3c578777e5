// SPDX-License-Identifier: GPL-3.0-or-later
#include "history/location.h"
#include "core/base/datafiles.h"
#include <cstdlib>
#include <filesystem>

namespace pikv::history {
namespace {

namespace fs = std::filesystem;
constexpr const char* endings[] = { "", "-wal", "-shm" };

}

std::string location()
{
    if (const char* chosen = std::getenv("PIKV_HISTORY"); chosen && *chosen)
        return std::string(chosen) == "off" ? std::string() : std::string(chosen);
    return userDataDir() + "/history.sqlite";
}

void removeFiles(const std::string& database)
{
    std::error_code ignored;
    for (const char* ending : endings)
        fs::remove(database + ending, ignored);
}

std::uint64_t bytesOnDisk(const std::string& database)
{
    std::uint64_t bytes = 0;
    for (const char* ending : endings) {
        std::error_code error;
        if (const auto size = fs::file_size(database + ending, error); !error)
            bytes += size;
    }
    return bytes;
}

} // namespace pikv::history
