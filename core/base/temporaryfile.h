// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytesink.h"
#include "core/base/bytesource.h"
#include <memory>
#include <string>

namespace pikv {

/// A file without a name: it lies on the disk while it is open, and is gone when the process ends, however that ends.
/// It is made in the folder of the variable TMPDIR, else in /var/tmp, which is a disk where /tmp may be memory, else in
/// the system's folder for temporary files. Errors are Error{Resource} naming the folder and the limit.
class TemporaryFile final : public ByteSink {
public:
    /// `purpose`: what it is for, as messages say it: "unpacking cache.pt.gz".
    explicit TemporaryFile(std::string purpose);
    ~TemporaryFile() override;
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    /// Throws where the folder has less room than `bytes` and what is left free for others (256 MiB).
    void requireRoom(std::uint64_t bytes) const override;
    /// Writes at the end; asks for room now and then.
    void append(ByteSpan bytes) override;
    std::uint64_t size() const override { return m_size; }
    /// What was written, to be read at any offset by several threads; `name` is that of messages. Nothing can be
    /// appended afterwards.
    std::unique_ptr<const ByteSource> source(std::string name);

private:
    [[noreturn]] void fail(int error) const;
    void requireRoom(std::uint64_t bytes, const std::string& taken) const; ///< `taken`: how much, for the message

    std::string m_purpose, m_folder;
    int m_descriptor = -1;
    std::uint64_t m_size = 0, m_checked = 0; ///< up to where there was room when it was last asked for
};

} // namespace pikv
