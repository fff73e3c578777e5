// SPDX-License-Identifier: GPL-3.0-or-later
// A list of texts, and contexts and folder below it.
#include "ui/panels/capturetextsdialog.h"
#include "core/eval/problem.h"
#include "core/study/textdumps.h"
#include "ui/panels/pathlist.h"
#include "ui/panels/wheelguard.h"
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace pikv::ui {

CaptureTextsDialog::CaptureTextsDialog(LanguageModels* models, const QString& folder, qint64 positions, QWidget* parent)
    : CaptureDialogBase(models, parent)
    , m_positions(positions)
    , m_texts(new PathList(this))
    , m_contexts(new QLineEdit(QStringLiteral("512, 1024"), this))
    , m_folder(new QLineEdit(this))
    , m_add(new QPushButton(tr("&Add texts…"), this))
    , m_remove(m_texts->createRemoveButton(QStringLiteral("captureTextsRemove")))
    , m_choose(new QPushButton(tr("C&hoose…"), this))
{
    setObjectName(QStringLiteral("captureTextsDialog"));
    setWindowTitle(tr("Capture several texts"));
    m_contexts->setObjectName(QStringLiteral("captureContexts"));
    m_contexts->setToolTip(
        tr("Tokens of each context, with commas between: every text is captured at each of them, with "
           "the tokens behind it that the next-token test predicts"));
    auto* form = new QFormLayout;
    addModelRow(form);
    form->addRow(tr("C&ontexts"), m_contexts);
    addFormatRows(form);
    form->addRow(tr("&Folder"), createFolder(folder));
    auto* layout = new QVBoxLayout(this);
    layout->addWidget(createTexts(), 1);
    layout->addLayout(form);
    addButtons(layout);
    orderTabs({ m_add, m_remove, openModelButton(), m_texts, m_contexts }, { m_folder, m_choose });
    guardControlsFromWheel(this);
    connect(m_contexts, &QLineEdit::textChanged, this, &CaptureTextsDialog::refresh);
    connect(models, &LanguageModels::textsCaptured, this, [this](const QStringList& paths) {
        m_dumps = paths;
        accept();
    });
    resize(fontMetrics().averageCharWidth() * 90, fontMetrics().height() * 26);
    refresh();
}

QWidget* CaptureTextsDialog::createTexts()
{
    m_texts->setObjectName(QStringLiteral("captureTexts"));
    m_texts->setAccessibleName(tr("Texts"));
    m_add->setObjectName(QStringLiteral("captureTextsAdd"));
    m_add->setAutoDefault(false);
    connect(m_add, &QPushButton::clicked, this, &CaptureTextsDialog::chooseTexts);
    connect(m_texts, &PathList::pathsChanged, this, &CaptureTextsDialog::refresh);
    auto* box = new QWidget(this);
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(m_add);
    buttons->addWidget(m_remove);
    buttons->addWidget(openModelButton());
    buttons->addStretch(1);
    auto* layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addLayout(buttons);
    layout->addWidget(m_texts, 1);
    return box;
}

QWidget* CaptureTextsDialog::createFolder(const QString& folder)
{
    auto* box = new QWidget(this);
    m_folder->setObjectName(QStringLiteral("captureFolder"));
    m_folder->setText(folder);
    m_folder->setToolTip(tr("Where the dumps are written; other files there are left alone"));
    m_choose->setObjectName(QStringLiteral("captureFolderChoose"));
    m_choose->setAutoDefault(false);
    connect(m_folder, &QLineEdit::textChanged, this, &CaptureTextsDialog::refresh);
    connect(m_choose, &QPushButton::clicked, this, &CaptureTextsDialog::chooseFolder);
    auto* line = new QHBoxLayout(box);
    line->setContentsMargins(0, 0, 0, 0);
    line->addWidget(m_folder, 1);
    line->addWidget(m_choose);
    box->setFocusProxy(m_folder); // the label's
    return box;
}

void CaptureTextsDialog::chooseTexts()
{
    addTexts(QFileDialog::getOpenFileNames(
        this, tr("Texts to be captured"), QString(), tr("Texts (*.txt *.md);;All files (*)")));
}

void CaptureTextsDialog::chooseFolder()
{
    const QString path = QFileDialog::getExistingDirectory(this, tr("Folder for the dumps"), m_folder->text());
    if (!path.isEmpty())
        m_folder->setText(path);
}

void CaptureTextsDialog::addTexts(const QStringList& paths) { m_texts->addPaths(paths); }

bool CaptureTextsDialog::hasText() const
{
    return m_texts->count() > 0 && !m_contexts->text().trimmed().isEmpty() && !m_folder->text().trimmed().isEmpty();
}

void CaptureTextsDialog::begin()
{
    try {
        TextDumps wish;
        for (const QString& path : m_texts->paths())
            wish.files.push_back(path.toStdString());
        wish.contexts = parseContexts(m_contexts->text().toStdString());
        wish.positions = m_positions;
        wish.queries = queries();
        wish.dtype = dtype();
        wish.folder = QFileInfo(m_folder->text().trimmed()).absoluteFilePath().toStdString();
        models()->captureTexts(wish);
    } catch (...) {
        showState(QString::fromStdString(currentProblem().message));
    }
}

} // namespace pikv::ui
