// SPDX-License-Identifier: GPL-3.0-or-later
// Controls, notes, state, context menu and export of every tab with a chart.
#include "ui/charts/chartpanel.h"
#include "core/base/error.h"
#include "ui/charts/metriccombo.h"
#include "ui/export/chartexporter.h"
#include "ui/export/exportdialog.h"
#include <QCheckBox>
#include <QContextMenuEvent>
#include <QHBoxLayout>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLabel>
#include <QMenu>

namespace pikv::ui {
namespace {

constexpr int kMostNotes = 3;

} // namespace

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

void ChartPanel::setChartWidget(QWidget* widget)
{
    m_layout->insertWidget(1, widget, 1);
    if (auto* chart = qobject_cast<Chart*>(widget))
        connect(chart, &Chart::notesChanged, this, &ChartPanel::setNotes);
}

AxisChoice* ChartPanel::addAxis(const AxisNames& names, AxisChoice::FirstScale first)
{
    auto* axis = new AxisChoice(names, &m_scales, first, this);
    m_axes << axis;
    m_controls->addWidget(axis->combo());
    m_controls->addWidget(axis->box());
    connect(axis, &AxisChoice::changed, this, [this] { applyAxes(); });
    return axis;
}

QCheckBox* ChartPanel::addLogBox(const QString& objectName, const QString& accessibleName)
{
    auto* box = new QCheckBox(tr("log"), this);
    box->setObjectName(objectName);
    box->setAccessibleName(accessibleName);
    box->setToolTip(accessibleName);
    m_controls->addWidget(box);
    return box;
}

QLabel* ChartPanel::addCaption(const QString& objectName)
{
    auto* caption = new QLabel(this);
    caption->setObjectName(objectName);
    caption->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_controls->addWidget(caption, 1);
    return caption;
}

void ChartPanel::setCaption(QLabel* caption, const QString& text)
{
    caption->setText(text);
    caption->setToolTip(text);
}

void ChartPanel::setReadiness(Readiness readiness)
{
    for (Chart* each : findChildren<Chart*>())
        each->setReadiness(readiness);
}

void ChartPanel::setNotes(const QStringList& notes)
{
    m_notes->setText(notes.size() > kMostNotes
            ? tr("%1 (and %n more)", nullptr, int(notes.size()) - 2).arg(notes.first(2).join(QStringLiteral("; ")))
            : notes.join(QStringLiteral("; ")));
    m_notes->setToolTip(notes.join(QLatin1Char('\n')));
    m_notes->setVisible(!notes.isEmpty());
}

QByteArray ChartPanel::saveState() const
{
    QJsonObject state;
    for (const AxisChoice* axis : m_axes)
        state[axis->key()] = axis->stored();
    if (!m_axes.isEmpty()) {
        QJsonObject scales;
        for (auto it = m_scales.begin(); it != m_scales.end(); ++it)
            scales[it.key()] = it.value();
        state["log"] = scales;
    }
    saveTo(state);
    return QJsonDocument(state).toJson(QJsonDocument::Compact);
}

void ChartPanel::restoreState(const QByteArray& bytes)
{
    const QJsonObject state = QJsonDocument::fromJson(bytes).object(), scales = state["log"].toObject();
    for (auto it = scales.begin(); it != scales.end(); ++it)
        m_scales[it.key()] = it.value().toBool();
    for (AxisChoice* axis : std::as_const(m_axes))
        axis->restore(state[axis->key()].toString());
    restoreFrom(state);
    applyAxes();
}

void ChartPanel::saveTo(QJsonObject&) const { }

void ChartPanel::restoreFrom(const QJsonObject&) { }

void ChartPanel::exportOne(ChartSource& source)
{
    ExportDialog dialog(source, this);
    if (dialog.exec() != QDialog::Accepted)
        return;
    try {
        ChartExporter(source, palette(), font()).write(dialog.path(), dialog.spec());
        Q_EMIT exported(dialog.path());
    } catch (const std::exception& error) {
        Q_EMIT exportFailed(QString::fromUtf8(error.what()));
    }
}

void ChartPanel::copyOne(ChartSource& source)
{
    const auto* widget = dynamic_cast<QWidget*>(&source); // of the size that it has on screen
    ChartExporter(source, palette(), font()).copyImage(widget ? widget->size() : size(), devicePixelRatioF());
}

void ChartPanel::exportChart() { exportOne(chart()); }

void ChartPanel::copyImage() { copyOne(chart()); }

void ChartPanel::extendMenu(QMenu&) { }

/// Offers the chart under the mouse; the Menu key, the one with the focus.
void ChartPanel::contextMenuEvent(QContextMenuEvent* event)
{
    ChartSource* source = &chart();
    if (event->reason() == QContextMenuEvent::Mouse) {
        for (Chart* each : findChildren<Chart*>()) {
            if (each->isVisible() && each->rect().contains(each->mapFromGlobal(event->globalPos())))
                source = each;
        }
    }
    const bool several = findChildren<Chart*>().size() > 1;
    QMenu menu(this);
    extendMenu(menu);
    menu.addSeparator();
    menu.addAction(several ? tr("Copy image of “%1”").arg(source->chartTitle()) : tr("Copy image"), this,
            [this, source] { copyOne(*source); })
        ->setObjectName(QStringLiteral("copyImage"));
    menu.addAction(several ? tr("Export “%1”…").arg(source->chartTitle()) : tr("Export chart…"), this,
            [this, source] { exportOne(*source); })
        ->setObjectName(QStringLiteral("exportChart"));
    menu.exec(event->globalPos());
}

} // namespace pikv::ui
