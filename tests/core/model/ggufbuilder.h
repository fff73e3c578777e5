// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytes.h"
#include <string>
#include <string_view>

/// Writes GGUF bytes field by field, so that tests can damage any of them.
class GgufBuilder {
public:
    pikv::Bytes bytes;

    GgufBuilder& preamble(std::uint64_t tensors, std::uint64_t entries, std::uint32_t version = 3)
    {
        raw("GGUF");
        return number(version).number(tensors).number(entries);
    }
    template <typename T>
    GgufBuilder& number(T value)
    {
        pikv::appendLe(bytes, value);
        return *this;
    }
    GgufBuilder& raw(std::string_view text)
    {
        for (const char c : text)
            bytes.push_back(static_cast<std::byte>(c));
        return *this;
    }
    GgufBuilder& string(std::string_view text) { return number(std::uint64_t { text.size() }).raw(text); }
    GgufBuilder& entry(std::string_view key, std::uint32_t value)
    {
        return string(key).number(std::uint32_t { 4 }).number(value);
    }
    GgufBuilder& tensor(
        std::string_view name, std::initializer_list<std::int64_t> ne, std::uint32_t type, std::uint64_t offset)
    {
        string(name).number(static_cast<std::uint32_t>(ne.size()));
        for (const std::int64_t n : ne)
            number(n);
        return number(type).number(offset);
    }
    GgufBuilder& pad(std::size_t alignment = 32)
    {
        bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
        return *this;
    }
    GgufBuilder& data(std::size_t count)
    {
        bytes.resize(bytes.size() + count);
        return *this;
    }
};
