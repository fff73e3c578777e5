// SPDX-License-Identifier: GPL-3.0-or-later
// Opens what the user names: a file of any known format, or a folder whose files make one dump.
#include "core/base/filesource.h"
#include "core/base/temporaryfile.h"
#include "core/base/text.h"
#include "core/dumps/dumps.h"
#include "core/dumps/filecache.h"
#include "core/dumps/openencoded.h"
#include "core/formats/formatregistry.h"
#include <algorithm>
#include <filesystem>

namespace pikv {
namespace {

/// The file that stands for a folder: an index, or any file of a format that is kept in folders. Throws Error{Input}
/// where it is no dump of several files.
std::string fileOf(const std::string& folder)
{
    const std::string what = inQuotes(folder) + " is a folder, not a dump: ";
    const std::vector<std::string> files = filesIn(folder);
    const auto isIndex = [](const std::string& f) { return f.ends_with(".safetensors.index.json"); };
    const auto index = std::find_if(files.begin(), files.end(), isIndex);
    if (std::count_if(files.begin(), files.end(), isIndex) > 1)
        throw inputError(what + "it has several *.safetensors.index.json; choose one of them.");
    if (index != files.end())
        return *index;
    const auto first
        = std::find_if(files.begin(), files.end(), [](const std::string& f) { return f.ends_with(".safetensors"); });
    if (first == files.end())
        throw inputError(what
            + "it has no *.safetensors; choose a file, or a folder with an index or that vLLM made of one prompt.");
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

/// "layers.npz" of "dir/layers.npz.gz": what the dump was called before it was packed. Some formats have a word in
/// there.
std::string innerName(const std::string& path)
{
    const std::filesystem::path name(path);
    return name.has_stem() && name.has_extension() ? (name.parent_path() / name.stem()).string() : path;
}

CachePtr openPacked(
    const std::string& path, std::unique_ptr<FileSource> file, const DumpFormat& packed, const JobControl& job)
{
    TemporaryFile room("unpacking " + inQuotes(path));
    packed.unpack(*file, room, job);
    std::unique_ptr<const ByteSource> unpacked = room.source(innerName(path));
    const FormatProbe probe(*unpacked);
    const DumpFormat& format = detectFormat(probe);
    requireReadable(format, path + ", unpacked,");
    if (format.unpack)
        throw inputError(path + " is compressed twice; unpack it once.");
    if (!format.read)
        throw inputError(path + ": a " + format.label
            + " is in it, which is small already and is opened as it is; unpack it first.");
    if (format.isFolder)
        throw inputError(
            path + ": one file of a " + format.label + " is in it; unpack the whole folder and open that.");
    DumpLayout layout = format.read(probe);
    layout.info.fileBytes = file->size();
    layout.info.format += ", compressed by " + packed.id;
    layout.files.push_back(std::move(file)); // counts as an input while the dump is open
    return std::make_shared<FileCache>(path, std::move(unpacked), std::move(layout));
}

} // namespace

CachePtr openCache(const std::string& path, const JobControl& job)
{
    std::error_code unknown;
    const bool isFolder = std::filesystem::is_directory(path, unknown);
    auto file = std::make_unique<FileSource>(isFolder ? fileOf(path) : path);
    const std::string parent = std::filesystem::path(file->name()).parent_path().string();
    const FormatProbe probe(*file, parent.empty() ? "." : parent);
    const DumpFormat& format = detectFormat(probe);
    requireReadable(format, path);
    if (format.unpack)
        return openPacked(path, std::move(file), format, job);
    if (!format.read)
        return openEncoded(path);
    DumpLayout layout = format.read(probe);
    return std::make_shared<FileCache>(path, std::move(file), std::move(layout));
}

} // namespace pikv
