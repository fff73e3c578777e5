// SPDX-License-Identifier: GPL-3.0-or-later
// Builds safetensors files, sound and unsound, for tests.
#pragma once
#include "core/base/bytes.h"
#include <QString>
#include <optional>

/// Length word, header text and `dataBytes` zero bytes; `length` claims another header length.
inline pikv::Bytes safetensorsBytes(
    const QString& json, std::size_t dataBytes, std::optional<std::uint64_t> length = {})
{
    const QByteArray text = json.toUtf8();
    const std::uint64_t word = length.value_or(static_cast<std::uint64_t>(text.size()));
    pikv::Bytes bytes(sizeof word + static_cast<std::size_t>(text.size()) + dataBytes);
    std::memcpy(bytes.data(), &word, sizeof word);
    if (!text.isEmpty())
        std::memcpy(bytes.data() + sizeof word, text.constData(), static_cast<std::size_t>(text.size()));
    return bytes;
}
