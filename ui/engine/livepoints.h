// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/engine/dumpstudy.h"
#include "ui/jobs/latest.h"
#include <QObject>
#include <map>

namespace pikv::ui {

/// The points of the form, one a method: a preview from a few layers first, then the full result. The latest request of
/// a method wins, and overtakes every sweep.
class LivePoints : public QObject {
    Q_OBJECT
public:
    LivePoints(JobQueue* queue, DumpStudy* study, QObject* parent = nullptr);

    /// Only while a dump is open. Returns the request's id, which grows.
    quint64 request(const MethodSpec& method);
    /// Id of the method's latest request; 0 where none is wanted.
    quint64 latest(const QString& methodId) const { return m_points.latest(methodId.toStdString()); }
    /// Forgets the method: nothing of it arrives any more.
    void drop(const QString& methodId);
    /// The same for all.
    void dropAll();
    /// The same, but finish() goes on with those whose full result had not come.
    void cancel() { m_points.dropAll(); }
    void finish();

Q_SIGNALS:
    /// A preview or a full result, maybe of an earlier request than the latest where the settings move fast.
    void ready(const pikv::ui::ResultPtr& result, quint64 id);
    /// The latest request of a method came to nothing; neither for what was dropped nor for what was cancelled.
    void failed(const QString& methodId, const pikv::ui::JobProblem& problem);

private:
    DumpStudy* m_study;
    Latest<ResultPtr> m_points;
    std::map<std::string, MethodSpec> m_unfinished; ///< by method: asked for, and no full result or failure yet
};

} // namespace pikv::ui
