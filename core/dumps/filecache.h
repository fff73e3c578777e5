// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytesource.h"
#include "core/cache/kvcache.h"
#include "core/formats/dumplayout.h"

namespace pikv {

/// A dump on disk: layer() reads that layer's tensors and nothing else is held in memory.
class FileCache final : public KvCache {
public:
    /// `path` is what the user opened: the file, or the folder it lies in.
    FileCache(std::string path, std::unique_ptr<const ByteSource> file, DumpLayout layout);
    LayerKv layer(int index) const override;
    at::Tensor storedImportance() const override;
    bool hasKeep() const override;

private:
    at::Tensor read(const StoredTensor& entry) const;
    /// Large enough, and plain enough, to be read by a thread of its own beside the layer's other side: copies from the
    /// page cache are bound by one processor.
    bool isReadBeside(const StoredTensor& entry) const;
    /// One of each `repeats` heads of `all` [batch, heads, seq, dim]. Throws Error{Input} where they are not the same.
    at::Tensor distinctHeads(const at::Tensor& all, std::int64_t repeats, int index) const;

    std::unique_ptr<const ByteSource> m_file;
    DumpLayout m_layout;
};

} // namespace pikv
