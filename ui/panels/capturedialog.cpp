// SPDX-License-Identifier: GPL-3.0-or-later
// Text, and what to keep of it.
#include "ui/panels/capturedialog.h"
#include "core/eval/problem.h"
#include "core/model/textfile.h"
#include "ui/panels/wheelguard.h"
#include <QCheckBox>
#include <QFileDialog>
#include <QFormLayout>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>

namespace pikv::ui {
namespace {

constexpr std::uint64_t longestText = 16'000'000; ///< bytes; far beyond any context, little enough to be edited

} // namespace

CaptureDialog::CaptureDialog(LanguageModels* models, QWidget* parent)
    : CaptureDialogBase(models, parent)
    , m_text(new QPlainTextEdit(this))
    , m_tokens(new QSpinBox(this))
    , m_save(new QCheckBox(tr("&Save the dump as a file afterwards"), this))
{
    setObjectName(QStringLiteral("captureDialog"));
    setWindowTitle(tr("Capture a cache"));
    m_text->setObjectName(QStringLiteral("captureText"));
    m_text->setAccessibleName(tr("Text"));
    m_text->setPlaceholderText(tr("Paste or type the text that the model reads"));
    m_text->setTabChangesFocus(true);
    auto* file = new QPushButton(tr("Open a &text…"), this);
    file->setObjectName(QStringLiteral("captureOpenText"));
    m_tokens->setObjectName(QStringLiteral("captureTokens"));
    m_tokens->setRange(0, 1'000'000);
    m_tokens->setSpecialValueText(tr("all"));
    m_tokens->setToolTip(tr("Tokens from the start of the text; 0: all of them"));
    m_save->setObjectName(QStringLiteral("captureSave"));
    auto* form = new QFormLayout;
    addModelRow(form);
    form->addRow(tr("&Tokens"), m_tokens);
    addFormatRows(form);
    form->addRow(m_save);
    auto* above = new QHBoxLayout;
    above->addWidget(file);
    above->addWidget(openModelButton());
    above->addStretch(1);
    auto* layout = new QVBoxLayout(this);
    layout->addLayout(above);
    layout->addWidget(m_text, 1);
    layout->addLayout(form);
    addButtons(layout);
    orderTabs({ m_text, m_tokens }, { m_save, file, openModelButton() });
    guardControlsFromWheel(this);
    connect(file, &QPushButton::clicked, this, &CaptureDialog::openTextFile);
    connect(m_text, &QPlainTextEdit::textChanged, this, &CaptureDialog::refresh);
    connect(models, &LanguageModels::captured, this, [this](const CachePtr& cache, const QString& note) {
        m_cache = cache;
        m_note = note;
        accept();
    });
    resize(fontMetrics().averageCharWidth() * 90, fontMetrics().height() * 28);
    refresh();
}

void CaptureDialog::setText(const QString& text) { m_text->setPlainText(text); }

bool CaptureDialog::saveWanted() const { return m_save->isChecked(); }

bool CaptureDialog::hasText() const { return !m_text->document()->isEmpty(); }

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

void CaptureDialog::begin()
{
    CaptureForm form;
    form.text = m_text->toPlainText();
    form.tokens = m_tokens->value();
    form.queries = queries();
    form.dtype = dtype();
    models()->capture(form);
}

} // namespace pikv::ui
