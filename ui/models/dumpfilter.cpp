// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/dumpfilter.h"
#include "core/formats/formatregistry.h"
#include <QCoreApplication>
#include <QStringList>

namespace pikv::ui {

QString dumpFilter()
{
    QStringList patterns;
    for (const std::string& pattern : dumpPatterns())
        patterns << QString::fromStdString(pattern);
    return QCoreApplication::translate("DumpFilter", "KV-cache dumps (%1);;All files (*)")
        .arg(patterns.join(QLatin1Char(' ')));
}

QString dumpSaveFilter()
{
    QStringList filters;
    for (const DumpFormat* format : writtenFormats())
        filters << QStringLiteral("%1 (%2)").arg(
            QString::fromStdString(format->label).section(QLatin1String(" ("), 0, 0),
            QString::fromStdString(format->patterns.front()));
    return filters.join(QStringLiteral(";;"));
}

} // namespace pikv::ui
