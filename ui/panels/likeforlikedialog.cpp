// SPDX-License-Identifier: GPL-3.0-or-later
// Three choices, and the numbers of the third.
#include "ui/panels/likeforlikedialog.h"
#include "core/codec/registry.h"
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QLabel>
#include <QRadioButton>
#include <QSpinBox>
#include <QVBoxLayout>

namespace pikv::ui {
namespace {

QSpinBox* makeBox(const char* name, const char* param, qint64 value, const QString& what, QWidget* parent)
{
    auto* box = new QSpinBox(parent);
    box->setObjectName(QLatin1String(name));
    box->setAccessibleName(what);
    for (const ParamSpec& spec : commonParams())
        if (spec.name == param)
            box->setRange(int(spec.minimum), int(spec.maximum));
    box->setValue(int(value));
    box->setSuffix(QObject::tr(" tokens"));
    return box;
}

} // namespace

LikeForLikeDialog::LikeForLikeDialog(const std::optional<ProtectedTokens>& present, QWidget* parent)
    : QDialog(parent)
    , m_own(new QRadioButton(tr("As each method does &by itself"), this))
    , m_none(new QRadioButton(tr("&None: every token is compressed"), this))
    , m_same(new QRadioButton(tr("The &same for all methods:"), this))
{
    setObjectName(QStringLiteral("likeForLikeDialog"));
    setWindowTitle(tr("Like for like"));
    auto* why
        = new QLabel(tr("Tokens that stay at 16 bits are most of a small file. Compare methods with the same ones. "
                        "Forms and sweeps of all methods are set; Undo takes it back."),
            this);
    why->setWordWrap(true);
    m_own->setObjectName(QStringLiteral("protectOwn"));
    m_none->setObjectName(QStringLiteral("protectNone"));
    m_same->setObjectName(QStringLiteral("protectSame"));
    const ProtectedTokens usual { 4, 128 }; // as KVTC has them
    const bool none = present == ProtectedTokens {};
    const ProtectedTokens shown = present && !none ? *present : usual;
    m_sinks = makeBox("protectSinks", "sinks", shown.sinks, tr("First tokens"), this);
    m_recent = makeBox("protectRecent", "recent", shown.recent, tr("Last tokens"), this);
    (!present ? m_own : none ? m_none : m_same)->setChecked(true);
    for (QSpinBox* box : { m_sinks, m_recent }) {
        box->setEnabled(m_same->isChecked());
        connect(m_same, &QRadioButton::toggled, box, &QWidget::setEnabled);
    }
    auto* form = new QFormLayout;
    form->setContentsMargins(24, 0, 0, 0);
    form->addRow(tr("&First"), m_sinks);
    form->addRow(tr("&Last"), m_recent);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel, this);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto* layout = new QVBoxLayout(this);
    layout->addWidget(why);
    for (QWidget* choice : { m_own, m_none, m_same })
        layout->addWidget(choice);
    layout->addLayout(form);
    layout->addStretch(1);
    layout->addWidget(buttons);
}

std::optional<ProtectedTokens> LikeForLikeDialog::tokens() const
{
    if (m_own->isChecked())
        return {};
    return m_none->isChecked() ? ProtectedTokens {} : ProtectedTokens { m_sinks->value(), m_recent->value() };
}

} // namespace pikv::ui
