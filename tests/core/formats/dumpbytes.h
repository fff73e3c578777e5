// SPDX-License-Identifier: GPL-3.0-or-later
// Dumps described tensor by tensor, for the tests of what readers make of them.
#pragma once
#include "foreignfiles.h"
#include "safetensorsbytes.h"
#include <QStringList>
#include <map>

namespace pikv {

/// A dump described tensor by tensor: "layers.0.key F16 1,2,3,4".
struct Dump {
    QStringList tensors;
    QString metadata = R"({"kv_format":"pikv-kv-1"})";

    Bytes bytes(std::vector<std::pair<QString, std::vector<std::int64_t>>> contents = {}) const
    {
        QStringList fields { "\"__metadata__\":" + metadata };
        std::map<QString, std::size_t> offsets;
        std::size_t offset = 0;
        for (const QString& line : tensors) {
            const QStringList parts = line.split(' ');
            const QString shape = parts.value(2);
            std::size_t size = dtypeSize(*dtypeFromSafetensors(parts[1].toStdString()));
            for (const QString& n : shape.split(',', Qt::SkipEmptyParts))
                size *= n.toULongLong();
            offsets[parts[0]] = offset;
            fields << QString(R"("%1":{"dtype":"%2","shape":[%3],"data_offsets":[%4,%5]})")
                          .arg(parts[0], parts[1], shape)
                          .arg(offset)
                          .arg(offset + size);
            offset += size;
        }
        Bytes file = safetensorsBytes("{" + fields.join(',') + "}", offset);
        for (const auto& [name, values] : contents)
            std::memcpy(file.data() + file.size() - offset + offsets[name], values.data(), values.size() * 8);
        return file;
    }
};

inline DumpLayout read(const Bytes& bytes) { return layoutOf(bytes, "dump.safetensors"); }
inline QString refusal(const Bytes& bytes) { return refusalOf(bytes, "dump.safetensors"); }

inline const QStringList oneLayer { "layers.0.key F16 1,2,3,4", "layers.0.value F16 1,2,3,4" };

} // namespace pikv
