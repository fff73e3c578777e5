// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/refreshtimer.h"
#include <QEvent>
#include <QWidget>

namespace pikv::ui {
namespace {

constexpr int kFrame = 12; // ms

} // namespace

RefreshTimer::RefreshTimer(QWidget* chart, std::function<void()> refresh)
    : QObject(chart)
    , m_chart(chart)
    , m_refresh(std::move(refresh))
{
    m_timer.setSingleShot(true);
    m_timer.setInterval(kFrame);
    connect(&m_timer, &QTimer::timeout, this, &RefreshTimer::run);
    chart->installEventFilter(this);
}

void RefreshTimer::schedule()
{
    m_pending = true;
    if (!m_timer.isActive())
        m_timer.start();
}

void RefreshTimer::cancel()
{
    m_pending = false;
    m_timer.stop();
}

void RefreshTimer::run()
{
    if (m_pending && m_chart->isVisible())
        m_refresh();
}

bool RefreshTimer::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_chart && event->type() == QEvent::Show && m_pending)
        m_refresh();
    return QObject::eventFilter(watched, event);
}

} // namespace pikv::ui
