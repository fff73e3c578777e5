// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/window/noticebar.h"
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

namespace pikv::ui {

NoticeBar::NoticeBar(const QString& name, const QString& action, const QString& ignore, QWidget* parent)
    : QFrame(parent)
    , m_text(new QLabel(this))
    , m_action(new QPushButton(action, this))
{
    setObjectName(name + QStringLiteral("Bar"));
    setFrameShape(QFrame::StyledPanel);
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::ToolTipBase);
    m_text->setObjectName(name + QStringLiteral("Text"));
    m_text->setWordWrap(true);
    m_action->setObjectName(name + QStringLiteral("Action"));
    auto* ignored = new QPushButton(ignore, this);
    ignored->setObjectName(name + QStringLiteral("Ignore"));
    auto* layout = new QHBoxLayout(this);
    layout->addWidget(m_text, 1);
    layout->addWidget(m_action);
    layout->addWidget(ignored);
    connect(ignored, &QPushButton::clicked, this, [this] {
        hide();
        Q_EMIT this->ignored();
    });
    hide();
}

void NoticeBar::setText(const QString& text) { m_text->setText(text); }

} // namespace pikv::ui
