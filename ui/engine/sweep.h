// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/engine/dumpstudy.h"
#include "ui/jobs/latest.h"
#include <QObject>
#include <map>
#include <vector>

namespace pikv::ui {

/// Points of a sweep, evaluated while nothing more urgent waits.
class Sweep : public QObject {
    Q_OBJECT
public:
    Sweep(JobQueue* queue, DumpStudy* study, QObject* parent = nullptr);

    /// Appends points, only while a dump is open. Points that wait already are not repeated.
    void request(const std::vector<MethodSpec>& points);
    /// Takes a method's points that are still to come out of the sweep.
    void dropMethod(const QString& methodId);
    /// Forgets all points without a word.
    void dropAll();
    /// The same, and says how far it came: finished().
    void cancel();
    bool isRunning() const { return m_total > 0; }
    /// Points since the sweep began; 0 while none runs.
    int total() const { return m_total; }
    /// Those of them that are measured or have failed.
    int done() const { return m_total - int(m_waiting.size()); }

    /// "Sweep finished: 48 of 52 points, 4 failed"; the arguments are those of finished().
    static QString summary(int done, int total, int failed);

Q_SIGNALS:
    void ready(const pikv::ui::ResultPtr& result);
    /// A point came to nothing; the sweep goes on.
    void failed(const pikv::ui::JobProblem& problem);
    /// No point is to come any more. `done` is less than `total` where it was cancelled; `failed` of the done ones came
    /// to nothing.
    void finished(int done, int total, int failed);

private:
    void endPoint(const std::string& key);
    void endIfEmpty();

    DumpStudy* m_study;
    Latest<ResultPtr> m_points; ///< by the point's spec
    std::map<std::string, std::string> m_waiting; ///< spec and method of the points that are still to come
    int m_total = 0, m_failed = 0;
};

} // namespace pikv::ui
