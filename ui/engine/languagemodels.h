// SPDX-License-Identifier: GPL-3.0-or-later
// The window's language model.
#pragma once
#include "core/base/dtype.h"
#include "core/model/model.h"
#include "core/study/textdumps.h"
#include "ui/jobs/latest.h"
#include <QObject>
#include <QString>
#include <QStringList>

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
class LanguageModels : public QObject {
    Q_OBJECT
public:
    explicit LanguageModels(Engine* engine, QObject* parent = nullptr);

    /// Null where none is open.
    ModelPtr model() const { return m_model; }
    bool isLoading() const { return m_loads.isPending(); }
    /// Why the last model did not open; "" where it did.
    QString failure() const { return m_failure; }
    bool isCapturing() const { return m_captures.isPending() || m_textCaptures.isPending(); }

    /// Opens "default", a GGUF file or a Hugging Face folder; changed() follows. The model that is open stays until the
    /// new one is there.
    void open(const QString& model);
    /// Prefills a text; captured(), captureFailed() or captureCancelled() follows.
    void capture(const CaptureForm& form);
    /// Captures texts with the open model, whatever model `wish` has; textsCaptured(), captureFailed() or
    /// captureCancelled() follows.
    void captureTexts(const TextDumps& wish);
    /// Forgets what is being loaded or captured, and says so.
    void cancel();

Q_SIGNALS:
    /// Model, loading or failure.
    void changed();
    /// A model did not open; after changed().
    void problem(const pikv::ui::JobProblem& problem);
    /// `note`: what was left out of the text; "" for nothing.
    void captured(const pikv::CachePtr& cache, const QString& note);
    /// The dumps' paths, text by text.
    void textsCaptured(const QStringList& paths);
    void captureFailed(const QString& reason);
    void captureCancelled();

private:
    struct Captured {
        CachePtr cache;
        std::size_t dropped = 0; ///< bytes of the text that the model has no token for
    };
    static Captured captureNow(const ModelPtr& model, const CaptureForm& form, const JobControl& control);
    void takeModel(const ModelPtr& model);
    void noteLoadFailed(const JobProblem& failure);
    void takeCapture(const Captured& result);
    void noteCaptureFailed(const JobProblem& failure);

    Latest<ModelPtr> m_loads;
    Latest<Captured> m_captures;
    Latest<QStringList> m_textCaptures;
    ModelPtr m_model;
    QString m_failure;
};

} // namespace pikv::ui
