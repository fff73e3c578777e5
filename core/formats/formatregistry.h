// SPDX-License-Identifier: GPL-3.0-or-later
// The list of file formats that the program knows. Each registers in a file of its own, read or refused; detection, the
// open dialogs, `pikv list --formats`, the desktop's MIME type and resources/docs/formats.md follow from the list.
#pragma once
#include "core/base/jobcontrol.h"
#include "core/formats/dumplayout.h"
#include "core/formats/tensorlisting.h"
#include "core/formats/tensorwriter.h"
#include "core/formats/ziparchive.h"
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pikv {

class ByteSink;

/// A file as formats look at it to say whether it is theirs. Reads the first bytes, and safetensors header or zip
/// directory once.
class FormatProbe {
public:
    /// `folder` is where the file lies, for formats whose dumps are folders; "": its neighbours are out of reach.
    explicit FormatProbe(const ByteSource& file, std::string folder = {}, Told told = {});
    const ByteSource& file() const { return m_file; }
    /// What the user says of the file.
    const Told& told() const { return m_told; }
    const std::string& folder() const { return m_folder; }
    /// The first 16 bytes, fewer where the file is shorter.
    std::string_view head() const { return m_head; }
    /// Null where the length word does not fit the file or no JSON object follows. Throws Error{Input}: it is one, but
    /// not sound.
    const SafetensorsHeader* safetensors() const;
    /// Null where it is no zip archive. Throws Error{Input}: it is one, but not sound.
    const ZipArchive* zip() const;

private:
    const ByteSource& m_file;
    std::string m_folder, m_head;
    Told m_told;
    mutable std::optional<SafetensorsHeader> m_safetensors;
    mutable std::optional<ZipArchive> m_zip;
};

struct DumpFormat {
    std::string id; ///< "pikv-kv-1"
    std::string label; ///< "native dump"
    std::vector<std::string> patterns = {}; ///< "*.safetensors": what open dialogs offer; empty where it is refused
    std::string mimeType = {}; ///< of the desktop; "" where it has none of ours
    std::string tells = {}; ///< what such a file says beside its keys and values; "" where it is refused
    std::string refusal
        = {}; ///< goes on behind the file's name: what it is and what to do instead; "" where it is read
    /// Formats of lower rank are asked first; those of one rank exclude each other.
    int rank = 1;
    /// A dump is a folder of such files: any of them, or the folder, opens all.
    bool isFolder = false;
    /// By content; names are not trusted.
    bool (*detect)(const FormatProbe& probe) = nullptr;
    /// Bytes in, places of tensors out; the layout may go on reading from the probe's file. Throws Error{Input}. Null:
    /// refused, or opened by core/dumps.
    DumpLayout (*read)(const FormatProbe& probe) = nullptr;
    /// Of files that are another dump, compressed as a whole: appends that dump to `out`. Throws Error{Input} where
    /// they are damaged, Error{Resource} where there is no room. Null: no such file.
    void (*unpack)(const ByteSource& file, ByteSink& out, const JobControl& job) = nullptr;
    /// The file's tensors by the names it gives them, for a mapping that the user makes. Throws Error{Input}. Null: it
    /// has no such list.
    TensorListing (*list)(const FormatProbe& probe) = nullptr;
    /// Null: not written. The first of `patterns` is the suffix that asks for it.
    MakeTensorWriter write = nullptr;
    /// What a written file has no place for, "" for queries alone.
    std::string leavesOut = {};
};

/// `const FormatRegistration registration { { .id = … } };` at namespace scope of the format's file.
struct FormatRegistration {
    explicit FormatRegistration(DumpFormat format);
};

/// All formats, by rank, then id.
const std::vector<DumpFormat>& dumpFormats();
/// Throws Error{Input} where no format knows the file, naming what is wrong with it as safetensors.
const DumpFormat& detectFormat(const FormatProbe& probe);
/// Detects and reads. Throws Error{Input}: refused, unsound, or compressed in any way (core/dumps opens those).
DumpLayout readDump(const ByteSource& file);
/// Paths of the regular files in a folder, by name; hidden ones are left out. Throws Error{Input} where it cannot be
/// read.
std::vector<std::string> filesIn(const std::string& folder);
/// Throws Error{Input} with the format's refusal where it has one.
void requireReadable(const DumpFormat& format, const std::string& file);
/// The format that is written to a file of this name, by its suffix; the native dump where no other claims it.
const DumpFormat& writtenFormat(const std::string& path);
/// Those that are written, the native dump first.
std::vector<const DumpFormat*> writtenFormats();
/// Patterns of all formats that are read, each once: "*.pikv", "*.safetensors".
std::vector<std::string> dumpPatterns();

} // namespace pikv
