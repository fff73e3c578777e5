// SPDX-License-Identifier: GPL-3.0-or-later
// Caches saved with torch.save since PyTorch 1.6: a zip archive with one pickle and a file for every storage. The
// pickle is read as data (unpickler.h); the storages stay where they are until a layer is read.
#include "core/base/text.h"
#include "core/formats/namedtensors.h"
#include "core/formats/pickledcache.h"
#include "core/formats/refusal.h"
#include "core/formats/ropeconfig.h"
#include "core/formats/torchwriter.h"
#include <array>

namespace pikv {
namespace {

constexpr std::string_view pickleName = "data.pkl";

/// "archive/", the folder that all members are in; nothing where this is no such archive.
std::optional<std::string> folderOf(const ZipArchive& zip)
{
    for (const ZipMember& member : zip.members()) {
        const std::size_t slash = member.name.find('/');
        if (slash != std::string::npos && member.name.substr(slash + 1) == pickleName)
            return member.name.substr(0, slash + 1);
    }
    return {};
}

bool isTorchScript(const FormatProbe& probe)
{
    const ZipArchive* zip = probe.zip();
    const auto folder = zip ? folderOf(*zip) : std::nullopt;
    if (!folder)
        return false;
    const std::string code = *folder + "code/";
    return zip->find(*folder + "constants.pkl")
        || std::any_of(
            zip->members().begin(), zip->members().end(), [&](const ZipMember& m) { return m.name.starts_with(code); });
}

bool isTorchSave(const FormatProbe& probe) { return probe.zip() && folderOf(*probe.zip()) && !isTorchScript(probe); }

struct StorageType {
    std::string_view name; ///< of the storage's class, without "Storage", and of the dtype
    std::string_view dtypeName;
    DType dtype;
};
constexpr std::array storageTypes { StorageType { "Half", "float16", DType::F16 },
    StorageType { "BFloat16", "bfloat16", DType::BF16 }, StorageType { "Float", "float32", DType::F32 },
    StorageType { "Double", "float64", DType::F64 }, StorageType { "Long", "int64", DType::I64 },
    StorageType { "Int", "int32", DType::I32 }, StorageType { "Short", "int16", DType::I16 },
    StorageType { "Char", "int8", DType::I8 }, StorageType { "Byte", "uint8", DType::U8 },
    StorageType { "Bool", "bool", DType::Bool }, StorageType { "Float8_e4m3fn", "float8_e4m3fn", DType::F8E4M3 },
    StorageType { "Float8_e5m2", "float8_e5m2", DType::F8E5M2 } };

/// Places of tensors in the archive's file.
class TensorLocator {
public:
    TensorLocator(const ByteSource& file, const ZipArchive& zip, const PickleTree& tree, std::string folder)
        : m_file(file)
        , m_zip(zip)
        , m_tree(tree)
        , m_folder(std::move(folder))
    {
    }

    StoredTensor operator()(const PickledTensor& tensor, const std::string& name) const
    {
        const PickledStorage& storage = m_tree.storages.at(tensor.storage);
        StoredTensor stored;
        stored.name = name;
        stored.dtype = dtypeOf(tensor, storage, name);
        stored.shape = tensor.shape;
        const std::uint64_t extent = tensor.extent(), size = dtypeSize(stored.dtype);
        if (extent == 0)
            return stored;
        const ZipMember& member = memberOf(storage, name);
        const bool isTyped = tensor.dtype.empty();
        if (isTyped && storage.count > member.size / size)
            fail(name,
                "has a storage of " + countText(storage.count, "element") + " of " + std::to_string(size)
                    + " bytes, but its member " + inQuotes(member.name) + " holds " + byteText(member.size),
                "; the file is damaged: copy it again");
        if (tensor.offset > member.size / size || extent > member.size / size - tensor.offset)
            fail(name,
                "of shape " + shapeText(tensor.shape) + ", strides " + shapeText(tensor.strides) + " and offset "
                    + std::to_string(tensor.offset) + " leaves its member " + inQuotes(member.name) + " of "
                    + byteText(member.size),
                "; the file is damaged: copy it again");
        stored.begin = member.begin + tensor.offset * size;
        stored.bytes = extent * size;
        if (!isContiguous(tensor))
            stored.strides = tensor.strides;
        return stored;
    }

private:
    [[noreturn]] void fail(const std::string& name, const std::string& what, const char* advice) const
    {
        throw inputError(m_file.name() + ": tensor " + inQuotes(name) + " " + what + advice + ".");
    }

    DType dtypeOf(const PickledTensor& tensor, const PickledStorage& storage, const std::string& name) const
    {
        std::string_view type = storage.type;
        if (type.ends_with("Storage"))
            type.remove_suffix(7);
        for (const StorageType& known : storageTypes)
            if (tensor.dtype.empty() ? known.name == type : known.dtypeName == tensor.dtype)
                return known.dtype;
        fail(name,
            "is of type " + inQuotes(tensor.dtype.empty() ? storage.type : tensor.dtype)
                + ", which this version does not read",
            "; convert it with .to(torch.float16) before saving");
    }

    const ZipMember& memberOf(const PickledStorage& storage, const std::string& name) const
    {
        if (storage.location == "meta")
            fail(name, "is on the device 'meta', which has no numbers", "; save it from the device that has them");
        const ZipMember* member = m_zip.find(m_folder + "data/" + std::string(storage.key));
        if (!member)
            fail(name, "refers to the storage " + inQuotes(storage.key) + ", which the archive has not",
                "; the file is damaged: copy it again");
        if (member->deflated || !member->plain)
            fail(name,
                "has its numbers in the compressed member " + inQuotes(member->name)
                    + ", which torch.save does not write",
                "; save the cache again with torch.save");
        return *member;
    }

    static bool isContiguous(const PickledTensor& tensor)
    {
        std::int64_t expected = 1;
        for (std::size_t i = tensor.shape.size(); i-- > 0;) {
            if (tensor.shape[i] != 1 && tensor.strides[i] != expected)
                return false;
            expected *= tensor.shape[i];
        }
        return true;
    }

    const ByteSource& m_file;
    const ZipArchive& m_zip;
    const PickleTree& m_tree;
    std::string m_folder;
};

/// The parts that transformers packs with another library call that library's code, which ends the unpickler before the
/// cache's class is seen: so it is looked for in the text of the names.
void refuseQuantized(const Bytes& pickle, const std::string& file)
{
    using namespace std::string_view_literals;
    constexpr std::string_view module = "transformers.cache_utils\n";
    const std::string_view text(reinterpret_cast<const char*>(pickle.data()), pickle.size());
    for (std::size_t at = text.find(module); at != std::string_view::npos; at = text.find(module, at + 1)) {
        const std::string_view name = text.substr(at + module.size(), 64);
        const std::size_t end = name.find('\n');
        if (end != std::string_view::npos && name.substr(0, end).find("Quantized") != std::string_view::npos)
            throw inputError(file + quantizedCacheText("transformers.cache_utils." + std::string(name.substr(0, end))));
    }
}

/// Integers that were a list, as a file of their own.
StoredTensor storeList(const IntegerList& list, DumpLayout& layout, const std::string& file)
{
    Bytes bytes;
    for (const std::int64_t value : list.values)
        appendLe(bytes, value);
    StoredTensor tensor;
    tensor.name = list.name;
    tensor.dtype = DType::I64;
    tensor.shape = list.shape;
    tensor.bytes = bytes.size();
    layout.files.push_back(std::make_shared<OwnedSource>(std::move(bytes), file));
    tensor.file = layout.files.size();
    return tensor;
}

/// The pickle of an archive, and where the numbers of its tensors are.
struct TorchArchive {
    explicit TorchArchive(const FormatProbe& probe)
        : file(probe.file())
        , zip(*probe.zip())
        , folder(*folderOf(zip))
        , tree(unpickle(pickle(), file.name() + ": " + folder + std::string(pickleName)))
    {
    }
    TensorLocator locator() const { return { file, zip, tree, folder }; }

    const ByteSource& file;
    const ZipArchive& zip;
    const std::string folder;
    const PickleTree tree;

private:
    Bytes pickle() const
    {
        if (const ZipMember* order = zip.find(folder + "byteorder")) {
            constexpr std::uint64_t longest = 64;
            const Bytes text = zip.content(*order, longest);
            const std::string_view said(reinterpret_cast<const char*>(text.data()), text.size());
            if (said != "little")
                throw inputError(file.name() + ": its byte order is " + inQuotes(said)
                    + " where 'little' was expected; save it again on a little-endian machine.");
        }
        Bytes bytes = zip.content(*zip.find(folder + std::string(pickleName)), maxPickleBytes);
        refuseQuantized(bytes, file.name());
        return bytes;
    }
};

DumpLayout readTorchSave(const FormatProbe& probe)
{
    const TorchArchive archive(probe);
    PickledCache cache = findPickledCache(archive.tree, archive.locator(), probe.told(), archive.file.name());
    DumpLayout layout;
    layout.info = std::move(cache.info);
    layout.info.format = cache.kind + " (torch.save)";
    for (const IntegerList& list : cache.lists)
        cache.companions.push_back(storeList(list, layout, archive.file.name()));
    if (assumeTransformersRope(layout.info.rope, cache.metadata, archive.file.name()))
        layout.info.notes.push_back("keys are taken as rotated, in the "
            + std::string(layout.info.rope.layout == RopeInfo::Layout::Half ? "half" : "interleaved")
            + " layout, which is how transformers caches those of the model type in its config");
    completeDump(layout, std::move(cache.found), cache.companions, cache.metadata, archive.file, cache.seen);
    return layout;
}

TensorListing listTorchSave(const FormatProbe& probe)
{
    const TorchArchive archive(probe);
    TensorListing listing { archive.file.name(), "tensors (torch.save)", {}, {}, {} };
    listing.tensors = listPickledTensors(archive.tree, archive.locator());
    return listing;
}

const FormatRegistration registration { { .id = "torch-save",
    .label = "cache saved with torch.save",
    .patterns = { "*.pt", "*.pth" },
    .tells
    = "of a dict its token ids, positions, mask, and the model, configuration and text that it names; a cache of "
      "transformers (DynamicCache, StaticCache) or a tuple of keys and values has none. Nothing in it is run",
    .detect = isTorchSave,
    .read = readTorchSave,
    .list = listTorchSave,
    .write = makeTorchWriter } };
const FormatRegistration script { { .id = "torchscript",
    .label = "TorchScript archive",
    .refusal = "is a TorchScript archive, a program with its weights, not a KV cache" + std::string(saveAgain),
    .detect = isTorchScript } };

} // namespace
} // namespace pikv
