// SPDX-License-Identifier: GPL-3.0-or-later
// The list of dump formats in the order in which they are asked, and the file filters that follow from it.
#include "core/formats/formatregistry.h"
#include "core/base/text.h"
#include "core/formats/nativedump.h"
#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <stdexcept>

namespace pikv {
namespace {

std::vector<DumpFormat>& registered()
{
    static std::vector<DumpFormat> formats;
    return formats;
}

} // namespace

FormatProbe::FormatProbe(const ByteSource& file, std::string folder, Told told)
    : m_file(file)
    , m_folder(std::move(folder))
    , m_told(std::move(told))
{
    std::array<std::byte, 16> head {};
    const std::size_t known = std::min<std::uint64_t>(head.size(), file.size());
    file.read(0, std::span(head).first(known));
    m_head.assign(reinterpret_cast<const char*>(head.data()), known);
}

const SafetensorsHeader* FormatProbe::safetensors() const
{
    if (m_safetensors)
        return &*m_safetensors;
    if (m_head.size() < 10 || std::string_view("{ \t\r\n").find(m_head[8]) == std::string_view::npos)
        return nullptr;
    const auto length = loadLe<std::uint64_t>(reinterpret_cast<const std::byte*>(m_head.data()));
    if (length < 2 || length > safetensorsMaxHeader || length > m_file.size() - 8)
        return nullptr;
    m_safetensors = readSafetensors(m_file);
    return &*m_safetensors;
}

const ZipArchive* FormatProbe::zip() const
{
    using namespace std::string_view_literals;
    const std::string_view head = m_head;
    if (m_zip)
        return &*m_zip;
    if (!head.starts_with("PK\x03\x04"sv) && !head.starts_with("PK\x05\x06"sv))
        return nullptr;
    if (safetensors()) // a length word can look so
        return nullptr;
    m_zip.emplace(m_file);
    return &*m_zip;
}

FormatRegistration::FormatRegistration(DumpFormat format)
{
    std::vector<DumpFormat>& formats = registered();
    const auto key = [](const DumpFormat& f) { return std::pair(f.rank, f.id); };
    const auto place
        = std::find_if(formats.begin(), formats.end(), [&](const auto& f) { return key(f) >= key(format); });
    if (place != formats.end() && place->id == format.id)
        throw std::logic_error("the format " + format.id + " is registered twice");
    formats.insert(place, std::move(format));
}

const std::vector<DumpFormat>& dumpFormats() { return registered(); }

const DumpFormat& detectFormat(const FormatProbe& probe)
{
    for (const DumpFormat& format : dumpFormats())
        if (format.detect(probe))
            return format;
    readSafetensors(probe.file()); // says what is wrong with it
    throw inputError(probe.file().name() + " is in no format that this version knows.");
}

std::vector<std::string> filesIn(const std::string& folder)
{
    namespace fs = std::filesystem;
    std::vector<std::string> files;
    std::error_code error;
    fs::directory_iterator at(folder, error);
    for (const fs::directory_iterator end; !error && at != end; at.increment(error)) {
        std::error_code unknown; // what vanished meanwhile is no file
        if (at->is_regular_file(unknown) && !at->path().filename().string().starts_with('.'))
            files.push_back(at->path().string());
    }
    if (error)
        throw inputError("Cannot read the folder " + inQuotes(folder) + ": " + error.message() + ".");
    std::sort(files.begin(), files.end());
    return files;
}

void requireReadable(const DumpFormat& format, const std::string& file)
{
    if (!format.refusal.empty())
        throw inputError(file + " " + format.refusal + ".");
}

DumpLayout readDump(const ByteSource& file)
{
    const FormatProbe probe(file);
    const DumpFormat& format = detectFormat(probe);
    requireReadable(format, file.name());
    if (!format.read)
        throw inputError(file.name() + " is a " + format.label
            + (format.unpack ? ", which is unpacked first." : ", whose layers are decoded on demand."));
    return format.read(probe);
}

std::vector<const DumpFormat*> writtenFormats()
{
    std::vector<const DumpFormat*> written;
    for (const DumpFormat& format : dumpFormats())
        if (format.write)
            written.push_back(&format);
    std::stable_sort(written.begin(), written.end(), [](const DumpFormat* a, const DumpFormat* b) {
        return (a->id == nativeFormatName) > (b->id == nativeFormatName);
    });
    return written;
}

const DumpFormat& writtenFormat(const std::string& path)
{
    const std::vector<const DumpFormat*> written = writtenFormats();
    for (const DumpFormat* format : written)
        for (const std::string& pattern : format->patterns)
            if (path.ends_with(pattern.substr(1)))
                return *format;
    return *written.front();
}

std::vector<std::string> dumpPatterns()
{
    std::set<std::string> patterns;
    for (const DumpFormat& format : dumpFormats())
        patterns.insert(format.patterns.begin(), format.patterns.end());
    return { patterns.begin(), patterns.end() };
}

} // namespace pikv
