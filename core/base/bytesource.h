// SPDX-License-Identifier: GPL-3.0-or-later
// The bytes that parsers read: of a file, of memory that somebody holds, or of their own.
#pragma once
#include "core/base/bytes.h"
#include "core/base/error.h"
#include <cstdint>
#include <span>
#include <string>

namespace pikv {

/// Bytes that can be read at any offset: what the parsers see of a file.
class ByteSource {
public:
    virtual ~ByteSource() = default;
    virtual std::uint64_t size() const = 0;
    /// The file's name for messages.
    virtual const std::string& name() const = 0;
    /// Fills `out` from `offset`. Throws Error{Input} when the range is not there.
    virtual void read(std::uint64_t offset, std::span<std::byte> out) const = 0;
    /// Several threads may read at once.
    virtual bool servesThreads() const { return false; }
};

/// Bytes in memory that somebody else owns.
class MemorySource final : public ByteSource {
public:
    MemorySource(ByteSpan bytes, std::string name)
        : m_bytes(bytes)
        , m_name(std::move(name))
    {
    }
    std::uint64_t size() const override { return m_bytes.size(); }
    const std::string& name() const override { return m_name; }
    void read(std::uint64_t offset, std::span<std::byte> out) const override
    {
        if (offset > m_bytes.size() || out.size() > m_bytes.size() - offset)
            throw inputError(m_name + ": a read leaves its " + std::to_string(m_bytes.size()) + " bytes");
        if (!out.empty())
            std::memcpy(out.data(), m_bytes.data() + offset, out.size());
    }

private:
    ByteSpan m_bytes;
    std::string m_name;
};

/// Bytes in memory that are its own.
class OwnedSource final : public ByteSource {
public:
    OwnedSource(Bytes bytes, std::string name)
        : m_bytes(std::move(bytes))
        , m_source(m_bytes, std::move(name))
    {
    }
    OwnedSource(const OwnedSource&) = delete;
    OwnedSource& operator=(const OwnedSource&) = delete;
    std::uint64_t size() const override { return m_source.size(); }
    const std::string& name() const override { return m_source.name(); }
    void read(std::uint64_t offset, std::span<std::byte> out) const override { m_source.read(offset, out); }

private:
    const Bytes m_bytes;
    MemorySource m_source;
};

} // namespace pikv
