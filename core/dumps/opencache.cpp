// SPDX-License-Identifier: GPL-3.0-or-later
// Opens what the user names: a file of any known format, or a folder whose files make one dump.
#include "core/base/filesource.h"
#include "core/base/temporaryfile.h"
#include "core/base/text.h"
#include "core/dumps/dumps.h"
#include "core/dumps/filecache.h"
#include "core/dumps/openencoded.h"
#include "core/formats/formatregistry.h"
#include "core/formats/told.h"
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

std::string folderOf(const FileSource& file)
{
    const std::string parent = std::filesystem::path(file.name()).parent_path().string();
    return parent.empty() ? "." : parent;
}

TensorListing listingOf(const FormatProbe& probe, const DumpFormat& format)
{
    if (!format.list)
        throw inputError(probe.file().name() + " is a " + format.label
            + ", whose tensors cannot be mapped: it has no list of them, or the format says what they are.");
    return format.list(probe);
}

/// Throws Error{Input} where the dump, known by `name`, can be read neither as it is nor by what was told.
DumpLayout layoutOf(const FormatProbe& probe, const DumpFormat& format, const std::string& name)
{
    if (const auto mapping = toldMapping(probe.told()))
        return readMapped(probe, listingOf(probe, format), *mapping);
    requireReadable(format, name);
    return format.read(probe);
}

std::unique_ptr<const ByteSource> unpacked(
    const std::string& path, const ByteSource& file, const DumpFormat& packed, const JobControl& job)
{
    TemporaryFile room("unpacking " + inQuotes(path));
    packed.unpack(file, room, job);
    return room.source(innerName(path));
}

void requireSingle(const DumpFormat& format, const std::string& path)
{
    if (format.unpack)
        throw inputError(path + " is compressed twice; unpack it once.");
    if (format.isFolder)
        throw inputError(
            path + ": one file of a " + format.label + " is in it; unpack the whole folder and open that.");
}

CachePtr openPacked(const std::string& path, std::unique_ptr<FileSource> file, const DumpFormat& packed,
    const Told& told, const JobControl& job)
{
    std::unique_ptr<const ByteSource> inner = unpacked(path, *file, packed, job);
    const FormatProbe probe(*inner, {}, told);
    const DumpFormat& format = detectFormat(probe);
    requireSingle(format, path);
    if (!format.read && format.refusal.empty())
        throw inputError(path + ": a " + format.label
            + " is in it, which is small already and is opened as it is; unpack it first.");
    DumpLayout layout = layoutOf(probe, format, path + ", unpacked,");
    acceptTold(layout.info, told, path);
    layout.info.fileBytes = file->size();
    layout.info.format += ", compressed by " + packed.id;
    layout.files.push_back(std::move(file)); // counts as an input while the dump is open
    return std::make_shared<FileCache>(path, std::move(inner), std::move(layout));
}

} // namespace

std::string dumpFile(const std::string& path)
{
    std::error_code unknown;
    return std::filesystem::is_directory(path, unknown) ? fileOf(path) : path;
}

CachePtr openCache(const std::string& path, const Told& told, const JobControl& job)
{
    checkTold(told);
    auto file = std::make_unique<FileSource>(dumpFile(path));
    const FormatProbe probe(*file, folderOf(*file), told);
    const DumpFormat& format = detectFormat(probe);
    if (format.unpack)
        return openPacked(path, std::move(file), format, told, job);
    if (!format.read && format.refusal.empty() && !toldMapping(told)) {
        if (!told.empty())
            throw inputError(path + " is a " + format.label
                + ", of which nothing can be told: the dump it was made of is what " + toldText(told) + " is told of.");
        return openEncoded(path);
    }
    DumpLayout layout = layoutOf(probe, format, path);
    acceptTold(layout.info, told, path);
    return std::make_shared<FileCache>(path, std::move(file), std::move(layout));
}

TensorListing listTensors(const std::string& path, const JobControl& job)
{
    const FileSource file(dumpFile(path));
    const FormatProbe probe(file, folderOf(file));
    const DumpFormat& format = detectFormat(probe);
    const auto listed = [](const FormatProbe& of, const DumpFormat& as) {
        TensorListing listing = listingOf(of, as);
        listing.files.clear(); // they read from what is closed here
        return listing;
    };
    if (!format.unpack)
        return listed(probe, format);
    const std::unique_ptr<const ByteSource> inner = unpacked(path, file, format, job);
    const FormatProbe innerProbe(*inner);
    const DumpFormat& innerFormat = detectFormat(innerProbe);
    requireSingle(innerFormat, path);
    return listed(innerProbe, innerFormat);
}

} // namespace pikv
