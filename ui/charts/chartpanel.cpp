// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/chartpanel.h"
#include "core/base/error.h"
#include "ui/export/chartexporter.h"
#include "ui/export/chartsource.h"
#include "ui/export/exportdialog.h"
#include <QContextMenuEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>

namespace pikv::ui {

ChartPanel::ChartPanel(QWidget* parent)
    : QWidget(parent)
    , m_controls(new QHBoxLayout)
    , m_layout(new QVBoxLayout(this))
    , m_notes(new QLabel(this))
{
    m_layout->setContentsMargins(6, 6, 6, 6);
    m_layout->addLayout(m_controls);
    m_notes->setObjectName(QStringLiteral("chartNotes"));
    m_notes->setWordWrap(true);
    m_notes->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_notes->hide();
    m_layout->addWidget(m_notes);
}

void ChartPanel::setChartWidget(QWidget* chart) { m_layout->insertWidget(1, chart, 1); }

void ChartPanel::setNotes(const QStringList& notes)
{
    m_notes->setText(notes.size() > 3
            ? tr("%1 (and %n more)", nullptr, int(notes.size()) - 2).arg(notes.first(2).join(QStringLiteral("; ")))
            : notes.join(QStringLiteral("; ")));
    m_notes->setToolTip(notes.join(QLatin1Char('\n')));
    m_notes->setVisible(!notes.isEmpty());
}

void ChartPanel::exportChart()
{
    ExportDialog dialog(chart(), this);
    if (dialog.exec() != QDialog::Accepted)
        return;
    try {
        ChartExporter(chart(), palette(), font()).write(dialog.path(), dialog.spec());
        Q_EMIT exported(dialog.path());
    } catch (const std::exception& error) {
        Q_EMIT exportFailed(QString::fromUtf8(error.what()));
    }
}

void ChartPanel::copyImage()
{
    ChartExporter(chart(), palette(), font()).copyImage(m_layout->itemAt(1)->geometry().size(), devicePixelRatioF());
}

void ChartPanel::extendMenu(QMenu&) { }

void ChartPanel::contextMenuEvent(QContextMenuEvent* event)
{
    QMenu menu(this);
    extendMenu(menu);
    menu.addSeparator();
    menu.addAction(tr("Copy image"), this, &ChartPanel::copyImage)->setObjectName(QStringLiteral("copyImage"));
    menu.addAction(tr("Export chart…"), this, &ChartPanel::exportChart)->setObjectName(QStringLiteral("exportChart"));
    menu.exec(event->globalPos());
}

} // namespace pikv::ui
