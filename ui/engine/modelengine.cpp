// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/engine/modelengine.h"
#include "ui/engine/engine.h"
#include "ui/engine/enginequeue.h"
#include <algorithm>
#include <utility>

namespace pikv::ui {
namespace {

struct Captured {
    CachePtr cache;
    std::size_t dropped = 0; ///< bytes
};

/// In the engine thread.
Captured captureNow(const ModelPtr& model, const std::string& text, const CaptureForm& form, const JobControl& control)
{
    const Tokens tokens = tokenize(*model, text, static_cast<std::size_t>(form.tokens));
    const auto count = static_cast<std::int64_t>(tokens.ids.size());
    if (form.tokens > count)
        throw inputError("The text has " + std::to_string(count) + " tokens, fewer than the "
            + std::to_string(form.tokens) + " asked for");
    CaptureRequest request;
    request.model = model;
    request.tokens = tokens.ids;
    request.queries = std::min<std::int64_t>(form.queries, count);
    request.dtype = form.dtype;
    return { captureCache(request, control), tokens.droppedBytes };
}

} // namespace

ModelEngine::ModelEngine(Engine* engine, QObject* parent)
    : QObject(parent)
    , m_engine(engine)
{
}

void ModelEngine::open(const QString& model)
{
    const quint64 id = ++m_id;
    m_loading = true;
    m_failure.clear();
    const auto load = [this, queue = m_engine->queue(), wanted = model.toStdString(), id](const JobControl& control) {
        try {
            const ModelPtr loaded = openModel(resolveModel(wanted), control);
            queue->answer([this, loaded, id] { takeModel(loaded, id); });
        } catch (...) {
            queue->answer([this, failure = currentProblem(), id] { fail(failure, id); });
        }
    };
    m_engine->queue()->push({ EngineQueue::Task, {}, tr("Loading the model"), load, true });
    Q_EMIT changed();
}

void ModelEngine::takeModel(const ModelPtr& model, quint64 id)
{
    if (id != m_id)
        return;
    m_model = model;
    m_loading = false;
    Q_EMIT changed();
}

void ModelEngine::fail(const Problem& problem, quint64 id)
{
    if (id != m_id)
        return;
    m_loading = false;
    m_failure
        = problem.kind == ErrorKind::Cancelled ? tr("Loading was cancelled.") : QString::fromStdString(problem.message);
    Q_EMIT changed();
    if (problem.kind != ErrorKind::Cancelled)
        Q_EMIT m_engine->problem(problem);
}

void ModelEngine::capture(const CaptureForm& form)
{
    if (!m_model)
        return;
    const quint64 id = ++m_captureId;
    m_capturing = true;
    const auto run = [this, queue = m_engine->queue(), model = m_model, form, id](const JobControl& control) {
        try {
            const Captured result = captureNow(model, form.text.toStdString(), form, control);
            queue->answer([this, result, id] {
                if (id != m_captureId || !std::exchange(m_capturing, false))
                    return;
                Q_EMIT captured(result.cache,
                    result.dropped == 0 ? QString()
                                        : tr("%1 bytes of the text were left out: the model has no token for them")
                                              .arg(result.dropped));
            });
        } catch (...) {
            queue->answer([this, failure = currentProblem(), id] {
                if (id != m_captureId || !std::exchange(m_capturing, false))
                    return;
                if (failure.kind == ErrorKind::Cancelled)
                    Q_EMIT captureCancelled();
                else
                    Q_EMIT captureFailed(QString::fromStdString(failure.message));
            });
        }
    };
    m_engine->queue()->push({ EngineQueue::Task, {}, tr("Capturing"), run, true });
}

void ModelEngine::cancel()
{
    if (std::exchange(m_loading, false)) {
        ++m_id;
        m_failure = tr("Loading was cancelled.");
        Q_EMIT changed();
    }
    if (std::exchange(m_capturing, false))
        Q_EMIT captureCancelled();
}

} // namespace pikv::ui
