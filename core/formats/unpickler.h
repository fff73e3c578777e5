// SPDX-License-Identifier: GPL-3.0-or-later
// Python pickles read as data. Nothing is imported, called or built: a name stays a name, an object is the class's name
// and the state that was saved, a tensor the place of its numbers.
#pragma once
#include "core/base/bytes.h"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pikv {

/// A value of a pickle: a number, or a reference to what PickleTree holds. Values may refer to each other in circles.
struct PickleValue {
    enum class Kind : std::uint8_t {
        None,
        Bool,
        Int,
        Float,
        Text, ///< also torch.device
        Bytes,
        Tuple, ///< also torch.Size
        List, ///< also sets
        Dict,
        Name, ///< a class, a function, a dtype: what the file calls by its name
        Record, ///< an object: its class's name and its state
        Tensor,
        Storage,
    };
    Kind kind = Kind::None;
    std::int64_t integer = 0; ///< Bool, Int; of the others, Float excepted, the index of what they refer to
    double number = 0; ///< Float
};

/// What a text, a container, a name or a record is made of.
struct PickleNode {
    std::string_view text; ///< Text, Bytes; the module of a Name
    std::string_view name; ///< of a Name, without its module
    std::vector<PickleValue> items; ///< Tuple, List; of Dict and Record keys and values in turn
    PickleValue type, state; ///< of a Record; `state` is None where it has none
    int depth = 0; ///< levels of containers in it, a circle counted once
};

/// A run of numbers of one type.
struct PickledStorage {
    std::string_view type; ///< "HalfStorage"; "UntypedStorage": bytes
    std::string_view key; ///< names its file in the archive
    std::string_view location; ///< "cpu", "cuda:0": where it was when it was saved
    std::uint64_t count = 0; ///< elements of `type`
};

/// A view of a storage. Offset and strides count elements of the tensor; rank at most 8, sizes at most 2^31. Of typed
/// storages the view is known to lie inside.
struct PickledTensor {
    std::size_t storage = 0; ///< in PickleTree::storages
    std::string_view dtype; ///< "float8_e4m3fn" where it has one of its own; else the storage's type says it
    std::uint64_t offset = 0;
    std::vector<std::int64_t> shape, strides;

    /// Elements from the first to behind the last one; 0 where it has none.
    std::uint64_t extent() const;
};

/// A pickle's values. The texts are those of `bytes`.
struct PickleTree {
    Bytes bytes;
    std::vector<PickleNode> nodes;
    std::vector<PickledStorage> storages;
    std::vector<PickledTensor> tensors;
    PickleValue root;

    PickleTree() = default;
    PickleTree(PickleTree&&) = default;
    PickleTree& operator=(PickleTree&&) = default;

    /// Of a kind that has one: all but None, Bool, Int, Float, Tensor and Storage.
    const PickleNode& node(const PickleValue& value) const { return nodes.at(static_cast<std::size_t>(value.integer)); }
    const PickledTensor& tensor(const PickleValue& value) const
    {
        return tensors.at(static_cast<std::size_t>(value.integer));
    }
    /// "" where it is no text.
    std::string_view text(const PickleValue& value) const;
    /// "transformers.cache_utils.DynamicCache" of a name, or a record's class; "" of others.
    std::string typeName(const PickleValue& value) const;
    /// What a dict has under the key, or a record as an item or attribute; null where there is none.
    const PickleValue* find(const PickleValue& value, std::string_view key) const;
};

/// Reads a pickle of protocol 2 to 5. Takes memory in proportion to its size and no recursion. `what` names file and
/// member. Throws Error{Input}: cut short, an instruction that dumps do not need, a call of anything but tensors and
/// plain containers (named), containers nested more than 256 deep, views outside their storage.
PickleTree unpickle(Bytes bytes, const std::string& what);

inline constexpr std::uint64_t maxPickleBytes = std::uint64_t { 64 } << 20;

} // namespace pikv
