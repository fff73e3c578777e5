// SPDX-License-Identifier: GPL-3.0-or-later
// Model, number format and buttons; the state of the running capture stands above these.
#include "ui/panels/capturedialogbase.h"
#include "ui/models/counted.h"
#include "ui/models/utf8.h"
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>

namespace pikv::ui {
namespace {

constexpr int defaultQueries = 32;

} // namespace

CaptureDialogBase::CaptureDialogBase(LanguageModels* models, QWidget* parent)
    : QDialog(parent)
    , m_models(models)
    , m_queries(new QSpinBox(this))
    , m_dtype(new QComboBox(this))
    , m_model(new QLabel(this))
    , m_state(new QLabel(this))
    , m_openModel(new QPushButton(tr("Open &model…"), this))
    , m_buttons(new QDialogButtonBox(QDialogButtonBox::Cancel, this))
{
    m_queries->setObjectName(QStringLiteral("captureQueries"));
    m_queries->setRange(0, 1'000'000);
    m_queries->setValue(defaultQueries);
    m_queries->setToolTip(tr("Last positions whose queries are kept: attention error and some methods need them"));
    m_dtype->setObjectName(QStringLiteral("captureDtype"));
    for (const DType type : { DType::F16, DType::BF16, DType::F32 })
        m_dtype->addItem(utf8(dtypeName(type)), int(type));
    m_model->setObjectName(QStringLiteral("captureModel"));
    m_model->setWordWrap(true);
    m_state->setObjectName(QStringLiteral("captureState"));
    m_state->setWordWrap(true);
    m_openModel->setObjectName(QStringLiteral("captureOpenModel"));
    m_start = m_buttons->addButton(tr("&Capture"), QDialogButtonBox::ActionRole);
    m_start->setObjectName(QStringLiteral("captureStart"));
    m_start->setDefault(true);
    m_buttons->button(QDialogButtonBox::Cancel)->setObjectName(QStringLiteral("captureCancel"));
    connect(m_buttons, &QDialogButtonBox::rejected, this, &CaptureDialogBase::reject);
    connect(m_openModel, &QPushButton::clicked, this, &CaptureDialogBase::openModelRequested);
    connect(m_start, &QPushButton::clicked, this, [this] {
        m_start->setEnabled(false);
        m_state->setText(tr("Reading the text…"));
        begin();
    });
    connect(m_models, &LanguageModels::changed, this, &CaptureDialogBase::refresh);
    connect(m_models, &LanguageModels::captureFailed, this, &CaptureDialogBase::showState);
    connect(m_models, &LanguageModels::captureCancelled, this, [this] { showState(tr("Capturing was cancelled.")); });
}

void CaptureDialogBase::addModelRow(QFormLayout* form) { form->addRow(tr("Model"), m_model); }

void CaptureDialogBase::addFormatRows(QFormLayout* form)
{
    form->addRow(tr("&Query positions"), m_queries);
    form->addRow(tr("&Number format"), m_dtype);
}

void CaptureDialogBase::addButtons(QVBoxLayout* layout)
{
    layout->addWidget(m_state);
    layout->addWidget(m_buttons);
}

void CaptureDialogBase::orderTabs(const QList<QWidget*>& above, const QList<QWidget*>& below)
{
    const QList<QWidget*> all = above + QList<QWidget*> { m_queries, m_dtype } + below
        + QList<QWidget*> { m_start, m_buttons->button(QDialogButtonBox::Cancel) };
    for (qsizetype i = 1; i < all.size(); ++i)
        setTabOrder(all[i - 1], all[i]);
    above.front()->setFocus();
}

qint64 CaptureDialogBase::queries() const { return m_queries->value(); }

DType CaptureDialogBase::dtype() const { return DType(m_dtype->currentData().toInt()); }

void CaptureDialogBase::refresh()
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
    m_start->setEnabled(model && problem.isEmpty() && hasText());
}

void CaptureDialogBase::showProgress(const QString& stage, int done, int total)
{
    if (m_models->isCapturing())
        m_state->setText(total > 0 ? tr("%1 %2 of %3").arg(stage).arg(done).arg(total) : stage);
}

void CaptureDialogBase::showState(const QString& message)
{
    m_state->setText(message);
    m_start->setEnabled(m_models->model() && hasText());
}

/// The first time stops the work, the next closes the dialog.
void CaptureDialogBase::reject()
{
    if (m_models->isCapturing())
        Q_EMIT cancelRequested();
    else
        QDialog::reject();
}

} // namespace pikv::ui
