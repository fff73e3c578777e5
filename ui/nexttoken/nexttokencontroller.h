// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/engine/nexttokenengine.h"
#include <QObject>
#include <QString>

namespace pikv::ui {

class Engine;
class MethodsModel;
class ModelEngine;
class NextTokenModel;
class SpecStore;

/// Decides what the next-token tab can show of dump and model, and keeps its figures up to date. Until the tab is
/// looked at for the first time it asks for nothing.
class NextTokenController : public QObject {
    Q_OBJECT
public:
    enum class State { Asleep, NoDump, NoTokens, NoModel, Loading, Mismatch, Opening, Failed, Ready };

    NextTokenController(Engine* engine, ModelEngine* models, MethodsModel* methods, SpecStore* specs, QObject* parent);

    NextTokenModel* figures() const { return m_figures; }
    NextTokenEngine* test() const { return m_test; }
    State state() const { return m_state; }
    /// What is missing and what to do next; "" when ready.
    QString explanation() const { return m_explanation; }

    /// The tab is shown: opens the default model where one is at hand, and scores.
    void wake();
    /// Dump, model, or how it is split have changed: all figures start over.
    void restart();
    void setPredict(qint64 positions); ///< 0: a quarter of the dump, at most 128
    qint64 predict() const { return m_predict; }
    void setCompressContinuation(bool on);
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
    /// A method's run was asked for; its preview is there (the form's drags are measured by the two).
    void requested(const QString& methodId, quint64 id);
    void previewShown(quint64 id);
    void problem(const pikv::Problem& problem);

private:
    void setState(State state, const QString& explanation = {});
    bool showObstacle();
    bool showModelObstacle();
    void requestProxies();
    bool isProxy() const;
    void noteResult(const NextTokenPtr& result, quint64 id);
    qint64 predictedPositions() const;

    Engine* m_engine;
    ModelEngine* m_models;
    MethodsModel* m_methods;
    SpecStore* m_specs;
    NextTokenEngine* m_test;
    NextTokenModel* m_figures;
    State m_state = State::Asleep;
    QString m_explanation;
    bool m_awake = false, m_triedDefault = false, m_compressContinuation = false;
    qint64 m_predict = 0;
    int m_cursor = 0;
};

} // namespace pikv::ui
