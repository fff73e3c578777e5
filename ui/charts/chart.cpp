// SPDX-License-Identifier: GPL-3.0-or-later
// Refresh, restyling, empty state, tooltip and description of all charts.
#include "ui/charts/chart.h"
#include "ui/charts/emptyhint.h"
#include <QAccessible>
#include <QEvent>
#include <QMouseEvent>
#include <QToolTip>
#include <QVBoxLayout>

namespace pikv::ui {
namespace {

constexpr int kFrame = 12; // ms

} // namespace

Chart::Chart(const QString& objectName, const QString& accessibleName, const QString& emptyText, QWidget* parent)
    : QWidget(parent)
    , m_empty(new EmptyHint(this))
    , m_emptyText(emptyText)
{
    setObjectName(objectName);
    setAccessibleName(accessibleName);
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    QString hint = objectName; // "tradeoffChart": "tradeoffEmpty"
    m_empty->setObjectName(hint.remove(QStringLiteral("Chart")) + QStringLiteral("Empty"));
    m_timer.setSingleShot(true);
    m_timer.setInterval(kFrame);
    connect(&m_timer, &QTimer::timeout, this, [this] {
        if (m_pending && isVisible())
            refreshNow();
    });
}

void Chart::setView(QWidget* view, Mouse mouse)
{
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(view);
    view->setFocusPolicy(Qt::NoFocus); // a click gives the focus to this widget, which has the keys
    view->setAttribute(Qt::WA_TransparentForMouseEvents, mouse == Mouse::OfChart);
    view->setAttribute(Qt::WA_NoMousePropagation, false); // QCustomPlot would keep the context menu's event
    m_empty->raise();
}

void Chart::setReadiness(Readiness readiness)
{
    if (readiness == m_readiness)
        return;
    m_readiness = readiness;
    if (!hasData())
        m_empty->setText(emptyText());
    scheduleRefresh();
}

QString Chart::emptyText() const
{
    return m_readiness == Readiness::NoDump ? tr("Open a KV-cache dump first (Ctrl+O), or drop one here") : m_emptyText;
}

void Chart::scheduleRefresh()
{
    m_pending = true;
    if (!m_timer.isActive())
        m_timer.start();
}

void Chart::refreshNow()
{
    m_pending = false;
    m_timer.stop();
    refresh(screen());
    m_empty->setText(emptyText());
    m_empty->setVisible(!hasData());
    setAccessibleDescription(hasData() ? description() : m_empty->text());
    if (const QStringList now = notes(); now != m_notes) {
        m_notes = now;
        Q_EMIT notesChanged(now);
    }
    Q_EMIT refreshed();
}

QString Chart::tooltipAt(QPointF) const { return {}; }

void Chart::showTooltip(const QString& text, QPoint globalPosition)
{
    text.isEmpty() ? QToolTip::hideText() : QToolTip::showText(globalPosition, text, this);
}

void Chart::announce(const QString& text)
{
    setAccessibleDescription(text);
    QAccessibleEvent changed(this, QAccessible::DescriptionChanged);
    QAccessible::updateAccessibility(&changed);
}

void Chart::mouseMoveEvent(QMouseEvent* event)
{
    showTooltip(tooltipAt(event->position()), event->globalPosition().toPoint());
}

void Chart::leaveEvent(QEvent* event)
{
    QToolTip::hideText();
    QWidget::leaveEvent(event);
}

void Chart::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    if (m_pending)
        refreshNow();
}

void Chart::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange)
        restyle();
}

} // namespace pikv::ui
