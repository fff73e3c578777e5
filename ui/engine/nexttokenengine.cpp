// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/engine/nexttokenengine.h"
#include "core/codec/registry.h"
#include "ui/engine/engine.h"
#include "ui/engine/enginequeue.h"
#include <utility>

namespace pikv::ui {
namespace {

/// ms that a preview may go on though newer settings wait: one step of the model over a few positions takes that long.
constexpr int previewGrace = 400;
const std::string sessionKey = "next-token session", greedyKey = "next-token greedy";

} // namespace

NextTokenEngine::NextTokenEngine(Engine* engine, QObject* parent)
    : QObject(parent)
    , m_engine(engine)
{
}

void NextTokenEngine::open(const ModelPtr& model, const CachePtr& dump, qint64 predict, bool compressContinuation)
{
    close();
    m_opening = true;
    const auto run = [this, queue = m_engine->queue(), model, dump, predict, compressContinuation, epoch = m_epoch](
                         const JobControl& control) {
        try {
            NextTokenSetup setup;
            setup.model = model;
            setup.compressContinuation = compressContinuation;
            setup.texts = { splitDump(*model, dump, predict) };
            const auto session = NextTokenSession::open(std::move(setup), control);
            const auto baseline = std::make_shared<NextTokenResult>(session->baseline(topCount, control));
            queue->answer([this, session, baseline, epoch] { takeSession(session, baseline, epoch); });
        } catch (...) {
            const Problem failure = currentProblem();
            if (failure.kind == ErrorKind::Cancelled)
                return; // done again later, or dropped by whoever asked
            queue->answer([this, failure, epoch] {
                if (epoch == m_epoch && std::exchange(m_opening, false))
                    Q_EMIT openFailed(QString::fromStdString(failure.message));
            });
        }
    };
    m_engine->queue()->push({ EngineQueue::Full, sessionKey, tr("Next token, baseline"), run, true });
}

void NextTokenEngine::takeSession(
    const std::shared_ptr<NextTokenSession>& session, const NextTokenPtr& baseline, quint64 epoch)
{
    if (epoch != m_epoch)
        return;
    m_opening = false;
    m_session = session;
    m_baseline = baseline;
    Q_EMIT opened();
}

void NextTokenEngine::close()
{
    ++m_epoch;
    m_opening = m_continuing = false;
    for (const std::string& key : { sessionKey, greedyKey })
        m_engine->queue()->dropLive(key);
    for (auto it = m_latest.cbegin(); it != m_latest.cend(); ++it)
        m_engine->queue()->dropLive(keyOf(it.key().toStdString()));
    m_latest.clear();
    m_shown.clear();
    m_session.reset();
    m_baseline.reset();
}

const NextTokenText& NextTokenEngine::text() const { return m_session->setup().texts.front(); }

const LanguageModel& NextTokenEngine::model() const { return *m_session->setup().model; }

NextTokenMethod NextTokenEngine::requestFor(const MethodSpec& method) const
{
    NextTokenMethod request;
    request.method = method;
    request.importance = m_engine->importance();
    request.topCount = topCount;
    return request;
}

quint64 NextTokenEngine::request(const MethodSpec& method, qint64 previewPositions)
{
    if (!m_session)
        return 0;
    const quint64 id = ++m_lastId;
    m_latest[QString::fromStdString(method.id)] = id;
    const std::string key = keyOf(method.id);
    const QString label = tr("Next token, %1").arg(QString::fromStdString(Registry::instance().get(method.id).label));
    NextTokenMethod full = requestFor(method), preview = full;
    preview.maxPositions = previewPositions;
    const EngineQueue::Job whole { EngineQueue::Full, key, label, job(std::move(full), id), true };
    if (previewPositions <= 0 || previewPositions >= m_baseline->summary.positions)
        m_engine->queue()->push(whole);
    else
        m_engine->queue()->pushLive(
            { EngineQueue::Preview, key, label, job(std::move(preview), id), true, previewGrace }, whole);
    return id;
}

std::function<void(const JobControl&)> NextTokenEngine::job(NextTokenMethod method, quint64 id)
{
    return [this, queue = m_engine->queue(), session = m_session, method = std::move(method), id, epoch = m_epoch](
               const JobControl& control) {
        const QString methodId = QString::fromStdString(method.method.id);
        try {
            const auto result = std::make_shared<NextTokenResult>(session->run(method, control));
            queue->answer([this, result, id, epoch] { deliver(result, id, epoch); });
        } catch (...) {
            const Problem failure = currentProblem();
            if (failure.kind != ErrorKind::Cancelled)
                queue->answer([this, methodId, failure, id, epoch] {
                    if (m_latest.value(methodId) == id)
                        fail(methodId, failure, epoch);
                });
        }
    };
}

void NextTokenEngine::deliver(const NextTokenPtr& result, quint64 id, quint64 epoch)
{
    const QString method = QString::fromStdString(result->request.method.id);
    if (epoch != m_epoch || !m_latest.contains(method) || id < m_shown.value(method))
        return;
    m_shown[method] = id;
    Q_EMIT resultReady(result, id);
}

void NextTokenEngine::fail(const QString& methodId, const Problem& problem, quint64 epoch)
{
    if (epoch != m_epoch)
        return;
    m_engine->queue()->dropLive(keyOf(methodId.toStdString())); // the full run would say the same again
    Q_EMIT failed(methodId, QString::fromStdString(problem.message));
}

void NextTokenEngine::drop(const QString& methodId)
{
    m_latest.remove(methodId);
    m_engine->queue()->dropLive(keyOf(methodId.toStdString()));
}

void NextTokenEngine::continueGreedy(const std::vector<MethodSpec>& methods)
{
    if (!m_session)
        return;
    std::vector<NextTokenMethod> requests;
    for (const MethodSpec& method : methods)
        requests.push_back(requestFor(method));
    m_continuing = true;
    const auto run
        = [this, queue = m_engine->queue(), session = m_session, requests, epoch = m_epoch](const JobControl& control) {
              try {
                  for (std::size_t i = 0; i <= requests.size(); ++i) {
                      const NextTokenMethod* method = i == 0 ? nullptr : &requests[i - 1];
                      const auto tokens = session->continueGreedy(0, method, greedyCount, control);
                      const QString id = method ? QString::fromStdString(method->method.id) : QString();
                      queue->answer([this, id, tokens, epoch] {
                          if (epoch == m_epoch && m_continuing)
                              Q_EMIT continued(id, tokens);
                      });
                  }
              } catch (...) {
                  const Problem failure = currentProblem();
                  if (failure.kind == ErrorKind::Cancelled)
                      return;
                  queue->answer([this, failure, epoch] { fail({}, failure, epoch); });
              }
              queue->answer([this, epoch] {
                  if (epoch == m_epoch && std::exchange(m_continuing, false))
                      Q_EMIT greedyDone();
              });
          };
    m_engine->queue()->push({ EngineQueue::Full, greedyKey, tr("Writing on"), run, true });
}

void NextTokenEngine::requestProxy(const CachePtr& dump, const MethodSpec& method)
{
    ProxyRequest request;
    request.cache = dump;
    request.method = method;
    request.importance = m_engine->importance();
    const QString methodId = QString::fromStdString(method.id);
    m_latest[methodId] = ++m_lastId;
    const auto run = [this, queue = m_engine->queue(), request, methodId, id = m_lastId, epoch = m_epoch](
                         const JobControl& control) {
        try {
            const ProxyResult result = runProxy(request, control);
            queue->answer([this, methodId, result, id, epoch] {
                if (epoch == m_epoch && m_latest.value(methodId) == id)
                    Q_EMIT proxyReady(methodId, result);
            });
        } catch (...) {
            const Problem failure = currentProblem();
            if (failure.kind != ErrorKind::Cancelled)
                queue->answer([this, methodId, failure, epoch] { fail(methodId, failure, epoch); });
        }
    };
    m_engine->queue()->push({ EngineQueue::Full, keyOf(method.id), tr("Proxy"), run, true });
}

void NextTokenEngine::cancel()
{
    m_latest.clear();
    if (std::exchange(m_continuing, false))
        Q_EMIT greedyDone();
    if (std::exchange(m_opening, false)) {
        ++m_epoch;
        Q_EMIT openFailed({});
    }
}

} // namespace pikv::ui
