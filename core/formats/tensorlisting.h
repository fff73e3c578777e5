// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/formats/dumplayout.h"

namespace pikv {

/// The tensors of a file as it calls them, before anybody says which are keys and values.
struct TensorListing {
    std::string file; ///< its name, for messages
    std::string format; ///< "tensors (safetensors)"
    std::vector<StoredTensor> tensors;
    std::map<std::string, std::string> metadata;
    std::vector<std::shared_ptr<const ByteSource>> files; ///< as DumpLayout has them
};

} // namespace pikv
