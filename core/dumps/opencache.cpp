// SPDX-License-Identifier: GPL-3.0-or-later
// Opens what the user names: a file of any known format, or a folder whose files make one dump.
#include "core/base/filesource.h"
#include "core/base/text.h"
#include "core/dumps/dumps.h"
#include "core/dumps/filecache.h"
#include "core/dumps/openencoded.h"
#include "core/formats/formatregistry.h"
#include <algorithm>
#include <filesystem>

namespace pikv {
namespace {

/// The file that stands for a folder. Throws Error{Input} where it is no dump of several files.
std::string fileOf(const std::string& folder)
{
    const std::string what = inQuotes(folder) + " is a folder, not a dump: ";
    const std::vector<std::string> files = filesIn(folder);
    const auto first
        = std::find_if(files.begin(), files.end(), [](const std::string& f) { return f.ends_with(".safetensors"); });
    if (first == files.end())
        throw inputError(what + "it has no *.safetensors; choose a file, or the folder that vLLM made of one prompt.");
    std::string label;
    try {
        const FileSource file(*first);
        const DumpFormat& format = detectFormat(FormatProbe(file));
        if (format.isFolder)
            return *first;
        label = format.label;
    } catch (const Error& error) {
        throw inputError(what + error.what());
    }
    throw inputError(what + inQuotes(*first) + " in it is " + inQuotes(label) + "; choose a file.");
}

} // namespace

CachePtr openCache(const std::string& path)
{
    std::error_code unknown;
    const bool isFolder = std::filesystem::is_directory(path, unknown);
    auto file = std::make_unique<FileSource>(isFolder ? fileOf(path) : path);
    const std::string parent = std::filesystem::path(file->name()).parent_path().string();
    const FormatProbe probe(*file, parent.empty() ? "." : parent);
    const DumpFormat& format = detectFormat(probe);
    requireReadable(format, path);
    if (!format.read)
        return openEncoded(path);
    DumpLayout layout = format.read(probe);
    return std::make_shared<FileCache>(path, std::move(file), std::move(layout));
}

} // namespace pikv
