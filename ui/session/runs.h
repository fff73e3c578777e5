// SPDX-License-Identifier: GPL-3.0-or-later
// What runs after an open, an edit, a check: live points first, the sweep when they are there.
#pragma once
#include "ui/models/resultsmodel.h"
#include <QObject>
#include <QSet>
#include <map>
#include <string>

namespace pikv {
struct NextTokenMetrics;
struct NextTokenResult;
}

namespace pikv::ui {

class Engine;
class MethodsModel;
class NextTokenController;
class ProblemsModel;
class SpecStore;

/// The parts of a session that runs work on.
struct RunsParts {
    Engine* engine;
    NextTokenController* nextToken;
    MethodsModel* methods;
    SpecStore* specs;
    ResultsModel* results;
    ProblemsModel* problems;
};

/// What is evaluated, and in which order: live points first, the sweeps once all of them have their full result. Enters
/// what comes into the results, scores of the next-token test included.
class Runs : public QObject {
    Q_OBJECT
public:
    explicit Runs(const RunsParts& parts, QObject* parent = nullptr);

    /// The settings that all results share have changed: what is on screen stays, marked stale, until its successor is
    /// there; the sweep starts over.
    void evaluateAnew();
    /// The live point of a method, at the parameters of the form.
    void requestLive(const QString& methodId);
    /// Live point and, where none is to follow anyway, the sweep.
    void addMethod(const QString& methodId);
    void dropMethod(const QString& methodId);
    /// The default sweeps of the checked methods.
    void sweepChecked();
    /// Nothing follows the live points; the engine's own cancel() stops what runs.
    void cancel() { m_sweepAfterLive = m_recalling = false; }

Q_SIGNALS:
    /// Every checked method has its full result, or failed, since evaluateAnew().
    void firstChartComplete();

private:
    void noteRecalled();
    void showStored(const QSet<QString>& methods);
    void noteResult(const ResultPtr& result, quint64 id, bool live);
    void noteLiveDone(const QString& methodId);
    void settleCancelled();
    void sweep(const QString& methodId);
    ResultPtr withScores(const ResultPtr& result) const;
    void noteScores(const std::shared_ptr<const NextTokenResult>& scores);
    void noteRemembered(const std::map<std::string, NextTokenMetrics>& scores);

    RunsParts m_parts;
    QSet<QString> m_awaited; ///< methods whose first full result is not there yet
    bool m_sweepAfterLive = false;
    bool m_recalling = false; ///< live points wait for what is stored
};

} // namespace pikv::ui
