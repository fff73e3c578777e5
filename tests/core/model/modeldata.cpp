// SPDX-License-Identifier: GPL-3.0-or-later
#include "modeldata.h"
#include <QFile>
#include <QFileInfo>

QString testPath(const QString& name) { return QStringLiteral(PIKV_SOURCE_DIR "/tests/data/") + name; }

QByteArray testFile(const QString& name)
{
    QFile file(testPath(name));
    if (!file.open(QIODevice::ReadOnly))
        qFatal("%s cannot be read", qPrintable(file.fileName()));
    return file.readAll();
}

QString realModel()
{
    QString path = qEnvironmentVariable("PIKV_MODEL");
    if (path.isEmpty()) {
        const QString home = qEnvironmentVariable("XDG_DATA_HOME", qEnvironmentVariable("HOME") + "/.local/share");
        path = home + "/pikv-explorer/models/SmolLM2-135M-Instruct.Q4_1.gguf";
    }
    return QFileInfo(path).isFile() ? path : QString();
}
