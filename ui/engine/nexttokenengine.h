// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/error.h"
#include "core/eval/nexttoken.h"
#include "core/eval/proxypredictor.h"
#include <QHash>
#include <QObject>
#include <QString>
#include <functional>
#include <memory>
#include <vector>

namespace pikv::ui {

class Engine;
using NextTokenPtr = std::shared_ptr<const NextTokenResult>;

/// The next-token test of the open dump: its session, and the runs of the methods, in the engine thread. Nothing here
/// blocks; the latest request of a method wins.
class NextTokenEngine : public QObject {
    Q_OBJECT
public:
    static constexpr int topCount = 8; ///< tokens of each side that a position carries
    static constexpr int greedyCount = 32; ///< tokens that a continuation writes

    explicit NextTokenEngine(Engine* engine, QObject* parent = nullptr);

    /// Splits the dump and scores its uncompressed cache; opened() or openFailed() follows. What was open is closed.
    void open(const ModelPtr& model, const CachePtr& dump, qint64 predict, bool compressContinuation);
    void close();
    bool isOpen() const { return m_baseline != nullptr; }
    bool isOpening() const { return m_opening; }
    NextTokenPtr baseline() const { return m_baseline; }
    /// Only while open.
    const NextTokenText& text() const;
    const LanguageModel& model() const;

    /// Runs a method on the first `previewPositions` positions (0: no preview) and then on all. Returns the request's
    /// id.
    quint64 request(const MethodSpec& method, qint64 previewPositions);
    quint64 latest(const QString& methodId) const { return m_latest.value(methodId); }
    void drop(const QString& methodId);
    /// Greedy continuations from the original and from each method's cache; continued() for each, then greedyDone().
    void continueGreedy(const std::vector<MethodSpec>& methods);
    bool isContinuing() const { return m_continuing; }
    /// The proxy predictor of any dump, without a model; proxyReady() or failed() follows.
    void requestProxy(const CachePtr& dump, const MethodSpec& method);
    /// Forgets all that waits or runs; the engine's own cancel() stops the work.
    void cancel();

Q_SIGNALS:
    void opened();
    /// "" where it was cancelled.
    void openFailed(const QString& reason);
    void resultReady(pikv::ui::NextTokenPtr result, quint64 id);
    void failed(const QString& methodId, const QString& reason);
    /// `methodId`: "" for the original.
    void continued(const QString& methodId, const std::vector<std::int64_t>& tokens);
    void greedyDone();
    void proxyReady(const QString& methodId, const pikv::ProxyResult& result);

private:
    NextTokenMethod requestFor(const MethodSpec& method) const;
    std::function<void(const JobControl&)> job(NextTokenMethod method, quint64 id);
    void takeSession(const std::shared_ptr<NextTokenSession>& session, const NextTokenPtr& baseline, quint64 epoch);
    void deliver(const NextTokenPtr& result, quint64 id, quint64 epoch);
    void fail(const QString& methodId, const Problem& problem, quint64 epoch);
    /// Key of a method's jobs in the queue, where the evaluation of the same method has one of its own.
    static std::string keyOf(const std::string& methodId) { return "next-token " + methodId; }

    Engine* m_engine;
    std::shared_ptr<NextTokenSession> m_session; ///< called in the engine thread only, but for setup()
    NextTokenPtr m_baseline;
    bool m_opening = false, m_continuing = false;
    quint64 m_epoch = 0; ///< grows with every session: answers of older ones no longer count
    quint64 m_lastId = 0;
    QHash<QString, quint64> m_latest, m_shown;
};

} // namespace pikv::ui
