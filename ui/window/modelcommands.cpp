// SPDX-License-Identifier: GPL-3.0-or-later
// From the Model menu to the session's language model and back to menu and status bar; captures of a text.
#include "ui/window/modelcommands.h"
#include "ui/engine/languagemodels.h"
#include "ui/models/counted.h"
#include "ui/nexttoken/nexttokencontroller.h"
#include "ui/panels/capturedialog.h"
#include "ui/panels/capturetextsdialog.h"
#include "ui/session/session.h"
#include "ui/window/filecommands.h"
#include <QAction>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QLocale>
#include <QMenu>

namespace pikv::ui {
namespace {

QString factsOf(const ModelInfo& info)
{
    const QLocale locale;
    return QObject::tr("%1\n%2, %3 layers, %4 million parameters, weights of %5 in memory, context of %6")
        .arg(QString::fromStdString(info.path), QString::fromStdString(info.architecture))
        .arg(info.layers)
        .arg(locale.toString(double(info.parameters) / 1e6, 'f', 1),
            locale.formattedDataSize(qint64(info.weightBytes), 1, QLocale::DataSizeSIFormat),
            counted(info.context, QObject::tr("token"), QObject::tr("tokens")));
}

} // namespace

ModelCommands::ModelCommands(Session* session, FileCommands* files, QMenu* installed, QAction* state, QWidget* window)
    : QObject(window)
    , m_session(session)
    , m_files(files)
    , m_installed(installed)
    , m_state(state)
    , m_name(new QLabel(window))
    , m_window(window)
{
    m_name->setObjectName(QStringLiteral("statusModel"));
    connect(session->languageModels(), &LanguageModels::changed, this, &ModelCommands::showModel);
    refresh();
}

void ModelCommands::openDefault() { m_session->languageModels()->open(QStringLiteral("default")); }

void ModelCommands::openFile()
{
    const QString path = QFileDialog::getOpenFileName(
        m_window, tr("Open a language model"), m_files->openFolder(), tr("GGUF models (*.gguf);;All files (*)"));
    if (!path.isEmpty())
        m_session->languageModels()->open(path);
}

void ModelCommands::openFolder()
{
    const QString path = QFileDialog::getExistingDirectory(
        m_window, tr("Open a folder with config.json, tokenizer.json and safetensors"), m_files->openFolder());
    if (!path.isEmpty())
        m_session->languageModels()->open(path);
}

void ModelCommands::refresh()
{
    m_installed->clear();
    for (const std::string& model : findModels()) {
        const QString path = QString::fromStdString(model);
        QAction* action = m_installed->addAction(
            QFileInfo(path).fileName(), this, [this, path] { m_session->languageModels()->open(path); });
        action->setToolTip(path);
    }
    m_installed->setEnabled(!m_installed->isEmpty());
    showModel();
}

void ModelCommands::showModel()
{
    const LanguageModels* models = m_session->languageModels();
    const ModelPtr model = models->model();
    const QString name = model ? QString::fromStdString(modelInfo(*model).name) : QString();
    if (models->isLoading())
        m_state->setText(tr("&Loading…"));
    else if (model)
        m_state->setText(tr("&Open: %1").arg(name));
    else
        m_state->setText(tr("&No model is open%1")
                             .arg(findModels().empty() ? tr("; packaging/fetch-model fetches one") : QString()));
    m_name->setText(name);
    m_name->setToolTip(model ? factsOf(modelInfo(*model)) : QString());
    m_name->setVisible(model != nullptr);
}

void ModelCommands::captureText()
{
    auto* dialog = new CaptureDialog(m_session->languageModels(), m_window);
    connect(dialog, &QDialog::accepted, this, [this, dialog] { adopt(dialog); });
    ask(dialog);
}

void ModelCommands::captureTexts()
{
    const QString folder = QDir(m_files->openFolder()).filePath(QStringLiteral("captured"));
    auto* dialog
        = new CaptureTextsDialog(m_session->languageModels(), folder, m_session->nextToken()->predict(), m_window);
    connect(dialog, &QDialog::accepted, this, [this, dialog] { Q_EMIT dumpsCaptured(dialog->dumps()); });
    ask(dialog);
}

void ModelCommands::ask(CaptureDialogBase* dialog)
{
    LanguageModels* models = m_session->languageModels();
    if (!models->model() && !models->isLoading() && !findModels().empty())
        models->open(QString::fromStdString(findModels().front()));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &CaptureDialogBase::cancelRequested, m_session, &Session::cancelWork);
    connect(dialog, &CaptureDialogBase::openModelRequested, this, &ModelCommands::openFile);
    connect(m_session->engine(), &Engine::progressChanged, dialog, &CaptureDialogBase::showProgress);
    dialog->open();
}

void ModelCommands::adopt(CaptureDialog* dialog)
{
    m_session->adoptCapture(dialog->cache(), dialog->note());
    if (dialog->saveWanted())
        Q_EMIT saveWanted();
}

} // namespace pikv::ui
