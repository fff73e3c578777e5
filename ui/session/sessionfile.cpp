// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes, which JSON does not know, are texts that begin with "base64:".
#include "ui/session/sessionfile.h"
#include "core/base/error.h"
#include "core/eval/resultsio.h"
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

namespace pikv::ui {
namespace {

constexpr int version = 1;
constexpr qint64 mostBytes = 16'000'000; ///< of a file; all settings have some 10 kB
const QString ofBytes = QStringLiteral("base64:"), ofVersion = QStringLiteral("pikvsession");

QJsonValue toJson(const QVariant& value)
{
    return value.typeId() == QMetaType::QByteArray
        ? QJsonValue(ofBytes + QString::fromLatin1(value.toByteArray().toBase64()))
        : QJsonValue::fromVariant(value);
}

QVariant fromJson(const QJsonValue& value)
{
    if (value.isArray())
        return value.toVariant().toStringList();
    const QString text = value.toString();
    return text.startsWith(ofBytes) ? QVariant(QByteArray::fromBase64(text.mid(ofBytes.size()).toLatin1()))
                                    : value.toVariant();
}

/// Below the file's folder by its path from there, elsewhere by its whole path.
QString stored(const QString& dump, const QDir& folder)
{
    const QString relative = folder.relativeFilePath(dump);
    return dump.isEmpty() || relative.startsWith(QLatin1String("..")) ? dump : relative;
}

} // namespace

void SessionFile::write(const QString& path) const
{
    QJsonObject settings;
    for (auto value = state.begin(); value != state.end(); ++value)
        settings[value.key()] = toJson(value.value());
    const QJsonObject json { { ofVersion, version },
        { QStringLiteral("dump"), stored(dump, QFileInfo(path).absoluteDir()) },
        { QStringLiteral("settings"), settings } };
    const QByteArray text = QJsonDocument(json).toJson();
    writeFileAtomic(path.toStdString(), { text.constData(), std::size_t(text.size()) });
}

SessionFile SessionFile::read(const QString& path)
{
    const std::string name = path.toStdString();
    QFile file(path);
    if (const QFileInfo info(path); info.exists() && (!info.isFile() || info.size() > mostBytes))
        throw inputError(name + ": not a session: it is no regular file of at most 16 MB");
    if (!file.open(QIODevice::ReadOnly))
        throw inputError(name + ": cannot be opened for reading");
    const QJsonObject json = QJsonDocument::fromJson(file.readAll()).object();
    const int of = json[ofVersion].toInt();
    if (of < 1)
        throw inputError(
            name + ": not a session: it is no JSON object with \"pikvsession\": " + std::to_string(version));
    if (of > version)
        throw inputError(name + ": a session of a newer version of the program (" + std::to_string(of)
            + ", this one knows " + std::to_string(version) + ")");
    SessionFile session;
    const QString dump = json[QStringLiteral("dump")].toString();
    session.dump = dump.isEmpty() ? dump : QDir::cleanPath(QFileInfo(path).absoluteDir().absoluteFilePath(dump));
    const QJsonObject settings = json[QStringLiteral("settings")].toObject();
    for (auto value = settings.begin(); value != settings.end(); ++value)
        session.state[value.key()] = fromJson(value.value());
    return session;
}

} // namespace pikv::ui
