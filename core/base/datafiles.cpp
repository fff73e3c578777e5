// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/datafiles.h"
#include <cstdlib>
#include <filesystem>
#include <vector>

namespace fs = std::filesystem;

namespace pikv {
namespace {

std::string environment(const char* name)
{
    const char* value = std::getenv(name);
    return value ? value : "";
}

std::vector<fs::path> dataDirs()
{
    if (const auto dir = environment("PIKV_DATA_DIR"); !dir.empty())
        return { dir };
    std::error_code ignored;
    const auto bin = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    if (bin.empty())
        return {};
    return { bin.parent_path() / "share/pikv-explorer", bin.parent_path().parent_path().parent_path() / "resources" };
}

} // namespace

std::string shippedFile(std::string_view name)
{
    for (const auto& dir : dataDirs()) {
        std::error_code ignored;
        if (const auto path = dir / name; fs::is_regular_file(path, ignored))
            return path.string();
    }
    return {};
}

std::string userDataDir()
{
    if (const auto dir = environment("XDG_DATA_HOME"); !dir.empty())
        return dir + "/pikv-explorer";
    return environment("HOME") + "/.local/share/pikv-explorer";
}

} // namespace pikv
