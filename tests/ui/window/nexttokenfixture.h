// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/dumps/dumps.h"
#include "core/model/model.h"
#include "ui/engine/languagemodels.h"
#include "ui/nexttoken/nexttokencontroller.h"
#include "ui/nexttoken/nexttokenmodel.h"
#include "ui/nexttoken/tokenbars.h"
#include "windowfixture.h"
#include <QLabel>
#include <QTabWidget>

namespace windowfixture {

inline const QString tinyModel = QStringLiteral(PIKV_SOURCE_DIR "/tests/data/model/tiny-llama.gguf");
inline const QString otherModel = QStringLiteral(PIKV_SOURCE_DIR "/tests/data/model/tiny-qwen2.gguf");
inline constexpr int tokens = 64, quarter = tokens / 4;

/// A dump of the tiny model, with token ids and queries.
inline QString capturedDump()
{
    static const QString path = [] {
        const pikv::ModelPtr model = pikv::openModel(tinyModel.toStdString());
        pikv::CaptureRequest request;
        request.model = model;
        for (int i = 0; i < tokens; ++i)
            request.tokens.push_back(3 + (i * 37) % 250);
        request.queries = 8;
        const QString file = Dumps::instance().path(QStringLiteral("captured.safetensors"));
        pikv::saveCache(*pikv::captureCache(request), file.toStdString());
        return file;
    }();
    return path;
}

class NextTokenWindow : public Window {
public:
    using Window::Window;
    using State = pikv::ui::NextTokenController::State;
    State state() { return nextToken()->state(); }
    void showTab() { find<QTabWidget>("chartTabs")->setCurrentIndex(2); }
    const pikv::ui::NextTokenEntry* entry(const char* method)
    {
        return nextToken()->figures()->entry(QString::fromLatin1(method));
    }
    bool scored(const char* method)
    {
        return QTest::qWaitFor([&] { return entry(method) && entry(method)->full && !entry(method)->stale; }, 60'000);
    }
    /// Model and dump are open, every checked method is scored.
    bool ready()
    {
        showTab();
        models()->open(tinyModel);
        return open(capturedDump()) && QTest::qWaitFor([&] { return state() == State::Ready; }, 60'000)
            && scored("kivi") && scored("lora");
    }
    pikv::ui::TokenBars* bars() { return find<pikv::ui::TokenBars>("nextTokenBars"); }
    QString said() { return find<QLabel>("nextTokenExplanation")->text(); }
};

/// No model is installed, whatever this user has.
class NoModels {
public:
    NoModels()
    {
        qputenv("PIKV_MODEL", "/nonexistent/model.gguf");
        qputenv("XDG_DATA_HOME", m_folder.path().toLocal8Bit());
    }

private:
    QTemporaryDir m_folder;
};

} // namespace windowfixture
