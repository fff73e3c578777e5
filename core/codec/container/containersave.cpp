// SPDX-License-Identifier: GPL-3.0-or-later
// Writes a `.pikv` file by its layout, section by section.
#include "core/base/atomicfile.h"
#include "core/base/hash.h"
#include "core/codec/container/containerfile.h"
#include "core/codec/container/containerlayout.h"

namespace pikv {
namespace {

/// The pieces of one tensor in file order; a section of all layers is never joined in memory.
using Pieces = std::vector<ByteSpan>;

std::uint64_t hashOfPieces(const Pieces& pieces)
{
    Hasher hasher;
    for (ByteSpan piece : pieces)
        hasher.add(piece);
    return hasher.value();
}

struct Writer {
    const EncodedCache& cache;
    const EncodedSizes sizes = cache.sizes();
    const ContainerLayout layout { cache.header, sizes };
    std::vector<Bytes> sizeTables; ///< owns the bytes of the `.sizes` tensors

    Pieces piecesOf(const TensorEntry& tensor)
    {
        const std::string& name = tensor.name;
        if (tensor.dtype == DType::U64) {
            const std::string section = name.substr(0, name.size() - std::string(ContainerLayout::sizesSuffix).size());
            Bytes& table = sizeTables.emplace_back();
            for (std::uint64_t size : ContainerLayout::sectionSizes(sizes, section))
                appendLe(table, size);
            return { table };
        }
        if (name.starts_with(ContainerLayout::globalPrefix))
            return { cache.global.get(name.substr(std::string(ContainerLayout::globalPrefix).size())) };
        Pieces pieces;
        for (const SectionSet& layer : cache.layers)
            if (layer.has(name))
                pieces.push_back(layer.get(name));
        return pieces;
    }
};

} // namespace

void writeContainer(const EncodedCache& cache, const std::string& path)
{
    Writer writer { .cache = cache, .sizeTables = {} };
    const auto& tensors = writer.layout.tensors;
    writer.sizeTables.reserve(tensors.size()); // pieces point into it
    const ByteSpan prefix = asBytes(writer.layout.prefix.data(), writer.layout.prefix.size());
    Bytes checksums;
    appendLe(checksums, hashOf(prefix));
    std::vector<Pieces> data;
    for (std::size_t i = 1; i < tensors.size(); ++i) {
        data.push_back(writer.piecesOf(tensors[i]));
        appendLe(checksums, hashOfPieces(data.back()));
    }
    AtomicFile file(path, writer.layout.fileBytes());
    file.append(prefix);
    file.append(checksums);
    for (const Pieces& pieces : data)
        for (ByteSpan piece : pieces)
            file.append(piece);
    file.commit();
}

} // namespace pikv
