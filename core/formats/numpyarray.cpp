// SPDX-License-Identifier: GPL-3.0-or-later
// NumPy's .npy, one array, and .npz, a zip archive of them that np.savez stores and np.savez_compressed deflates. There
// is no convention for their names but that of dumps made by hand.
#include "core/base/text.h"
#include "core/formats/namedtensors.h"
#include "core/formats/npyheader.h"
#include "core/formats/npzwriter.h"
#include "core/formats/refusal.h"
#include <algorithm>
#include <array>

namespace pikv {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view suffix = ".npy", bf16Suffix = ".bf16";

bool isNpz(const FormatProbe& probe)
{
    const ZipArchive* zip = probe.zip();
    return zip && !zip->members().empty()
        && std::all_of(zip->members().begin(), zip->members().end(),
            [](const ZipMember& member) { return member.name.ends_with(suffix); });
}

/// The names that the native dump has for it.
std::string canonicalName(const std::string& name)
{
    constexpr std::array ids { "tokens"sv, "token_ids"sv, "ids"sv };
    if (std::find(ids.begin(), ids.end(), name) != ids.end())
        return "input_ids";
    return name == "position_ids" ? "positions" : name;
}

bool isCompanion(const std::string& name)
{
    constexpr std::array names { "input_ids"sv, "attention_mask"sv, "decoder_input_ids"sv, "decoder_attention_mask"sv,
        "positions"sv, "importance"sv };
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// The arrays of an archive as tensors in its file, or in files of their own where they are compressed.
class NpzReader {
public:
    explicit NpzReader(const FormatProbe& probe)
        : m_file(probe.file())
        , m_zip(*probe.zip())
        , m_told(probe.told())
    {
    }
    DumpLayout read()
    {
        m_layout.info.format = "arrays of keys and values (NumPy)";
        for (const ZipMember& member : m_zip.members())
            take(member);
        std::map<std::uint64_t, FoundLayer> found;
        std::vector<StoredTensor> parts;
        std::copy_if(m_tensors.begin(), m_tensors.end(), std::back_inserter(parts),
            [](const StoredTensor& t) { return !isCompanion(t.name); });
        if (parts.size() == 1 && parts.front().shape.size() >= 5)
            placeStackedPairs(found, parts.front(), m_file.name(), m_layout.info.notes);
        else
            placeNamedTensors(found, parts, m_told, m_layout.info, m_file.name());
        if (found.empty())
            throw inputError(m_file.name() + ": none of its " + countText(m_zip.members().size(), "array")
                + " is named like a key or value (layers.0.key, layers.0.value; k_0, v_0; or k and v for all layers); "
                  "give them such names, or write a dump with resources/exporters/dump_hf.py.");
        completeDump(m_layout, std::move(found), m_tensors, m_metadata, m_file);
        return std::move(m_layout);
    }

    TensorListing list()
    {
        m_all = true;
        for (const ZipMember& member : m_zip.members())
            take(member);
        return { m_file.name(), "arrays (NumPy)", std::move(m_tensors), std::move(m_metadata),
            std::move(m_layout.files) };
    }

private:
    void take(const ZipMember& member)
    {
        std::string name = member.name.substr(0, member.name.size() - suffix.size());
        const bool isBf16 = name.ends_with(bf16Suffix);
        if (isBf16)
            name.resize(name.size() - bf16Suffix.size());
        name = canonicalName(name);
        const std::string what = m_file.name() + ": array " + inQuotes(name);
        // Not the source that the layers are read from: each would go on holding the place where it stopped.
        NpyArray array = readNpy(*m_zip.open(member), what, isBf16);
        const bool isWanted = m_all || namesKeyOrValue(name) || namesBoth(name) || isCompanion(name);
        if (!array.problem.empty()) {
            if (!m_all && (namesKeyOrValue(name) || namesBoth(name)))
                throw inputError(what + " " + array.problem + ".");
            m_layout.info.notes.push_back("array " + inQuotes(name) + " is left out: it " + array.problem);
        } else if (array.characters > 0) {
            if (std::string text = readNpyText(*m_zip.open(member), array, what); !text.empty() && isUtf8(name))
                m_metadata[name] = std::move(text);
        } else if (isWanted || array.tensor.shape.size() >= 5) {
            array.tensor.name = name;
            if (member.deflated) {
                m_layout.files.push_back(m_zip.open(member));
                array.tensor.file = m_layout.files.size();
            } else {
                array.tensor.begin += member.begin;
            }
            m_tensors.push_back(std::move(array.tensor));
        }
    }

    const ByteSource& m_file;
    const ZipArchive& m_zip;
    const Told& m_told;
    bool m_all = false; ///< whatever they are called
    DumpLayout m_layout;
    std::vector<StoredTensor> m_tensors;
    std::map<std::string, std::string> m_metadata;
};

/// The file's only array, by the name "array".
StoredTensor singleArray(const FormatProbe& probe)
{
    const ByteSource& file = probe.file();
    const NpyArray array = readNpy(file, file.name(), false);
    if (!array.problem.empty() || array.characters > 0)
        throw inputError(file.name() + ": its array "
            + (array.problem.empty() ? "holds texts, not keys and values; choose a KV-cache dump" : array.problem)
            + ".");
    StoredTensor tensor = array.tensor;
    tensor.name = "array";
    return tensor;
}

DumpLayout readSingleArray(const FormatProbe& probe)
{
    const ByteSource& file = probe.file();
    const StoredTensor tensor = singleArray(probe);
    DumpLayout layout;
    layout.info.format = "one array (NumPy)";
    std::map<std::uint64_t, FoundLayer> found;
    placeStackedPairs(found, tensor, file.name(), layout.info.notes);
    completeDump(layout, std::move(found), {}, {}, file);
    return layout;
}

const FormatRegistration archive { { .id = "npz",
    .label = "arrays of keys and values (NumPy .npz)",
    .patterns = { "*.npz" },
    .tells = "token ids, positions, mask and importance where their shapes fit, and what text arrays say in the native "
             "dump's words",
    .detect = isNpz,
    .read = [](const FormatProbe& probe) { return NpzReader(probe).read(); },
    .list = [](const FormatProbe& probe) { return NpzReader(probe).list(); },
    .write = makeNpzWriter } };
const FormatRegistration single { { .id = "npy",
    .label = "one array [layer, 2, batch, kv_heads, seq, head_dim] (NumPy .npy)",
    .patterns = { "*.npy" },
    .tells = "nothing",
    .detect = [](const FormatProbe& probe) { return begins(probe, "\x93NUMPY"sv); },
    .read = readSingleArray,
    .list =
        [](const FormatProbe& probe) {
            return TensorListing { probe.file().name(), "one array (NumPy)", { singleArray(probe) }, {}, {} };
        } } };

} // namespace
} // namespace pikv
