// SPDX-License-Identifier: GPL-3.0-or-later
// Safetensors dumps in several files, as Hugging Face's save_pretrained and save_torch_state_dict cut them: an index,
// `<name>.safetensors.index.json`, says in its weight_map which file has which tensor. The index, any of its files or
// the folder opens all of them; names that would lead out of the folder are never followed.
#include "core/base/filesource.h"
#include "core/base/text.h"
#include "core/formats/formatregistry.h"
#include "core/formats/genericdump.h"
#include "core/formats/jsontext.h"
#include "core/formats/modelweights.h"
#include "core/formats/nativedump.h"
#include <algorithm>
#include <filesystem>
#include <set>

namespace pikv {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t maxShards = 512; // each stays open
constexpr std::string_view suffix = ".safetensors", indexSuffix = ".safetensors.index.json";
constexpr const char* saveAgain = "; save the dump again, or put its files back as they were";

struct Index {
    std::string name; ///< of the index's file
    std::map<std::string, std::string> fileOf; ///< tensor → file
};

/// "a" of "a-00002-of-00005.safetensors"; "" of other names.
std::string stemOfShard(const std::string& name)
{
    constexpr std::size_t digits = 5, tail = 1 + digits + 4 + digits; // "-00002-of-00005"
    if (!name.ends_with(suffix) || name.size() <= suffix.size() + tail)
        return {};
    const std::string pattern = name.substr(name.size() - suffix.size() - tail, tail);
    for (std::size_t i = 0; i < tail; ++i) {
        const char expected = "-#####-of-#####"[i];
        if (expected == '#' ? pattern[i] < '0' || pattern[i] > '9' : pattern[i] != expected)
            return {};
    }
    return name.substr(0, name.size() - suffix.size() - tail);
}

/// The index beside the file that was opened, if that is one of its shards; "" otherwise.
std::string indexBeside(const FormatProbe& probe)
{
    const std::string stem = stemOfShard(fs::path(probe.file().name()).filename().string());
    std::error_code unknown;
    const fs::path index = fs::path(probe.folder()) / (stem + std::string(indexSuffix));
    return !stem.empty() && !probe.folder().empty() && fs::is_regular_file(index, unknown) ? index.string() : "";
}

Index parseIndex(const ByteSource& file)
{
    Index index { file.name(), {} };
    if (file.size() > safetensorsMaxHeader)
        throw inputError(file.name() + ": an index of " + std::to_string(file.size()) + " bytes is above the limit of "
            + std::to_string(safetensorsMaxHeader) + saveAgain + ".");
    std::string text(static_cast<std::size_t>(file.size()), '\0');
    file.read(0, std::as_writable_bytes(std::span(text)));
    const nlohmann::json json = parseJson(text, file.name(), OnRepeatedKey::Refuse);
    const auto map = json.is_object() ? json.find("weight_map") : json.end();
    if (!json.is_object() || map == json.end() || !map->is_object() || map->empty())
        throw inputError(
            file.name() + ": its weight_map is no object that names a file for every tensor" + saveAgain + ".");
    if (map->size() > maxTensorCount)
        throw inputError(
            file.name() + ": its weight_map has more than " + std::to_string(maxTensorCount) + " tensors.");
    for (const auto& [tensor, shard] : map->items()) {
        if (!shard.is_string())
            throw inputError(
                file.name() + ": its weight_map names no file for tensor " + inQuotes(tensor) + saveAgain + ".");
        index.fileOf[tensor] = shard.get<std::string>();
    }
    return index;
}

/// Throws Error{Input} unless `name` is a plain name of a regular file in the folder.
std::shared_ptr<const FileSource> openShard(const std::string& folder, const std::string& name, const Index& index)
{
    if (name.empty() || name.front() == '.' || name.find_first_of(std::string_view("/\\\0", 3)) != std::string::npos
        || !name.ends_with(suffix))
        throw inputError(index.name + ": its weight_map names the file " + inQuotes(name)
            + " where the plain name of a *.safetensors beside it was expected" + saveAgain + ".");
    const fs::path path = fs::path(folder) / name;
    std::error_code unknown;
    const fs::file_status status = fs::symlink_status(path, unknown);
    if (!fs::exists(status))
        throw inputError(
            index.name + ": its file " + inQuotes(name) + " is missing; copy all files of the dump into one folder.");
    if (!fs::is_regular_file(status))
        throw inputError(index.name + ": its file " + inQuotes(name) + " is "
            + (fs::is_symlink(status) ? "a symbolic link, which may lead anywhere" : "no regular file")
            + "; copy the dump's own files into one folder (cp -L).");
    return std::make_shared<FileSource>(path.string());
}

/// Tensors and metadata of all files as if they were one.
class Shards {
public:
    Shards(const std::string& folder, Index index)
        : m_index(std::move(index))
    {
        std::set<std::string> names;
        for (const auto& [tensor, file] : m_index.fileOf)
            names.insert(file);
        if (names.size() > maxShards)
            throw inputError(m_index.name + ": its weight_map names " + std::to_string(names.size())
                + " files, above the limit of " + std::to_string(maxShards) + ".");
        std::vector<std::shared_ptr<const FileSource>> files; // all of them are there before any is read
        for (const std::string& name : names)
            files.push_back(openShard(folder, name, m_index));
        for (auto file = files.begin(); const std::string& name : names)
            add(name, std::move(*file++));
        for (const auto& [tensor, file] : m_index.fileOf)
            if (!m_seen.contains(tensor))
                throw inputError(m_index.name + ": its file " + inQuotes(file) + " has no tensor " + inQuotes(tensor)
                    + saveAgain + ".");
    }
    DumpLayout read(const ByteSource& opened, const Told& told)
    {
        DumpLayout layout;
        layout.files = std::move(m_files);
        const bool native = m_metadata.contains("kv_format") && m_metadata["kv_format"] == nativeFormatName;
        if (!native && std::any_of(m_seen.begin(), m_seen.end(), namesWeight))
            throw inputError(m_index.name + " " + std::string(weightsRefusal) + ".");
        // Messages name the file that was opened; every tensor says which of the others it is in.
        layout = native ? readNativeTensors(std::move(layout), opened, m_tensors, m_metadata)
                        : readGenericTensors(std::move(layout), opened, m_tensors, m_metadata, told);
        layout.info.format += " in " + std::to_string(layout.files.size()) + " files";
        layout.info.fileBytes = m_bytes;
        return layout;
    }

private:
    void add(const std::string& name, std::shared_ptr<const FileSource> file)
    {
        const SafetensorsHeader header = readSafetensors(*file);
        m_bytes += file->size();
        m_files.push_back(std::move(file));
        for (const TensorEntry& tensor : header.tensors) {
            const auto at = m_index.fileOf.find(tensor.name);
            if (at == m_index.fileOf.end())
                throw inputError(m_index.name + ": its file " + inQuotes(name) + " has a tensor "
                    + inQuotes(tensor.name) + " that its weight_map does not name" + saveAgain + ".");
            if (at->second != name)
                throw inputError(m_index.name + ": tensor " + inQuotes(tensor.name) + " is in " + inQuotes(name)
                    + ", where the weight_map says " + inQuotes(at->second) + saveAgain + ".");
            m_seen.insert(tensor.name);
            StoredTensor stored(tensor);
            stored.file = m_files.size();
            m_tensors.push_back(std::move(stored));
        }
        for (const auto& [key, text] : header.metadata)
            if (const auto [at, isNew] = m_metadata.emplace(key, text); !isNew && at->second != text)
                throw inputError(m_index.name + ": metadata " + inQuotes(key) + " is " + inQuotes(text) + " in "
                    + inQuotes(name) + " and " + inQuotes(at->second)
                    + " in a file before it: they are of different dumps" + saveAgain + ".");
    }

    Index m_index;
    std::vector<std::shared_ptr<const ByteSource>> m_files;
    std::vector<StoredTensor> m_tensors;
    std::map<std::string, std::string> m_metadata;
    std::set<std::string> m_seen;
    std::uint64_t m_bytes = 0;
};

bool isIndex(const FormatProbe& probe)
{
    const std::string_view head = probe.head();
    const std::size_t first = head.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || head[first] != '{' || probe.file().size() > safetensorsMaxHeader
        || probe.safetensors())
        return false;
    std::string start(std::min<std::uint64_t>(probe.file().size(), 4096), '\0');
    probe.file().read(0, std::as_writable_bytes(std::span(start)));
    return start.find("\"weight_map\"") != std::string::npos;
}

bool isShard(const FormatProbe& probe) { return probe.safetensors() && !indexBeside(probe).empty(); }

DumpLayout readShards(const FormatProbe& probe)
{
    const std::string beside = probe.safetensors() ? indexBeside(probe) : std::string();
    Index index = beside.empty() ? parseIndex(probe.file()) : parseIndex(FileSource(beside));
    if (probe.folder().empty())
        throw inputError(probe.file().name() + ": the files that it names are out of reach; open it where it lies.");
    return Shards(probe.folder(), std::move(index)).read(probe.file(), probe.told());
}

const FormatRegistration registration { { .id = "safetensors-shards",
    .label = "native dump or key and value tensors in several files (safetensors with an index)",
    .patterns = { "*.safetensors.index.json" },
    .tells = "what its files say, as if they were one",
    .rank = 0, // one of the files alone looks like a dump that lacks layers
    .isFolder = true,
    .detect = [](const FormatProbe& probe) { return isIndex(probe) || isShard(probe); },
    .read = readShards } };

} // namespace
} // namespace pikv
