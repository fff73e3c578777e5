// SPDX-License-Identifier: GPL-3.0-or-later
// Loads language models and captures caches with them, one of each at a time.
#include "ui/engine/languagemodels.h"
#include "ui/engine/engine.h"
#include <algorithm>
#include <utility>

namespace pikv::ui {

LanguageModels::LanguageModels(Engine* engine, QObject* parent)
    : QObject(parent)
    , m_loads(engine->queue(), JobKind::LoadModel,
          { [this](const std::string&, const ModelPtr& model, quint64) { takeModel(model); },
              [this](const std::string&, const JobProblem& failure) { noteLoadFailed(failure); } })
    , m_captures(engine->queue(), JobKind::Capture,
          { [this](const std::string&, const Captured& result, quint64) { takeCapture(result); },
              [this](const std::string&, const JobProblem& failure) { noteCaptureFailed(failure); } })
    , m_textCaptures(engine->queue(), JobKind::CaptureTexts,
          { [this](const std::string&, const QStringList& paths, quint64) { Q_EMIT textsCaptured(paths); },
              [this](const std::string&, const JobProblem& failure) { noteCaptureFailed(failure); } })
{
    connect(this, &LanguageModels::problem, engine, &Engine::report);
}

void LanguageModels::open(const QString& model)
{
    m_failure.clear();
    m_loads.request({}, { tr("Loading the model"), Urgency::Task, true },
        [wanted = model.toStdString()](const JobControl& control) { return openModel(resolveModel(wanted), control); });
    Q_EMIT changed();
}

void LanguageModels::takeModel(const ModelPtr& model)
{
    m_model = model;
    Q_EMIT changed();
}

void LanguageModels::noteLoadFailed(const JobProblem& failure)
{
    m_failure = failure.isCancel() ? tr("Loading was cancelled.") : QString::fromStdString(failure.message);
    Q_EMIT changed();
    if (!failure.isCancel())
        Q_EMIT problem(failure);
}

/// In the engine thread.
LanguageModels::Captured LanguageModels::captureNow(
    const ModelPtr& model, const CaptureForm& form, const JobControl& control)
{
    const Tokens tokens = tokenize(*model, form.text.toStdString(), static_cast<std::size_t>(form.tokens));
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

void LanguageModels::capture(const CaptureForm& form)
{
    if (!m_model)
        return;
    m_captures.request({}, { tr("Capturing"), Urgency::Task, true },
        [model = m_model, form](const JobControl& control) { return captureNow(model, form, control); });
}

void LanguageModels::captureTexts(const TextDumps& wish)
{
    if (!m_model)
        return;
    TextDumps texts = wish;
    texts.model = m_model;
    m_textCaptures.request({}, { tr("Capturing texts"), Urgency::Task, true }, [texts](const JobControl& control) {
        QStringList paths;
        for (const std::string& path : pikv::captureTexts(texts, control))
            paths << QString::fromStdString(path);
        return paths;
    });
}

void LanguageModels::takeCapture(const Captured& result)
{
    const QString note = tr("%1 bytes of the text were left out: the model has no token for them").arg(result.dropped);
    Q_EMIT captured(result.cache, result.dropped == 0 ? QString() : note);
}

void LanguageModels::noteCaptureFailed(const JobProblem& failure)
{
    if (failure.isCancel())
        Q_EMIT captureCancelled();
    else
        Q_EMIT captureFailed(QString::fromStdString(failure.message));
}

void LanguageModels::cancel()
{
    if (isLoading()) {
        m_loads.dropAll();
        noteLoadFailed({ { ErrorKind::Cancelled, {} }, { JobKind::LoadModel } });
    }
    if (isCapturing()) {
        m_captures.dropAll();
        m_textCaptures.dropAll();
        Q_EMIT captureCancelled();
    }
}

} // namespace pikv::ui
