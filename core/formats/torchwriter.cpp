// SPDX-License-Identifier: GPL-3.0-or-later
// The zip archive of torch.save: a pickle (protocol 2) that describes tensors, and a member with the numbers of each.
#include "core/formats/torchwriter.h"
#include "core/formats/latentcache.h"
#include "core/formats/orderedtensors.h"
#include "core/formats/zipwriter.h"
#include <charconv>
#include <optional>
#include <stdexcept>

namespace pikv {
namespace {

constexpr const char* folder = "archive/";

const char* storageOf(DType dtype)
{
    switch (dtype) {
    case DType::F16:
        return "HalfStorage";
    case DType::BF16:
        return "BFloat16Storage";
    case DType::F32:
        return "FloatStorage";
    case DType::F64:
        return "DoubleStorage";
    case DType::I64:
        return "LongStorage";
    case DType::U8:
        return "ByteStorage";
    default:
        throw std::logic_error("a dump has no tensors of this type");
    }
}

/// Opcodes of pickle protocol 2 (Python's pickletools), as far as torch.save needs them.
class PickleWriter {
public:
    PickleWriter() { raw(std::string("\x80\x02", 2)); }
    void raw(const std::string& bytes)
    {
        for (const char c : bytes)
            m_bytes.push_back(static_cast<std::byte>(c));
    }
    void text(const std::string& text)
    {
        raw("X");
        appendLe<std::uint32_t>(m_bytes, static_cast<std::uint32_t>(text.size()));
        raw(text);
    }
    void number(std::int64_t value)
    {
        if (value >= 0 && value < (std::int64_t(1) << 31)) {
            raw("J");
            appendLe<std::int32_t>(m_bytes, static_cast<std::int32_t>(value));
        } else {
            raw(std::string("\x8a\x08", 2)); // LONG1 of 8 bytes
            appendLe(m_bytes, value);
        }
    }
    void global(const char* module, const char* name) { raw(std::string("c") + module + "\n" + name + "\n"); }
    void numbers(const std::vector<std::int64_t>& values)
    {
        raw("(");
        for (const std::int64_t value : values)
            number(value);
        raw("t");
    }
    void tensor(const TensorEntry& tensor, std::size_t key)
    {
        std::vector<std::int64_t> strides(tensor.shape.size(), 1);
        for (std::size_t i = strides.size(); i-- > 1;)
            strides[i - 1] = strides[i] * tensor.shape[i];
        global("torch._utils", "_rebuild_tensor_v2");
        raw("((");
        text("storage");
        global("torch", storageOf(tensor.dtype));
        text(std::to_string(key));
        text("cpu");
        number(static_cast<std::int64_t>(tensorBytes(tensor) / dtypeSize(tensor.dtype)));
        raw("tQ"); // a persistent id
        number(0);
        numbers(tensor.shape);
        numbers(strides);
        raw("\x89"); // no gradient
        global("collections", "OrderedDict");
        raw(")RtR");
    }
    const Bytes& bytes() const { return m_bytes; }

private:
    Bytes m_bytes;
};

/// "layers.7.key" → 7 and whether it is a value.
struct Place {
    std::size_t layer = 0;
    bool isValue = false;
};
std::optional<Place> placeOf(const std::string& name)
{
    constexpr std::string_view prefix = "layers.";
    if (!name.starts_with(prefix))
        return {};
    Place place;
    const auto [end, error] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), place.layer);
    const std::string_view part(end, static_cast<std::size_t>(name.data() + name.size() - end));
    if (error != std::errc() || (part != ".key" && part != ".value"))
        return {};
    place.isValue = part == ".value";
    return place;
}

Bytes pickleOf(const std::vector<TensorEntry>& tensors, const std::map<std::string, std::string>& metadata)
{
    struct Layer {
        std::optional<std::size_t> key, value; ///< tensors
    };
    std::vector<Layer> layers;
    PickleWriter pickle;
    pickle.raw("}("); // a dict, and what is set in it
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const auto place = placeOf(tensors[i].name);
        if (!place) {
            pickle.text(tensors[i].name);
            pickle.tensor(tensors[i], i);
            continue;
        }
        layers.resize(std::max(layers.size(), place->layer + 1));
        (place->isValue ? layers[place->layer].value : layers[place->layer].key) = i;
    }
    pickle.text("past_key_values");
    pickle.raw("(");
    const ModelGeometry geometry = geometryFromMetadata(metadata, "the dump");
    for (Layer& layer : layers) {
        if (!layer.key || !layer.value) {
            pickle.raw("N");
            continue;
        }
        if (isLatentPair(tensors[*layer.value].shape, tensors[*layer.key].shape, geometry))
            std::swap(layer.key, layer.value); // the order of transformers, which the reader turns round
        pickle.tensor(tensors[*layer.key], *layer.key);
        pickle.tensor(tensors[*layer.value], *layer.value);
        pickle.raw("\x86"); // a tuple of two
    }
    pickle.raw("t");
    for (const auto& [key, text] : metadata) {
        pickle.text(key);
        pickle.text(text);
    }
    pickle.raw("u.");
    return pickle.bytes();
}

class TorchWriter final : public OrderedTensors {
public:
    TorchWriter(
        const std::string& path, std::vector<TensorEntry> list, const std::map<std::string, std::string>& metadata)
        : OrderedTensors(std::move(list))
        , m_zip(path, tensorBytes(tensors()))
    {
        const auto addText = [&](const char* name, const std::string& text) {
            m_zip.add(std::string(folder) + name, asBytes(text.data(), text.size()));
        };
        m_zip.add(std::string(folder) + "data.pkl", pickleOf(tensors(), metadata));
        addText("byteorder", "little");
        addText("version", "3\n");
    }

private:
    void add(std::size_t index, const TensorEntry&, ByteSpan bytes) override
    {
        m_zip.add(std::string(folder) + "data/" + std::to_string(index), bytes);
    }
    void finish() override { m_zip.commit(); }

    ZipWriter m_zip;
};

} // namespace

std::unique_ptr<TensorWriter> makeTorchWriter(
    const std::string& path, std::vector<TensorEntry> tensors, const std::map<std::string, std::string>& metadata)
{
    return std::make_unique<TorchWriter>(path, std::move(tensors), metadata);
}

} // namespace pikv
