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

} // namespace pikv::ui
