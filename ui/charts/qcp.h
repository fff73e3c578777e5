// SPDX-License-Identifier: GPL-3.0-or-later
// QCustomPlot's header uses Qt's bare keywords, which QT_NO_KEYWORDS takes away; they live for this include only.
// To be included in .cpp files alone: it costs seconds, and headers forward-declare what they name of it.
#pragma once
#include <QObject>

#define signals Q_SIGNALS
#define slots Q_SLOTS
#define emit Q_EMIT
#define foreach Q_FOREACH
#include <qcustomplot.h>
#undef signals
#undef slots
#undef emit
#undef foreach
