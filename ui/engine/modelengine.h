// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/dtype.h"
#include "core/base/error.h"
#include "core/model/model.h"
#include <QObject>
#include <QString>

namespace pikv::ui {

class Engine;

/// What the user asked to capture.
struct CaptureForm {
    QString text;
    qint64 tokens = 0; ///< from the start of the text; 0: all
    qint64 queries = 0; ///< last positions whose queries are kept; no more than there are tokens
    DType dtype = DType::F16;
};

/// The window's language model: loaded, and used to capture caches, in the engine thread. Nothing here blocks.
class ModelEngine : public QObject {
    Q_OBJECT
public:
    explicit ModelEngine(Engine* engine, QObject* parent = nullptr);

    /// Null where none is open.
    ModelPtr model() const { return m_model; }
    bool isLoading() const { return m_loading; }
    /// Why the last model did not open; "" where it did.
    QString failure() const { return m_failure; }
    bool isCapturing() const { return m_capturing; }

    /// Opens "default", a GGUF file or a Hugging Face folder. The model that is open stays until the new one is there.
    void open(const QString& model);
    /// Prefills a text; captured() or captureFailed() follows.
    void capture(const CaptureForm& form);
    /// Forgets what is being loaded or captured; the engine's own cancel() stops the work.
    void cancel();

Q_SIGNALS:
    /// Model, loading or failure.
    void changed();
    /// `note`: what was left out of the text; "" for nothing.
    void captured(const pikv::CachePtr& cache, const QString& note);
    void captureFailed(const QString& reason);
    void captureCancelled();

private:
    void takeModel(const ModelPtr& model, quint64 id);
    void fail(const Problem& problem, quint64 id);

    Engine* m_engine;
    ModelPtr m_model;
    QString m_failure;
    bool m_loading = false, m_capturing = false;
    quint64 m_id = 0; ///< of the latest request to load; older answers no longer count
    quint64 m_captureId = 0;
};

} // namespace pikv::ui
