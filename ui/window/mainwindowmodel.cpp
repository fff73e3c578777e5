// SPDX-License-Identifier: GPL-3.0-or-later
// Language models: the Model menu, capturing a text, and what the next-token test adds to the results.
#include "ui/engine/modelengine.h"
#include "ui/models/counted.h"
#include "ui/models/methodsmodel.h"
#include "ui/models/resultsmodel.h"
#include "ui/models/specstore.h"
#include "ui/nexttoken/nexttokencontroller.h"
#include "ui/nexttoken/nexttokenmodel.h"
#include "ui/panels/capturedialog.h"
#include "ui/window/mainwindow.h"
#include "ui/window/recentfiles.h"
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QLocale>
#include <QMenuBar>
#include <QStatusBar>

namespace pikv::ui {

void MainWindow::createModelMenu()
{
    QMenu* menu = menuBar()->addMenu(tr("M&odel"));
    menu->setObjectName(QStringLiteral("menuModel"));
    const auto add = [this, menu](const QString& text, const char* name, auto slot) {
        QAction* action = menu->addAction(text, this, slot);
        action->setObjectName(QLatin1String(name));
        return action;
    };
    QMenu* found = menu->addMenu(tr("&Installed models"));
    found->setObjectName(QStringLiteral("menuInstalledModels"));
    add(tr("Open the &default model"), "actionOpenDefaultModel", [this] { m_models->open(QStringLiteral("default")); });
    add(tr("Open a &GGUF file…"), "actionOpenModelFile", [this] {
        const QString path = QFileDialog::getOpenFileName(
            this, tr("Open a language model"), m_recent->folder(), tr("GGUF models (*.gguf);;All files (*)"));
        if (!path.isEmpty())
            m_models->open(path);
    });
    add(tr("Open a &Hugging Face folder…"), "actionOpenModelFolder", [this] {
        const QString path = QFileDialog::getExistingDirectory(
            this, tr("Open a folder with config.json, tokenizer.json and safetensors"), m_recent->folder());
        if (!path.isEmpty())
            m_models->open(path);
    });
    menu->addSeparator();
    m_modelEntry = add(QString(), "actionModelState", [] {});
    m_modelEntry->setEnabled(false);
    connect(menu, &QMenu::aboutToShow, this, [this, found] { fillModels(found); });
    fillModels(found);
}

/// The models in the user's folder as they are now, or where to get one.
void MainWindow::fillModels(QMenu* menu)
{
    menu->clear();
    for (const std::string& model : findModels()) {
        const QString path = QString::fromStdString(model);
        QAction* action = menu->addAction(QFileInfo(path).fileName(), this, [this, path] { m_models->open(path); });
        action->setToolTip(path);
    }
    menu->setEnabled(!menu->isEmpty());
    showModel();
}

void MainWindow::showModel()
{
    const ModelPtr model = m_models->model();
    const QLocale locale;
    QString state;
    if (m_models->isLoading())
        state = tr("&Loading…");
    else if (model)
        state = tr("&Open: %1").arg(QString::fromStdString(modelInfo(*model).name));
    else
        state = tr("&No model is open%1")
                    .arg(findModels().empty() ? tr("; packaging/fetch-model fetches one") : QString());
    m_modelEntry->setText(state);
    m_modelName->setText(model ? QString::fromStdString(modelInfo(*model).name) : QString());
    m_modelName->setVisible(model != nullptr);
    if (!model)
        return;
    const ModelInfo& info = modelInfo(*model);
    m_modelName->setToolTip(tr("%1\n%2, %3 layers, %4 million parameters, weights of %5 in memory, context of %6")
                                .arg(QString::fromStdString(info.path), QString::fromStdString(info.architecture))
                                .arg(info.layers)
                                .arg(locale.toString(double(info.parameters) / 1e6, 'f', 1),
                                    locale.formattedDataSize(qint64(info.weightBytes), 1, QLocale::DataSizeSIFormat),
                                    counted(info.context, tr("token"), tr("tokens"))));
}

void MainWindow::captureText()
{
    if (!m_models->model() && !m_models->isLoading() && !findModels().empty())
        m_models->open(QString::fromStdString(findModels().front()));
    auto* dialog = new CaptureDialog(m_models, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &CaptureDialog::cancelRequested, this, &MainWindow::cancelWork);
    connect(dialog, &CaptureDialog::openModelRequested, this,
        [this] { findChild<QAction*>(QStringLiteral("actionOpenModelFile"))->trigger(); });
    connect(&m_engine, &Engine::progressChanged, dialog, &CaptureDialog::showProgress);
    connect(dialog, &QDialog::accepted, this, [this, dialog] {
        m_engine.adoptDump(dialog->cache());
        if (!dialog->note().isEmpty())
            noteProblem({ ErrorKind::Input, dialog->note().toStdString() });
        if (dialog->saveWanted())
            saveDump();
    });
    dialog->open();
}

void MainWindow::connectModels()
{
    m_modelName = new QLabel(this);
    m_modelName->setObjectName(QStringLiteral("statusModel"));
    statusBar()->addPermanentWidget(m_modelName);
    connect(m_models, &ModelEngine::changed, this, &MainWindow::showModel);
    connect(&m_engine, &Engine::dumpSaved, this, &MainWindow::noteDumpSaved);
    connect(m_nextToken, &NextTokenController::scored, this, &MainWindow::noteNextToken);
    connect(m_nextToken, &NextTokenController::problem, this, &MainWindow::noteProblem);
    connect(m_nextToken->test(), &NextTokenEngine::failed, this, [this](const QString& method) {
        m_results->setStale(method, false); // no newer figures are to come
    });
}

/// The form's point with its next-token figures. While newer ones are being scored those of the earlier settings stay,
/// on a row that says that it is stale.
ResultPtr MainWindow::withNextToken(const ResultPtr& result)
{
    const QString method = QString::fromStdString(result->method.id);
    const NextTokenEntry* entry = m_nextToken->figures()->entry(method);
    if (m_nextToken->state() != NextTokenController::State::Ready || !entry || !entry->full)
        return result;
    auto merged = std::make_shared<EvaluationResult>(*result);
    merged->nextToken = entry->full->summary.mean;
    return merged;
}

void MainWindow::noteNextToken(const NextTokenPtr& result)
{
    const QString method = QString::fromStdString(result->request.method.id);
    for (int row = 0; row < m_results->resultCount(); ++row) {
        const ResultRow shown = m_results->row(row);
        if (!shown.current || shown.result->method.id != result->request.method.id)
            continue;
        m_results->put(withNextToken(shown.result), true);
        if (shown.result->method != result->request.method || shown.result->preview)
            m_results->setStale(method, true); // its own full result is still to come
        return;
    }
}

} // namespace pikv::ui
