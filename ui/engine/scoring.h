// SPDX-License-Identifier: GPL-3.0-or-later
// The next-token test as the window sees it.
#pragma once
#include "core/eval/nexttoken.h"
#include "core/eval/proxypredictor.h"
#include "ui/jobs/latest.h"
#include <QObject>
#include <QString>
#include <map>
#include <memory>
#include <vector>

namespace pikv::ui {

class Engine;
using NextTokenPtr = std::shared_ptr<const NextTokenResult>;

/// The next-token test of the open dump: its session, and the runs of the methods, in the engine thread. Nothing here
/// blocks; the latest request of a method wins.
class Scoring : public QObject {
    Q_OBJECT
public:
    static constexpr int topCount = 8; ///< tokens of each side that a position carries
    static constexpr int greedyCount = 32; ///< tokens that a continuation writes

    explicit Scoring(Engine* engine, QObject* parent = nullptr);

    /// Splits the open dump (`predict` positions; 0: defaultPositions()) and scores its uncompressed cache; opened() or
    /// openFailed() follows. What was open is closed.
    void open(const ModelPtr& model, qint64 predict, bool compressContinuation);
    /// Looks up what this very test gave on other days; remembered() follows. Only while open.
    void recall();
    /// Forgets the session, and without a word all that waits or runs.
    void close();
    bool isOpen() const { return m_open.baseline != nullptr; }
    NextTokenPtr baseline() const { return m_open.baseline; }
    /// Only while open.
    const NextTokenText& text() const { return m_open.session->setup().texts.front(); }
    const LanguageModel& model() const { return *m_open.session->setup().model; }
    /// Null while not open; called in the engine thread only, but for setup().
    std::shared_ptr<NextTokenSession> session() const { return m_open.session; }

    /// Runs a method, with the shares of KL where they are asked for, on the first `previewPositions` positions (0: no
    /// preview) and then on all; resultReady() for each, or failed(), follows. Returns the request's id; 0 while not
    /// open.
    quint64 request(const MethodSpec& method, qint64 previewPositions, bool klShares);
    /// Scores the uncompressed cache with its sums in another order; resultReady() or failed(controlName) follows. Only
    /// while open.
    void requestControl();
    /// Id of the method's latest request(); 0 where none is wanted.
    quint64 latest(const QString& methodId) const { return m_runs.latest(methodId.toStdString()); }
    /// Nothing of the method arrives any more.
    void drop(const QString& methodId);
    /// Greedy continuations from the original and from each method's cache; continued() for each, then greedyDone().
    void continueGreedy(const std::vector<MethodSpec>& methods);
    bool isContinuing() const { return m_texts.isPending(); }
    /// The proxy predictor of the open dump, without a model; proxyReady() or failed() follows.
    void requestProxy(const MethodSpec& method);
    /// Forgets all that waits or runs; openFailed() and greedyDone() tell who waits for them.
    void cancel();

Q_SIGNALS:
    /// baseline() and text() are there.
    void opened();
    /// By methodText(), of the open dump at the present settings.
    void remembered(const std::map<std::string, pikv::NextTokenMetrics>& scores);
    /// "" where it was cancelled.
    void openFailed(const QString& reason);
    /// Of the first positions (a preview) or of all; maybe of an earlier request than the latest.
    void resultReady(pikv::ui::NextTokenPtr result, quint64 id);
    /// A method's latest request, or a continuation (`methodId` is ""), came to nothing.
    void failed(const QString& methodId, const pikv::ui::JobProblem& problem);
    /// `methodId`: "" for the original.
    void continued(const QString& methodId, const std::vector<std::int64_t>& tokens);
    /// No continuation is to come any more.
    void greedyDone();
    void proxyReady(const QString& methodId, const pikv::ProxyResult& result);

private:
    struct Opened {
        std::shared_ptr<NextTokenSession> session; ///< called in the engine thread only, but for setup()
        NextTokenPtr baseline;
    };
    using Text = std::vector<std::int64_t>;

    NextTokenMethod requestFor(const MethodSpec& method) const;
    void takeSession(const Opened& opened);
    void noteOpenFailed(const JobProblem& problem);
    void noteFailed(const std::string& methodId, const JobProblem& problem);
    void continueWith(const std::string& methodId, const NextTokenMethod* method);
    void takeText(const std::string& methodId, const Text& tokens);
    void noteTextFailed(const JobProblem& problem);

    Engine* m_engine;
    using Scores = std::map<std::string, NextTokenMetrics>;
    Latest<Opened> m_baselines;
    Latest<std::shared_ptr<Scores>> m_recalls;
    Latest<NextTokenPtr> m_runs; ///< by method
    Latest<ProxyResult> m_proxies; ///< by method
    Latest<Text> m_texts; ///< by method; "" for the original
    Opened m_open;
};

} // namespace pikv::ui
