// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/study/studyreport.h"
#include <QByteArray>

namespace pikv::ui {

/// The report as a PDF of A4 pages: facts and charts, vectors all of them, upright; tables lying. Needs a
/// QGuiApplication.
QByteArray reportPdf(const StudyReport& report);

} // namespace pikv::ui
