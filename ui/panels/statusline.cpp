// SPDX-License-Identifier: GPL-3.0-or-later
// Shows work only once it has lasted a moment, and the machine's state every two seconds.
#include "ui/panels/statusline.h"
#include "core/base/memory.h"
#include "core/eval/engine.h"
#include "core/eval/evaluator.h"
#include "ui/models/counted.h"
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QProgressBar>
#include <QToolButton>

namespace pikv::ui {
namespace {

constexpr int busyDelay = 500; ///< ms: what is quicker shows no progress, so that nothing flickers
constexpr int refreshInterval = 2000;

} // namespace

StatusLine::StatusLine(QWidget* parent)
    : QWidget(parent)
    , m_stage(new QLabel(this))
    , m_machine(new QLabel(this))
    , m_bar(new QProgressBar(this))
    , m_cancel(new QToolButton(this))
{
    m_stage->setObjectName(QStringLiteral("statusStage"));
    m_machine->setObjectName(QStringLiteral("statusMachine"));
    m_bar->setObjectName(QStringLiteral("statusProgress"));
    m_bar->setAccessibleName(tr("Progress"));
    m_bar->setTextVisible(false); // half of it would be drawn in one colour and half in the other; m_stage counts
    m_bar->setMaximumWidth(fontMetrics().averageCharWidth() * 24);
    m_bar->setMaximumHeight(fontMetrics().height() + 2);
    m_cancel->setObjectName(QStringLiteral("statusCancel"));
    m_cancel->setText(tr("Cancel"));
    m_cancel->setToolTip(tr("Stop what is running (Esc)"));
    m_cancel->setAccessibleName(tr("Cancel"));
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 4, 0);
    for (QWidget* widget : { static_cast<QWidget*>(m_stage), static_cast<QWidget*>(m_bar),
             static_cast<QWidget*>(m_cancel), static_cast<QWidget*>(m_machine) })
        layout->addWidget(widget);
    connect(m_cancel, &QToolButton::clicked, this, &StatusLine::cancelRequested);
    m_showBusy.setSingleShot(true);
    m_showBusy.setInterval(busyDelay);
    connect(&m_showBusy, &QTimer::timeout, this, [this] {
        for (QWidget* widget :
            { static_cast<QWidget*>(m_stage), static_cast<QWidget*>(m_bar), static_cast<QWidget*>(m_cancel) })
            widget->show();
    });
    m_refresh.setInterval(refreshInterval);
    connect(&m_refresh, &QTimer::timeout, this, &StatusLine::showMachine);
    m_refresh.start();
    showMachine();
    setBusy(false);
}

void StatusLine::setBusy(bool busy)
{
    if (busy) {
        m_showBusy.start();
        return;
    }
    m_showBusy.stop();
    for (QWidget* widget :
        { static_cast<QWidget*>(m_stage), static_cast<QWidget*>(m_bar), static_cast<QWidget*>(m_cancel) })
        widget->hide();
    m_stage->clear();
    m_bar->setRange(0, 0);
    showMachine();
}

void StatusLine::setProgress(const QString& stage, int done, int total)
{
    m_stage->setText(total > 0 ? tr("%1 %2 of %3").arg(stage).arg(done).arg(total) : stage);
    m_bar->setRange(0, total);
    m_bar->setValue(done);
}

void StatusLine::showMachine()
{
    const QString memory = QLocale().formattedDataSize(qint64(currentRssBytes()), 1, QLocale::DataSizeSIFormat);
    m_machine->setText(tr("%1 · %2 · %3")
                           .arg(QString::fromStdString(deviceName(DeviceChoice::Auto)),
                               counted(engineThreads(), tr("thread"), tr("threads")), memory));
    m_machine->setToolTip(QString::fromStdString(engineDescription()));
}

} // namespace pikv::ui
