// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QByteArray>
#include <QJsonObject>
#include <QString>

namespace pikvtest {

/// A safetensors file taken apart, so that tests can damage it; read and written without the program's own code.
struct DumpFile {
    QJsonObject header;
    QByteArray data;

    static DumpFile read(const QString& path);
    QByteArray bytes() const;
    /// The bytes of a tensor as they are in the file.
    QByteArray tensor(const QString& name) const;
    /// Changes one entry of a tensor's description.
    void describe(const QString& name, const QString& key, const QJsonValue& value);
};

} // namespace pikvtest
