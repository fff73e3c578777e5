// SPDX-License-Identifier: GPL-3.0-or-later
// Where the cache is in what somebody saved with torch.save: an object of transformers, pairs of tensors, or a dict of
// such things with words beside them.
#pragma once
#include "core/formats/layercheck.h"
#include "core/formats/unpickler.h"
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace pikv {

/// Token ids and the like that were saved as a list of Python's integers.
struct IntegerList {
    std::string name;
    std::vector<std::int64_t> shape, values; ///< [seq] or [batch, seq]; in C order
};

/// What a pickle's values hold of a cache.
struct PickledCache {
    std::map<std::uint64_t, FoundLayer> found; ///< by the layer's number
    std::vector<StoredTensor> companions; ///< token ids, mask, positions, importance by the native dump's names
    std::vector<IntegerList> lists; ///< such of them as are no tensors
    std::map<std::string, std::string> metadata; ///< in the native dump's words, and what else is text or a number
    CacheInfo info; ///< notes, parts, attention: what was chosen and assumed
    /// Tokens that the layers saw, where all of them say so and keep a window of the last ones; 0: not known.
    std::int64_t seen = 0;
    std::string kind; ///< "DynamicCache", "pairs of keys and values"
};

/// Where the numbers of a tensor lie, which has this name in messages. Throws Error{Input}.
using LocateTensor = std::function<StoredTensor(const PickledTensor& tensor, const std::string& name)>;

/// Looks for the cache at most four levels deep. Throws Error{Input} naming `file` where there is none, saying what
/// there is, or one that is held in a way that is not read. Of several in a list, and of a decoder's two, `told`
/// chooses one.
PickledCache findPickledCache(
    const PickleTree& tree, const LocateTensor& locate, const Told& told, const std::string& file);

/// Every tensor in a pickle's containers and objects, at most nine levels deep, by the keys and indices that lead to
/// it: "layers.3.k". Those that `locate` refuses are left out, and those below keys of more than 400 characters in all.
std::vector<StoredTensor> listPickledTensors(const PickleTree& tree, const LocateTensor& locate);

/// What is wrong with a cache of that class and what to do, to go behind the file's name.
std::string quantizedCacheText(const std::string& className);

} // namespace pikv
