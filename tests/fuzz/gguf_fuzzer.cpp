// SPDX-License-Identifier: GPL-3.0-or-later
// Feeds bytes to the reader of GGUF headers and to the decoders of its tensors. Any exception but Error{Input} is a
// bug, and so is a tensor that lies outside the file.
#include "checks.h"
#include "core/formats/gguf.h"
#include <algorithm>

using namespace pikv;
using fuzz::require;

namespace {
/// Decodes at most the first few blocks: enough for every kind of block.
void decodeStart(const GgufTensor& t, ByteSpan data)
{
    const GgmlTypeInfo& type = ggmlTypeInfo(t.type);
    const auto blocks = std::min<std::uint64_t>(4, t.bytes / static_cast<std::uint64_t>(type.blockBytes));
    std::vector<float> out(blocks * static_cast<std::uint64_t>(type.blockElements));
    ggmlDequantise(t.type, data.subspan(t.offset, blocks * static_cast<std::uint64_t>(type.blockBytes)), out);
}
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const ByteSpan bytes = asBytes(data, size);
    const MemorySource file(bytes, "fuzz");
    try {
        const GgufHeader header = readGguf(file);
        for (const GgufTensor& t : header.tensors()) {
            const GgmlTypeInfo& type = ggmlTypeInfo(t.type);
            const auto elements = static_cast<std::uint64_t>(t.elements());
            require(elements % static_cast<std::uint64_t>(type.blockElements) == 0);
            require(t.bytes
                == elements / static_cast<std::uint64_t>(type.blockElements)
                    * static_cast<std::uint64_t>(type.blockBytes));
            require(t.offset <= size && t.bytes <= size - t.offset);
            require(header.find(t.name) == &t);
            decodeStart(t, bytes);
        }
        for (const auto& [key, value] : header.metadata()) {
            (void)value;
            require(header.has(key));
        }
        (void)header.text("general.architecture");
        (void)header.integer("llama.block_count");
        (void)header.texts("tokenizer.ggml.tokens");
    } catch (const Error& error) {
        require(error.kind() == ErrorKind::Input);
    }
    return 0;
}
