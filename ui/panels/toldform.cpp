// SPDX-License-Identifier: GPL-3.0-or-later
// Boxes whose first entry leaves it to the file, and texts that do so where they are empty. What is chosen is told at
// once: the dump opens again with it.
#include "ui/panels/toldform.h"
#include "core/codec/container/containerformat.h"
#include "core/eval/problem.h"
#include "core/formats/told.h"
#include "ui/theme/theme.h"
#include <QComboBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QSignalBlocker>
#include <QTimer>
#include <QToolButton>

namespace pikv::ui {
namespace {

QString textOf(const Told& told, const char* id)
{
    const auto at = told.find(id);
    return at == told.end() ? QString() : QString::fromStdString(at->second);
}

/// The entry with this datum; one that nobody listed is added.
void choose(QComboBox* box, const QString& datum)
{
    const QSignalBlocker blocker(box);
    if (box->findData(datum) < 0)
        box->addItem(datum, datum);
    box->setCurrentIndex(box->findData(datum));
}

} // namespace

ToldForm::ToldForm(QWidget* parent)
    : QWidget(parent)
    , m_form(new QFormLayout(this))
{
    setObjectName(QStringLiteral("toldForm"));
    m_form->setContentsMargins(0, 0, 0, 0);
    m_form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    m_part = addChoice(tr("Cache"), "toldPart", "part");
    m_part->setToolTip(tr("The file holds several caches; this one is read"));
    m_headDim = addChoice(tr("head_dim"), "toldHeadDim", "head-dim");
    m_headDim->setToolTip(tr("The file does not say how its channels are cut into heads"));
    createButtons();
    m_keys = addChoice(tr("Keys"), "toldKeys", "keys");
    m_layout = addChoice(tr("RoPE layout"), "toldLayout", "rope-layout");
    m_theta = addText(tr("RoPE base"), "toldTheta", "rope-theta");
    m_scaling = addChoice(tr("RoPE scaling"), "toldScaling", "rope-scaling");
    m_model = addText(tr("Model name"), "toldModel", "model-name");
    for (const auto& [text, datum] : { std::pair(tr("rotated"), "rotated"), std::pair(tr("not rotated"), "plain") })
        m_keys->addItem(text, QLatin1String(datum));
    for (const auto& [text, datum] :
        { std::pair(tr("halves (i, i + d/2)"), "half"), std::pair(tr("neighbours (2i, 2i + 1)"), "interleaved") })
        m_layout->addItem(text, QLatin1String(datum));
    m_scaling->addItem(tr("none"), QStringLiteral("none"));
    m_problem = new QLabel(this);
    m_problem->setObjectName(QStringLiteral("toldProblem"));
    m_problem->setWordWrap(true);
    m_form->addRow(m_problem);
    showDump(nullptr);
}

QComboBox* ToldForm::addChoice(const QString& title, const char* name, const char* id)
{
    auto* box = new QComboBox(this);
    box->setObjectName(QLatin1String(name));
    box->setAccessibleName(title);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(12);
    box->addItem(tr("as the file says"), QString());
    m_form->addRow(title, box);
    connect(box, &QComboBox::activated, this,
        [this, box, id = std::string(id)] { tell(id, box, box->currentData().toString()); });
    return box;
}

QLineEdit* ToldForm::addText(const QString& title, const char* name, const char* id)
{
    auto* edit = new QLineEdit(this);
    edit->setObjectName(QLatin1String(name));
    edit->setAccessibleName(title);
    edit->setPlaceholderText(tr("as the file says"));
    m_form->addRow(title, edit);
    connect(edit, &QLineEdit::editingFinished, this,
        [this, edit, id = std::string(id)] { tell(id, edit, edit->text().trimmed()); });
    return edit;
}

void ToldForm::createButtons()
{
    m_told = new QLabel(this);
    m_told->setObjectName(QStringLiteral("toldText"));
    m_told->setWordWrap(true);
    m_told->setMinimumWidth(1); // wraps to the dock's width
    m_form->addRow(m_told);
    m_buttons = new QWidget(this);
    auto* row = new QHBoxLayout(m_buttons);
    row->setContentsMargins(0, 0, 0, 0);
    m_correct = new QToolButton(m_buttons);
    m_correct->setObjectName(QStringLiteral("toldCorrect"));
    m_correct->setText(tr("Correct"));
    m_correct->setToolTip(tr("Say how the keys were rotated where the file does not, or says it wrong"));
    m_correct->setCheckable(true);
    m_correct->setFocusPolicy(Qt::StrongFocus);
    m_correct->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_map = new QPushButton(tr("Map tensors…"), m_buttons);
    m_map->setObjectName(QStringLiteral("toldMap"));
    m_map->setToolTip(tr("Say which tensors are keys and values, and what their axes are"));
    m_forget = new QPushButton(tr("Forget"), m_buttons);
    m_forget->setObjectName(QStringLiteral("toldForget"));
    m_forget->setToolTip(tr("Open the file as it is, and drop what was told of it"));
    for (QWidget* button : { static_cast<QWidget*>(m_correct), static_cast<QWidget*>(m_map) })
        row->addWidget(button);
    row->addWidget(m_forget);
    row->addStretch(1);
    m_form->addRow(m_buttons);
    connect(m_correct, &QToolButton::toggled, this, &ToldForm::showCorrections);
    connect(m_map, &QPushButton::clicked, this, &ToldForm::mappingRequested);
    connect(m_forget, &QPushButton::clicked, this, [this] { Q_EMIT toldChanged({}); });
}

/// "": no longer told.
void ToldForm::tell(const std::string& id, const QWidget* field, const QString& text)
{
    Told told = m_all;
    if (text.isEmpty())
        told.erase(id);
    else
        told[id] = text.toStdString();
    if (told == m_all)
        return showProblem({});
    try {
        for (const ToldEntry& entry : toldEntries()) // the others were found right before
            if (entry.id == id && !text.isEmpty())
                entry.check(text.toStdString());
    } catch (...) {
        return showProblem(
            field->accessibleName() + QStringLiteral(": ") + QString::fromStdString(currentProblem().message));
    }
    showProblem({});
    Q_EMIT toldChanged(told);
}

void ToldForm::showProblem(const QString& message)
{
    QPalette colours = palette();
    colours.setColor(QPalette::WindowText, errorColor(palette()));
    m_problem->setPalette(colours);
    m_problem->setText(message);
    m_form->setRowVisible(m_problem, !message.isEmpty());
    if (message.isEmpty())
        return;
    QTimer::singleShot(0, m_problem, [this] { // when it has its place
        for (QWidget* around = parentWidget(); around; around = around->parentWidget())
            if (auto* area = qobject_cast<QScrollArea*>(around))
                area->ensureWidgetVisible(m_problem);
    });
}

void ToldForm::showParts(const CacheInfo& info)
{
    const QSignalBlocker blocker(m_part);
    m_part->clear();
    for (const DumpPart& part : info.parts)
        m_part->addItem(QString::fromStdString(part.label), QString::fromStdString(part.id));
    choose(m_part, QString::fromStdString(info.part));
    m_form->setRowVisible(m_part, !info.parts.empty());
}

void ToldForm::showHeads(const CacheInfo& info)
{
    const QSignalBlocker blocker(m_headDim);
    m_headDim->clear();
    m_headDim->addItem(tr("as assumed"), QString());
    for (const std::int64_t dim : info.headDims)
        m_headDim->addItem(QString::number(dim), QString::number(dim));
    choose(m_headDim, textOf(info.told, "head-dim"));
    m_form->setRowVisible(m_headDim, !info.headDims.empty());
}

void ToldForm::showCorrections()
{
    const bool shown = m_canTell && m_correct->isChecked();
    m_correct->setArrowType(shown ? Qt::DownArrow : Qt::RightArrow);
    for (QWidget* field : std::initializer_list<QWidget*> { m_keys, m_layout, m_theta, m_scaling, m_model })
        m_form->setRowVisible(field, shown);
}

void ToldForm::showDump(const CacheInfo* info)
{
    m_canTell = info && !info->path.empty() && !ContainerFormat::isTitle(info->format);
    const CacheInfo nothing;
    const CacheInfo& shown = m_canTell ? *info : nothing;
    m_all = shown.told;
    showParts(shown);
    showHeads(shown);
    choose(m_keys, textOf(m_all, "keys"));
    choose(m_layout, textOf(m_all, "rope-layout"));
    choose(m_scaling, textOf(m_all, "rope-scaling"));
    m_theta->setText(textOf(m_all, "rope-theta"));
    m_model->setText(textOf(m_all, "model-name"));
    m_told->setText(tr("Told by you: %1").arg(QString::fromStdString(toldText(m_all))));
    m_told->setToolTip(m_told->text()); // a mapping has no place to break a line
    m_form->setRowVisible(m_told, !m_all.empty());
    m_buttons->setEnabled(m_canTell); // its place stays, so that the panel need not grow
    m_forget->setVisible(!m_all.empty());
    showCorrections();
    showProblem({});
}

} // namespace pikv::ui
