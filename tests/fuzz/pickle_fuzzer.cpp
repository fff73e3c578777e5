// SPDX-License-Identifier: GPL-3.0-or-later
// Feeds bytes to the reader of pickles and to the search for a cache in what it finds. Any exception but Error{Input}
// is a bug, and so is a tensor that lies outside its storage.
#include "checks.h"
#include "core/formats/pickledcache.h"

using namespace pikv;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const ByteSpan bytes = asBytes(data, size);
    try {
        const PickleTree tree = unpickle(Bytes(bytes.begin(), bytes.end()), "fuzz");
        for (const PickledTensor& tensor : tree.tensors)
            require(tensor.extent() == 0
                || (tensor.offset < tree.storages.at(tensor.storage).count
                    && tensor.extent() <= tree.storages[tensor.storage].count - tensor.offset));
        const auto locate = [](const PickledTensor& tensor, const std::string& name) {
            StoredTensor stored;
            stored.name = name;
            stored.shape = tensor.shape;
            stored.bytes = tensor.extent() * dtypeSize(stored.dtype);
            stored.strides = stored.bytes ? tensor.strides : std::vector<std::int64_t>();
            return stored;
        };
        const PickledCache cache = findPickledCache(tree, locate, {}, "fuzz");
        if (!cache.info.parts.empty())
            findPickledCache(tree, locate, { { "part", cache.info.parts.back().id } }, "fuzz");
    } catch (const Error& error) {
        require(error.kind() == ErrorKind::Input);
    }
    return 0;
}
