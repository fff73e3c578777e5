// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/study/studyreport.h"
#include <QObject>
#include <QString>
#include <memory>

namespace pikv::ui {

class ChartSeries;
class Session;

/// Writes the results as a report. Charts are drawn one a turn of the event loop, the file is written in another
/// thread.
class ReportCommand : public QObject {
    Q_OBJECT
public:
    ReportCommand(Session* session, QObject* parent = nullptr);
    ~ReportCommand() override;

    /// .html, .pdf, .md or .tex, by the suffix of `path`; done() or a problem of the session's follows. A report that
    /// is being written is given up.
    void write(const std::vector<EvaluationResult>& results, const QString& path);
    /// What the open dump and these results have to tell of themselves.
    ReportFacts facts(const std::vector<EvaluationResult>& results) const;

Q_SIGNALS:
    void done(const QString& path);

private:
    void drawNext(int index);
    void finish();

    Session* m_session;
    QString m_path;
    StudyReport m_report;
    std::unique_ptr<ChartSeries> m_series;
    quint64 m_run = 0; ///< grows with every report
};

} // namespace pikv::ui
