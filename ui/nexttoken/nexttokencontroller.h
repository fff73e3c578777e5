// SPDX-License-Identifier: GPL-3.0-or-later
// The tab's wishes between its panel and the engine.
#pragma once
#include "ui/engine/scoring.h"
#include <QObject>
#include <QString>

namespace pikv::ui {

class Engine;
class MethodsModel;
class LanguageModels;
class NextTokenModel;
class SpecStore;

/// Decides what the next-token tab can show of dump and model, and keeps its figures up to date. Until the tab is
/// looked at for the first time it asks for nothing.
class NextTokenController : public QObject {
    Q_OBJECT
public:
    enum class State { Asleep, NoDump, NoTokens, NoModel, Loading, Mismatch, Opening, Failed, Ready };

    NextTokenController(
        Engine* engine, LanguageModels* models, MethodsModel* methods, SpecStore* specs, QObject* parent);

    NextTokenModel* figures() const { return m_figures; }
    Scoring* test() const { return m_test; }
    State state() const { return m_state; }
    /// What is missing and what to do next; "" when ready.
    QString explanation() const { return m_explanation; }

    /// The tab came to the front or went behind another one. At first sight the default model is opened where one is
    /// at hand, and the methods are scored; from then on edits are, too. A dump that is opened while the tab is hidden
    /// is left alone until the tab is shown again.
    void setShown(bool shown);
    /// Dump, model, or how it is split have changed: all figures start over.
    void restart();
    void setPredict(qint64 positions); ///< 0: a quarter of the dump, at most 128
    qint64 predict() const { return m_predict; }
    void setCompressContinuation(bool on);
    /// Whether methods are scored with the shares of KL, which takes five more runs of each.
    void setKlShares(bool on);
    void requestMethod(const QString& methodId);
    void requestAll();
    /// The choice of methods has changed; requestMethod() is to follow for new ones.
    void setChecked();
    /// A newer score of the method is on its way.
    bool isScoring(const QString& methodId) const;
    void cancel();

    /// Index among the continuation's positions.
    int cursor() const { return m_cursor; }
    /// Clamped to what there is.
    void setCursor(int position);
    void writeOn();
    /// A readable name of a token; only while ready.
    QString tokenText(std::int64_t id) const;

Q_SIGNALS:
    void stateChanged();
    void cursorChanged();
    /// All positions of a method's latest settings.
    void scored(const pikv::ui::NextTokenPtr& result);
    /// A method's run was asked for: what earlier settings gave no longer counts.
    void requested(const QString& methodId);
    /// A run failed. A stand-in's failure is told in figures() alone: the method's live point says the same.
    void problem(const pikv::ui::JobProblem& problem);

private:
    void setState(State state, const QString& explanation = {});
    bool showObstacle();
    bool showModelObstacle();
    void noteDump();
    void requestProxies();
    bool isProxy() const;
    void noteResult(const NextTokenPtr& result, quint64 id);
    qint64 predictedPositions() const;

    Engine* m_engine;
    LanguageModels* m_models;
    MethodsModel* m_methods;
    SpecStore* m_specs;
    Scoring* m_test;
    NextTokenModel* m_figures;
    State m_state = State::Asleep;
    QString m_explanation;
    bool m_awake = false, m_shown = false, m_triedDefault = false, m_compressContinuation = false, m_klShares = false;
    qint64 m_predict = 0;
    int m_cursor = 0;
};

} // namespace pikv::ui
