// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/mailbox.h"
#include <utility>

namespace pikv::ui {

Mailbox::Mailbox(QObject* parent)
    : QObject(parent)
{
    connect(this, &Mailbox::posted, this, &Mailbox::callNext, Qt::QueuedConnection);
}

void Mailbox::post(std::function<void()> call)
{
    const std::lock_guard lock(m_mutex);
    if (!m_open)
        return;
    m_calls.push_back(std::move(call));
    Q_EMIT posted({});
}

void Mailbox::close()
{
    const std::lock_guard lock(m_mutex);
    m_open = false;
    m_calls.clear();
}

/// One a turn: a call may open a dialog, whose event loop has to go on with the rest.
void Mailbox::callNext()
{
    std::function<void()> call;
    {
        const std::lock_guard lock(m_mutex);
        if (m_calls.empty())
            return;
        call = std::move(m_calls.front());
        m_calls.pop_front();
    }
    call();
}

} // namespace pikv::ui
