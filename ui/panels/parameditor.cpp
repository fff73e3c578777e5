// SPDX-License-Identifier: GPL-3.0-or-later
// The controls of the types of parameters; numbers have a file of their own.
#include "ui/panels/parameditor.h"
#include "core/base/error.h"
#include "ui/panels/numbereditor.h"
#include "ui/panels/wheelguard.h"
#include "ui/theme/theme.h"
#include <QCheckBox>
#include <QComboBox>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QSignalBlocker>
#include <QToolButton>

namespace pikv::ui {
namespace {

QHBoxLayout* rowLayout(QWidget* owner)
{
    auto* layout = new QHBoxLayout(owner);
    layout->setContentsMargins(0, 0, 0, 0);
    return layout;
}

class BoolEditor : public ParamEditor {
public:
    BoolEditor(const ParamSpec& spec, QWidget* parent)
        : ParamEditor(spec, parent)
        , m_box(new QCheckBox(this))
    {
        name(m_box, "check");
        rowLayout(this)->addWidget(m_box);
        connect(m_box, &QCheckBox::toggled, this, [this](bool on) {
            Q_EMIT edited(on);
            Q_EMIT committed();
        });
    }
    void setValue(const ParamValue& value) override
    {
        const QSignalBlocker blocker(m_box);
        m_box->setChecked(std::get<bool>(value));
    }
    QWidget* buddy() override { return m_box; }

private:
    QCheckBox* m_box;
};

/// A choice, or an int that takes only some values.
class ChoiceEditor : public ParamEditor {
public:
    ChoiceEditor(const QString& methodId, const ParamSpec& spec, QWidget* parent)
        : ParamEditor(spec, parent)
        , m_combo(new QComboBox(this))
    {
        name(m_combo, "combo");
        const QString unit = spec.unit.empty() ? QString() : QLatin1Char(' ') + QString::fromStdString(spec.unit);
        for (const std::string& choice : spec.choices)
            m_combo->addItem(QString::fromStdString(choice) + unit, QString::fromStdString(choice));
        rowLayout(this)->addWidget(m_combo);
        connect(m_combo, &QComboBox::activated, this, [this, methodId] {
            Q_EMIT edited(
                parseParam(methodId.toStdString(), this->spec(), m_combo->currentData().toString().toStdString()));
            Q_EMIT committed();
        });
    }
    void setValue(const ParamValue& value) override
    {
        m_combo->setCurrentIndex(m_combo->findData(QString::fromStdString(printParam(value))));
    }
    QWidget* buddy() override { return m_combo; }

private:
    QComboBox* m_combo;
};

/// Lists and file names as text; what does not parse is marked and not announced.
class TextEditor : public ParamEditor {
public:
    TextEditor(const QString& methodId, const ParamSpec& spec, QWidget* parent)
        : ParamEditor(spec, parent)
        , m_method(methodId)
        , m_line(new QLineEdit(this))
    {
        name(m_line, "text");
        QHBoxLayout* layout = rowLayout(this);
        layout->addWidget(m_line);
        connect(m_line, &QLineEdit::textEdited, this, &TextEditor::check);
        connect(m_line, &QLineEdit::editingFinished, this, &TextEditor::committed);
        if (spec.type != ParamType::File)
            return;
        m_line->setPlaceholderText(tr("none"));
        auto* browse = new QToolButton(this);
        browse->setText(tr("…"));
        name(browse, "browse");
        browse->setToolTip(tr("Choose a file"));
        layout->addWidget(browse);
        connect(browse, &QToolButton::clicked, this, [this] {
            const QString path = QFileDialog::getOpenFileName(
                this, tr("Open calibration"), {}, tr("Calibrations (*.pikv-basis);;All files (*)"));
            if (path.isEmpty())
                return;
            m_line->setText(path);
            check(path);
            Q_EMIT committed();
        });
    }
    void setValue(const ParamValue& value) override
    {
        if (!m_line->hasFocus() || m_valid)
            m_line->setText(QString::fromStdString(printParam(value)));
        mark({});
    }
    QWidget* buddy() override { return m_line; }

private:
    void check(const QString& text)
    {
        try {
            const ParamValue value = parseParam(m_method.toStdString(), spec(), text.toStdString());
            mark({});
            Q_EMIT edited(value);
        } catch (const Error& e) {
            mark(QString::fromStdString(e.what()));
        }
    }
    void mark(const QString& error)
    {
        m_valid = error.isEmpty();
        QPalette colors = palette();
        if (!m_valid)
            colors.setColor(QPalette::Text, errorColor(colors));
        m_line->setPalette(colors);
        const QString help = m_valid ? QString::fromStdString(spec().help) : error;
        m_line->setToolTip(help);
        m_line->setAccessibleDescription(help);
    }

    QString m_method;
    QLineEdit* m_line;
    bool m_valid = true;
};

} // namespace

ParamEditor::ParamEditor(const ParamSpec& spec, QWidget* parent)
    : QWidget(parent)
    , m_spec(spec)
{
    setObjectName(QStringLiteral("param_%1").arg(QString::fromStdString(spec.name)));
    setToolTip(QString::fromStdString(spec.help));
}

void ParamEditor::name(QWidget* control, const char* part)
{
    control->setObjectName(QStringLiteral("param_%1_%2").arg(QString::fromStdString(m_spec.name), QLatin1String(part)));
    control->setAccessibleName(QString::fromStdString(m_spec.label));
    control->setAccessibleDescription(QString::fromStdString(m_spec.help));
    control->setToolTip(QString::fromStdString(m_spec.help));
    control->setFocusPolicy(Qt::StrongFocus);
    guardFromWheel(control);
}

ParamEditor* ParamEditor::create(const QString& methodId, const ParamSpec& spec, QWidget* parent)
{
    if (spec.type == ParamType::Choice || (spec.type == ParamType::Int && !spec.choices.empty()))
        return new ChoiceEditor(methodId, spec, parent);
    switch (spec.type) {
    case ParamType::Int:
    case ParamType::Real:
        return new NumberEditor(spec, parent);
    case ParamType::Bool:
        return new BoolEditor(spec, parent);
    default:
        return new TextEditor(methodId, spec, parent);
    }
}

} // namespace pikv::ui
