// SPDX-License-Identifier: GPL-3.0-or-later
// What the next-token tab wants to know of which methods, and when it asks for it.
#include "ui/nexttoken/nexttokencontroller.h"
#include "core/study/choices.h"
#include "ui/engine/engine.h"
#include "ui/engine/languagemodels.h"
#include "ui/models/methodsmodel.h"
#include "ui/models/specstore.h"
#include "ui/nexttoken/nexttokenmodel.h"
#include <algorithm>
#include <utility>

namespace pikv::ui {
namespace {

constexpr qint64 leastPreview = 8;

} // namespace

NextTokenController::NextTokenController(
    Engine* engine, LanguageModels* models, MethodsModel* methods, SpecStore* specs, QObject* parent)
    : QObject(parent)
    , m_engine(engine)
    , m_models(models)
    , m_methods(methods)
    , m_specs(specs)
    , m_test(new Scoring(engine, this))
    , m_figures(new NextTokenModel(this))
{
    connect(m_models, &LanguageModels::changed, this, &NextTokenController::restart);
    connect(m_engine, &Engine::dumpOpened, this, &NextTokenController::noteDump);
    connect(m_test, &Scoring::opened, this, [this] {
        m_figures->reset(m_test->baseline());
        m_figures->setMethods(m_methods->checkedMethods());
        m_cursor = 0;
        setState(State::Ready);
        requestAll();
        m_test->requestControl();
    });
    connect(m_test, &Scoring::openFailed, this, [this](const QString& reason) {
        setState(State::Failed, reason.isEmpty() ? tr("Scoring was cancelled.") : reason);
        requestProxies();
    });
    connect(m_test, &Scoring::resultReady, this, &NextTokenController::noteResult);
    connect(m_test, &Scoring::failed, this, [this](const QString& method, const JobProblem& failure) {
        m_figures->setFailure(method, QString::fromStdString(failure.message));
        if (failure.origin.kind != JobKind::Proxy)
            Q_EMIT problem(failure);
    });
    connect(m_test, &Scoring::proxyReady, m_figures, &NextTokenModel::putProxy);
}

void NextTokenController::setState(State state, const QString& explanation)
{
    m_state = state;
    m_explanation = explanation;
    Q_EMIT stateChanged();
}

void NextTokenController::setShown(bool shown)
{
    m_shown = shown;
    if (shown && !std::exchange(m_awake, true))
        restart();
}

void NextTokenController::noteDump()
{
    if (m_shown)
        return restart();
    m_awake = false;
    m_test->close();
    m_figures->reset(nullptr);
    setState(State::Asleep);
}

bool NextTokenController::isProxy() const
{
    return m_engine->info() && proxyObstacle(*m_engine->info()).empty() && m_state != State::Asleep
        && m_state != State::Ready && m_state != State::Loading && m_state != State::Opening;
}

void NextTokenController::restart()
{
    if (!m_awake)
        return;
    if (m_models->isLoading() && m_state == State::Ready && m_engine->cache() == m_test->text().dump)
        return; // what is shown stays until the other model is there
    m_test->close();
    m_figures->reset(nullptr);
    if (showObstacle())
        return requestProxies();
    setState(State::Opening, tr("Scoring the uncompressed cache…"));
    m_test->open(m_models->model(), predictedPositions(), m_compressContinuation);
}

/// True where dump or model do not allow the test; says why.
bool NextTokenController::showObstacle()
{
    const CacheInfo* info = m_engine->info();
    if (!info)
        setState(State::NoDump,
            tr("Open a dump, or capture a text with a model, to see what compression does to its next tokens."));
    else if (info->tokenIds.empty())
        setState(State::NoTokens,
            tr("This dump has no token ids, so its next tokens cannot be scored. Capture a text with a model, or "
               "export "
               "the dump again with its token ids."));
    else
        return showModelObstacle();
    return true;
}

bool NextTokenController::showModelObstacle()
{
    const std::vector<std::string> models = m_models->model() ? std::vector<std::string>() : findModels();
    if (!models.empty() && !std::exchange(m_triedDefault, true)) {
        setState(State::Loading, tr("Loading the model…"));
        m_models->open(QString::fromStdString(models.front())); // comes back here
        return true;
    }
    if (m_models->isLoading() && !m_models->model()) {
        setState(State::Loading, tr("Loading the model…"));
        return true;
    }
    if (!m_models->model()) {
        const QString why = m_models->failure();
        setState(State::NoModel,
            (why.isEmpty() ? QString() : why + QLatin1Char('\n'))
                + tr("Open the dump's model: a GGUF file or a Hugging Face folder. packaging/fetch-model fetches the "
                     "default one, SmolLM2-135M-Instruct."));
        return true;
    }
    if (const std::string reason = modelMismatch(*m_engine->info(), *m_models->model()); !reason.empty()) {
        setState(State::Mismatch,
            tr("The open model is not this dump's: %1. Open the dump's model, or capture a text with the open one.")
                .arg(QString::fromStdString(reason)));
        return true;
    }
    return false;
}

qint64 NextTokenController::predictedPositions() const
{
    const auto tokens = qint64(m_engine->info()->tokenIds.size());
    return m_predict > 0 ? std::clamp<qint64>(m_predict, 1, std::max<qint64>(1, tokens - 2))
                         : defaultPositions(*m_engine->info());
}

void NextTokenController::setPredict(qint64 positions)
{
    if (std::exchange(m_predict, positions) != positions)
        restart();
}

void NextTokenController::setCompressContinuation(bool on)
{
    if (std::exchange(m_compressContinuation, on) != on)
        restart();
}

void NextTokenController::setKlShares(bool on)
{
    if (std::exchange(m_klShares, on) != on && on && m_state == State::Ready)
        requestAll();
}

void NextTokenController::requestProxies()
{
    if (!isProxy())
        return;
    m_figures->setMethods(m_methods->checkedMethods());
    for (const QString& id : m_methods->checkedMethods())
        requestMethod(id);
}

void NextTokenController::requestMethod(const QString& methodId)
{
    if (m_state == State::Ready) {
        m_figures->setStale(methodId, true);
        m_test->request(m_specs->spec(methodId), std::max<qint64>(leastPreview, m_cursor + 1), m_klShares);
        Q_EMIT requested(methodId);
    } else if (isProxy()) {
        m_figures->setStale(methodId, true);
        m_test->requestProxy(m_specs->spec(methodId));
    }
}

void NextTokenController::requestAll()
{
    for (const QString& id : m_methods->checkedMethods())
        requestMethod(id);
}

void NextTokenController::setChecked()
{
    if (m_state != State::Ready && !isProxy())
        return;
    const QStringList ids = m_methods->checkedMethods();
    for (const NextTokenEntry& entry : m_figures->entries())
        if (entry.isMethod() && !ids.contains(entry.method))
            m_test->drop(entry.method);
    m_figures->setMethods(ids);
}

bool NextTokenController::isScoring(const QString& methodId) const
{
    const NextTokenEntry* entry = m_state == State::Ready ? m_figures->entry(methodId) : nullptr;
    return entry && entry->stale;
}

void NextTokenController::cancel()
{
    m_test->cancel();
    m_figures->settle();
}

void NextTokenController::noteResult(const NextTokenPtr& result, quint64 id)
{
    if (result->control)
        return m_figures->put(result, true);
    const QString method = QString::fromStdString(result->request.method.id);
    const bool latest = id == m_test->latest(method);
    m_figures->put(result, latest);
    if (latest && !result->preview)
        Q_EMIT scored(result);
}

void NextTokenController::setCursor(int position)
{
    const int there = std::clamp(position, 0, std::max(0, m_figures->positionCount() - 1));
    if (std::exchange(m_cursor, there) != there)
        Q_EMIT cursorChanged();
}

void NextTokenController::writeOn()
{
    std::vector<MethodSpec> specs;
    for (const QString& id : m_methods->checkedMethods())
        specs.push_back(m_specs->spec(id));
    m_test->continueGreedy(specs);
}

QString NextTokenController::tokenText(std::int64_t id) const
{
    return QString::fromStdString(visibleToken(m_test->model(), id));
}

} // namespace pikv::ui
