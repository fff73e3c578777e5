// SPDX-License-Identifier: GPL-3.0-or-later
// Text, model and what to keep of it; the state of the running capture stands below.
#include "ui/panels/capturedialog.h"
#include "core/eval/problem.h"
#include "core/model/textfile.h"
#include "ui/models/counted.h"
#include "ui/models/utf8.h"
#include "ui/panels/wheelguard.h"
#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFileDialog>
#include <QFormLayout>
#include <QLabel>
#include <QLocale>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSpinBox>

namespace pikv::ui {
namespace {

constexpr int defaultQueries = 32;
constexpr std::uint64_t longestText = 16'000'000; ///< bytes; far beyond any context, little enough to be edited

} // namespace

CaptureDialog::CaptureDialog(LanguageModels* models, QWidget* parent)
    : QDialog(parent)
    , m_models(models)
    , m_text(new QPlainTextEdit(this))
    , m_tokens(new QSpinBox(this))
    , m_queries(new QSpinBox(this))
    , m_dtype(new QComboBox(this))
    , m_save(new QCheckBox(tr("&Save the dump as a file afterwards"), this))
    , m_model(new QLabel(this))
    , m_state(new QLabel(this))
    , m_openModel(new QPushButton(tr("Open &model…"), this))
{
    setObjectName(QStringLiteral("captureDialog"));
    setWindowTitle(tr("Capture a cache"));
    createFields();
    guardControlsFromWheel(this);
    connect(m_openModel, &QPushButton::clicked, this, &CaptureDialog::openModelRequested);
    connect(m_start, &QPushButton::clicked, this, &CaptureDialog::start);
    connect(m_text, &QPlainTextEdit::textChanged, this, &CaptureDialog::noteText);
    connect(m_models, &LanguageModels::changed, this, &CaptureDialog::noteText);
    connect(m_models, &LanguageModels::captured, this, [this](const CachePtr& cache, const QString& note) {
        m_cache = cache;
        m_note = note;
        accept();
    });
    connect(m_models, &LanguageModels::captureFailed, this, &CaptureDialog::showState);
    connect(m_models, &LanguageModels::captureCancelled, this, [this] { showState(tr("Capturing was cancelled.")); });
    resize(fontMetrics().averageCharWidth() * 90, fontMetrics().height() * 28);
    noteText();
}

void CaptureDialog::createFields()
{
    m_text->setObjectName(QStringLiteral("captureText"));
    m_text->setAccessibleName(tr("Text"));
    m_text->setPlaceholderText(tr("Paste or type the text that the model reads"));
    m_text->setTabChangesFocus(true);
    auto* file = new QPushButton(tr("Open a &text…"), this);
    file->setObjectName(QStringLiteral("captureOpenText"));
    connect(file, &QPushButton::clicked, this, &CaptureDialog::openTextFile);
    m_tokens->setObjectName(QStringLiteral("captureTokens"));
    m_tokens->setRange(0, 1'000'000);
    m_tokens->setSpecialValueText(tr("all"));
    m_tokens->setToolTip(tr("Tokens from the start of the text; 0: all of them"));
    m_queries->setObjectName(QStringLiteral("captureQueries"));
    m_queries->setRange(0, 1'000'000);
    m_queries->setValue(defaultQueries);
    m_queries->setToolTip(tr("Last positions whose queries are kept: attention error and some methods need them"));
    m_dtype->setObjectName(QStringLiteral("captureDtype"));
    for (const DType type : { DType::F16, DType::BF16, DType::F32 })
        m_dtype->addItem(utf8(dtypeName(type)), int(type));
    m_save->setObjectName(QStringLiteral("captureSave"));
    m_model->setObjectName(QStringLiteral("captureModel"));
    m_state->setObjectName(QStringLiteral("captureState"));
    m_openModel->setObjectName(QStringLiteral("captureOpenModel"));
    m_model->setWordWrap(true);
    m_state->setWordWrap(true);
    auto* form = new QFormLayout;
    form->addRow(tr("Model"), m_model);
    form->addRow(tr("&Tokens"), m_tokens);
    form->addRow(tr("&Query positions"), m_queries);
    form->addRow(tr("&Number format"), m_dtype);
    form->addRow(m_save);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    m_start = buttons->addButton(tr("&Capture"), QDialogButtonBox::ActionRole);
    m_start->setObjectName(QStringLiteral("captureStart"));
    m_start->setDefault(true);
    buttons->button(QDialogButtonBox::Cancel)->setObjectName(QStringLiteral("captureCancel"));
    connect(buttons, &QDialogButtonBox::rejected, this, &CaptureDialog::reject);
    auto* above = new QHBoxLayout;
    above->addWidget(file);
    above->addWidget(m_openModel);
    above->addStretch(1);
    auto* layout = new QVBoxLayout(this);
    layout->addLayout(above);
    layout->addWidget(m_text, 1);
    layout->addLayout(form);
    layout->addWidget(m_state);
    layout->addWidget(buttons);
}

void CaptureDialog::setText(const QString& text) { m_text->setPlainText(text); }

bool CaptureDialog::saveWanted() const { return m_save->isChecked(); }

void CaptureDialog::openTextFile()
{
    const QString path
        = QFileDialog::getOpenFileName(this, tr("Open a text"), QString(), tr("Texts (*.txt *.md);;All files (*)"));
    if (path.isEmpty())
        return;
    try {
        setText(QString::fromStdString(readPromptStart(path.toStdString(), longestText)));
    } catch (...) {
        showState(QString::fromStdString(currentProblem().message));
    }
}

/// What stands in the way of capturing, if anything does.
void CaptureDialog::noteText()
{
    if (m_models->isCapturing())
        return;
    const ModelPtr model = m_models->model();
    m_model->setText(model ? tr("%1, context of %2")
                                 .arg(QString::fromStdString(modelInfo(*model).name),
                                     counted(modelInfo(*model).context, tr("token"), tr("tokens")))
            : m_models->isLoading() ? tr("loading…")
                                    : tr("none is open. %1").arg(m_models->failure()));
    const QString problem = model ? QString::fromStdString(modelInfo(*model).tokenizerProblem) : QString();
    m_openModel->setVisible(!model && !m_models->isLoading());
    showState(problem.isEmpty() ? QString() : tr("The model cannot read text: %1").arg(problem));
    m_start->setEnabled(model && problem.isEmpty() && !m_text->document()->isEmpty());
}

void CaptureDialog::start()
{
    CaptureForm form;
    form.text = m_text->toPlainText();
    form.tokens = m_tokens->value();
    form.queries = m_queries->value();
    form.dtype = DType(m_dtype->currentData().toInt());
    m_start->setEnabled(false);
    m_state->setText(tr("Reading the text…"));
    m_models->capture(form);
}

void CaptureDialog::showProgress(const QString& stage, int done, int total)
{
    if (m_models->isCapturing())
        m_state->setText(total > 0 ? tr("%1 %2 of %3").arg(stage).arg(done).arg(total) : stage);
}

void CaptureDialog::showState(const QString& message)
{
    m_state->setText(message);
    m_start->setEnabled(m_models->model() && !m_text->document()->isEmpty());
}

/// The first time stops the work, the next closes the dialog.
void CaptureDialog::reject()
{
    if (m_models->isCapturing())
        Q_EMIT cancelRequested();
    else
        QDialog::reject();
}

} // namespace pikv::ui
