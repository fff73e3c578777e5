// SPDX-License-Identifier: GPL-3.0-or-later
// Next-token jobs are "apart": they hold model and dump themselves, so that importance or another dump does not drop
// them in the queue; close() does where they are no longer wanted.
#include "ui/engine/scoring.h"
#include "core/codec/registry.h"
#include "ui/engine/engine.h"
#include <utility>

namespace pikv::ui {
namespace {

/// ms that a preview may go on though newer settings wait: one step of the model over a few positions takes that long.
constexpr int previewGrace = 400;

QString labelOf(const std::string& methodId)
{
    return QString::fromStdString(Registry::instance().get(methodId).label);
}

} // namespace

Scoring::Scoring(Engine* engine, QObject* parent)
    : QObject(parent)
    , m_engine(engine)
    , m_baselines(engine->queue(), JobKind::NextTokenBaseline,
          { [this](const std::string&, const Opened& opened, quint64) { takeSession(opened); },
              [this](const std::string&, const JobProblem& problem) { noteOpenFailed(problem); } })
    , m_recalls(engine->queue(), JobKind::RecallScores,
          { [this](
                const std::string&, const std::shared_ptr<Scores>& scores, quint64) { Q_EMIT remembered(*scores); } })
    , m_runs(engine->queue(), JobKind::NextToken,
          { [this](const std::string&, const NextTokenPtr& result, quint64 id) { Q_EMIT resultReady(result, id); },
              [this](const std::string& method, const JobProblem& problem) { noteFailed(method, problem); } })
    , m_proxies(engine->queue(), JobKind::Proxy,
          { [this](const std::string& method, const ProxyResult& result, quint64) {
               Q_EMIT proxyReady(QString::fromStdString(method), result);
           },
              [this](const std::string& method, const JobProblem& problem) { noteFailed(method, problem); } })
    , m_texts(engine->queue(), JobKind::Continuation,
          { [this](const std::string& method, const Text& tokens, quint64) { takeText(method, tokens); },
              [this](const std::string&, const JobProblem& problem) { noteTextFailed(problem); } })
{
}

void Scoring::open(const ModelPtr& model, qint64 predict, bool compressContinuation)
{
    close();
    // Ahead of full results, which may train for long: whoever asks is looking at the place where this is shown.
    m_baselines.request({}, { tr("Next token, baseline"), Urgency::Preview, true },
        [study = m_engine->study(), model, predict, compressContinuation](const JobControl& control) -> Opened {
            const auto session = study->openNextToken(model, predict, compressContinuation, control);
            return { session, std::make_shared<NextTokenResult>(session->baseline(topCount, control)) };
        });
}

void Scoring::takeSession(const Opened& opened)
{
    m_open = opened;
    Q_EMIT this->opened();
}

void Scoring::recall()
{
    if (!isOpen() || !m_engine->recorder().works())
        return;
    m_recalls.request({}, { tr("Looking up"), Urgency::Preview },
        [recorder = m_engine->recorder(), study = m_engine->study(), session = m_open.session](
            const JobControl& control) {
            return std::make_shared<Scores>(recorder.scores(*study, *session, control));
        });
}

void Scoring::noteOpenFailed(const JobProblem& problem)
{
    Q_EMIT openFailed(problem.isCancel() ? QString() : QString::fromStdString(problem.message));
}

void Scoring::close()
{
    m_baselines.dropAll();
    m_recalls.dropAll();
    m_runs.dropAll();
    m_proxies.dropAll();
    m_texts.dropAll();
    m_open = {};
}

NextTokenMethod Scoring::requestFor(const MethodSpec& method) const
{
    NextTokenMethod request = m_engine->study()->scoringOf(method);
    request.topCount = topCount;
    return request;
}

void Scoring::requestControl()
{
    m_runs.request(controlName, { tr("Next token, control"), Urgency::Full, true },
        [session = m_open.session](const JobControl& control) -> NextTokenPtr {
            return std::make_shared<NextTokenResult>(session->control(topCount, control));
        });
}

quint64 Scoring::request(const MethodSpec& method, qint64 previewPositions, bool klShares)
{
    if (!isOpen())
        return 0;
    const auto run = [this, method, klShares](qint64 positions) {
        NextTokenMethod request = requestFor(method);
        request.maxPositions = positions;
        request.klShares = klShares;
        return [session = m_open.session, request, recorder = m_engine->recorder(), study = m_engine->study(),
                   times = m_engine->times()](const JobControl& control) -> NextTokenPtr {
            const Stopwatch watch;
            auto result = std::make_shared<NextTokenResult>(session->run(request, control));
            if (result->preview)
                return result;
            times->addScore(request.method.id, watch.seconds());
            recorder.keepScore(*study, request.method, *session, result->summary.mean, control);
            return result;
        };
    };
    const Latest<NextTokenPtr>::Terms terms { tr("Next token, %1").arg(labelOf(method.id)), Urgency::Full, true,
        previewGrace };
    if (previewPositions <= 0 || previewPositions >= m_open.baseline->summary.positions)
        return m_runs.request(method.id, terms, run(0));
    return m_runs.request(method.id, terms, run(previewPositions), run(0));
}

void Scoring::noteFailed(const std::string& methodId, const JobProblem& problem)
{
    if (!problem.isCancel())
        Q_EMIT failed(QString::fromStdString(methodId), problem);
}

void Scoring::drop(const QString& methodId)
{
    m_runs.drop(methodId.toStdString());
    m_proxies.drop(methodId.toStdString());
}

void Scoring::continueGreedy(const std::vector<MethodSpec>& methods)
{
    if (!isOpen())
        return;
    m_texts.dropAll();
    continueWith({}, nullptr);
    for (const MethodSpec& method : methods) {
        const NextTokenMethod request = requestFor(method);
        continueWith(method.id, &request);
    }
}

void Scoring::continueWith(const std::string& methodId, const NextTokenMethod* method)
{
    const QString label = method ? tr("Writing on with %1").arg(labelOf(methodId)) : tr("Writing on, uncompressed");
    m_texts.request(methodId, { label, Urgency::Full, true },
        [session = m_open.session, method = method ? std::optional(*method) : std::nullopt](const JobControl& control) {
            return session->continueGreedy(0, method ? &*method : nullptr, greedyCount, control);
        });
}

void Scoring::takeText(const std::string& methodId, const Text& tokens)
{
    Q_EMIT continued(QString::fromStdString(methodId), tokens);
    if (!m_texts.isPending())
        Q_EMIT greedyDone();
}

void Scoring::noteTextFailed(const JobProblem& problem)
{
    m_texts.dropAll(); // the others would say the same
    if (!problem.isCancel())
        Q_EMIT failed({}, problem);
    Q_EMIT greedyDone();
}

void Scoring::requestProxy(const MethodSpec& method)
{
    m_proxies.request(method.id, { tr("Next-token stand-in, %1").arg(labelOf(method.id)), Urgency::Full, true },
        [study = m_engine->study(), method](const JobControl& control) { return study->proxy(method, control); });
}

void Scoring::cancel()
{
    m_runs.dropAll();
    m_proxies.dropAll();
    if (m_texts.isPending()) {
        m_texts.dropAll();
        Q_EMIT greedyDone();
    }
    if (m_baselines.isPending()) {
        m_baselines.dropAll();
        Q_EMIT openFailed({});
    }
}

} // namespace pikv::ui
