// SPDX-License-Identifier: GPL-3.0-or-later
// What a reader hands out: where the tensors of a dump lie, and what is known of it. Torch-free.
#pragma once
#include "core/cache/cacheinfo.h"
#include "core/formats/safetensors.h"
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace pikv {

inline constexpr std::size_t maxLayerCount = 4096;

/// Where the elements of a tensor lie and how they become floats. `dtype` is that in memory, `shape` that of the tensor
/// as a cache has it; both may differ from what the file calls the tensor.
struct StoredTensor : TensorEntry {
    StoredTensor() = default;
    StoredTensor(TensorEntry entry) // NOLINT: the plain case is just this
        : TensorEntry(std::move(entry))
    {
    }
    /// 0: the file that was opened; else DumpLayout::files[file - 1].
    std::size_t file = 0;
    /// Distance of neighbours along every axis, in elements; empty: C order. Element 0 is at `begin`, and `bytes` reach
    /// from there to behind the last one.
    std::vector<std::int64_t> strides;
    /// Of tensors whose elements are no floats on disk (FP8 with a scale, quantised blocks): fills `out`, f32 of
    /// `shape` in C order; `dtype` is F32 then. Throws Error{Input}.
    std::function<void(const ByteSource& file, std::span<float> out)> decode;

    /// Axes `a` and `b` are swapped: the same elements, seen otherwise.
    void swapAxes(std::size_t a, std::size_t b);
    /// Only `count` indices of `axis`, from `first` on.
    void narrow(std::size_t axis, std::int64_t first, std::int64_t count);
    /// Part `index` of the tensor cut along its first axis; its name says so.
    StoredTensor part(std::int64_t index) const;
    /// Axis `axis` is seen as several of these sizes, the last of them fastest; their product is its size.
    void splitAxis(std::size_t axis, std::span<const std::int64_t> sizes);
    /// Forgets strides that are those of C order.
    void dropPlainStrides();
    /// A first axis of one index is put before the others.
    void addAxis();
    /// Elements that the tensor shows: of a view not those that its file holds.
    std::int64_t count() const;

private:
    void makeStrided();
};

/// Where one layer's tensors lie in the file; shapes as LayerShape says.
struct LayerEntries {
    StoredTensor key, value;
    std::optional<StoredTensor> query, keep;
    /// Every head is stored so many times, one after the other (repeat_kv): the cache has the first of each.
    std::int64_t repeats = 1;
};

/// A dump as its reader understood it: what is known, and where the tensors lie.
struct DumpLayout {
    CacheInfo info; ///< without `path`
    std::vector<LayerEntries> layers;
    std::optional<StoredTensor> importance; ///< float [batch, seq]
    std::vector<std::shared_ptr<const ByteSource>> files; ///< beside the one that was opened

    /// The file that has the tensor's elements; `opened` is the one that was opened.
    const ByteSource& fileOf(const StoredTensor& tensor, const ByteSource& opened) const
    {
        return tensor.file == 0 ? opened : *files.at(tensor.file - 1);
    }
};

/// The tensor's elements as they are on disk, in C order. For what is small beside the layers: throws Error{Input}
/// where a view shows more than 2^24 elements that are not all its own.
Bytes readElements(const ByteSource& file, const StoredTensor& tensor);

} // namespace pikv
