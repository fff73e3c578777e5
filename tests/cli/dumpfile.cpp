// SPDX-License-Identifier: GPL-3.0-or-later
#include "dumpfile.h"
#include "runpikv.h"
#include <QJsonArray>
#include <QJsonDocument>
#include <QtEndian>

namespace pikvtest {

DumpFile DumpFile::read(const QString& path)
{
    const QByteArray file = readFile(path);
    const auto length = qFromLittleEndian<quint64>(file.constData());
    return { QJsonDocument::fromJson(file.mid(8, qsizetype(length))).object(), file.mid(8 + qsizetype(length)) };
}

QByteArray DumpFile::bytes() const
{
    const QByteArray json = QJsonDocument(header).toJson(QJsonDocument::Compact);
    QByteArray length(8, '\0');
    qToLittleEndian(quint64(json.size()), length.data());
    return length + json + data;
}

QByteArray DumpFile::tensor(const QString& name) const
{
    const QJsonArray offsets = header[name][QStringLiteral("data_offsets")].toArray();
    const auto begin = qsizetype(offsets[0].toInteger()), end = qsizetype(offsets[1].toInteger());
    return data.mid(begin, end - begin);
}

void DumpFile::describe(const QString& name, const QString& key, const QJsonValue& value)
{
    QJsonObject entry = header[name].toObject();
    entry[key] = value;
    header[name] = entry;
}

} // namespace pikvtest
