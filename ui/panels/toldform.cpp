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
#include <algorithm>

namespace pikv::ui {
namespace {

constexpr const char *partId = "part", *headDimId = "head-dim";

/// "rope-theta" → "toldRopeTheta".
QString nameOf(const std::string& id)
{
    QString name = QStringLiteral("told");
    for (const QString& word : QString::fromStdString(id).split(QLatin1Char('-')))
        name += word.left(1).toUpper() + word.mid(1);
    return name;
}

QString textOf(const Told& told, const std::string& id)
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
    createFields(true);
    createButtons();
    createFields(false);
    m_problem = new QLabel(this);
    m_problem->setObjectName(QStringLiteral("toldProblem"));
    m_problem->setWordWrap(true);
    m_form->addRow(m_problem);
    showDump(nullptr);
}

/// Those whose choices the dump offers stand above the others, which are shown on demand.
void ToldForm::createFields(bool offered)
{
    for (const ToldEntry& entry : toldEntries()) {
        const bool isOffered = entry.id == partId || entry.id == headDimId;
        if (entry.title.empty() || isOffered != offered)
            continue;
        QWidget* field
            = isOffered || !entry.choices.empty() ? static_cast<QWidget*>(createBox(entry)) : createText(entry);
        const QString title = QString::fromStdString(entry.title);
        field->setObjectName(nameOf(entry.id));
        field->setAccessibleName(title);
        field->setToolTip(QString::fromStdString(entry.help));
        m_form->addRow(title, field);
        m_fields.push_back({ entry.id, field, isOffered });
    }
}

QComboBox* ToldForm::createBox(const ToldEntry& entry)
{
    auto* box = new QComboBox(this);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(12);
    box->addItem(tr("as the file says"), QString());
    for (const ToldChoice& choice : entry.choices)
        box->addItem(QString::fromStdString(choice.label), QString::fromStdString(choice.text));
    connect(
        box, &QComboBox::activated, this, [this, box, id = entry.id] { tell(id, box, box->currentData().toString()); });
    return box;
}

QLineEdit* ToldForm::createText(const ToldEntry& entry)
{
    auto* edit = new QLineEdit(this);
    edit->setPlaceholderText(tr("as the file says"));
    connect(edit, &QLineEdit::editingFinished, this,
        [this, edit, id = entry.id] { tell(id, edit, edit->text().trimmed()); });
    return edit;
}

QComboBox* ToldForm::offered(const char* id) const
{
    const auto field = std::find_if(m_fields.begin(), m_fields.end(), [&](const Field& f) { return f.id == id; });
    return qobject_cast<QComboBox*>(field->widget);
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
    m_correct->setToolTip(
        tr("Say what its tokens are and how the keys were rotated where the file does not, or says it wrong"));
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
    Told told = withTold(m_all, { { id, text.toStdString() } });
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
    QComboBox* box = offered(partId);
    const QSignalBlocker blocker(box);
    box->clear();
    for (const DumpPart& part : info.parts)
        box->addItem(QString::fromStdString(part.label), QString::fromStdString(part.id));
    choose(box, QString::fromStdString(info.part));
    m_form->setRowVisible(box, !info.parts.empty());
}

void ToldForm::showHeads(const CacheInfo& info)
{
    QComboBox* box = offered(headDimId);
    const QSignalBlocker blocker(box);
    box->clear();
    box->addItem(tr("as assumed"), QString());
    for (const std::int64_t dim : info.headDims)
        box->addItem(QString::number(dim), QString::number(dim));
    choose(box, textOf(info.told, headDimId));
    m_form->setRowVisible(box, !info.headDims.empty());
}

void ToldForm::showCorrections()
{
    const bool shown = m_canTell && m_correct->isChecked();
    m_correct->setArrowType(shown ? Qt::DownArrow : Qt::RightArrow);
    for (const Field& field : m_fields)
        if (!field.isOffered)
            m_form->setRowVisible(field.widget, shown);
}

void ToldForm::showDump(const CacheInfo* info)
{
    m_canTell = info && !info->path.empty() && !ContainerFormat::isTitle(info->format);
    const CacheInfo nothing;
    const CacheInfo& shown = m_canTell ? *info : nothing;
    m_all = shown.told;
    showParts(shown);
    showHeads(shown);
    for (const Field& field : m_fields) {
        const QString text = textOf(m_all, field.id);
        if (auto* edit = qobject_cast<QLineEdit*>(field.widget))
            edit->setText(text);
        else if (!field.isOffered)
            choose(qobject_cast<QComboBox*>(field.widget), text);
    }
    m_told->setText(tr("Told by you: %1").arg(QString::fromStdString(toldText(m_all))));
    m_told->setToolTip(m_told->text()); // a mapping has no place to break a line
    m_form->setRowVisible(m_told, !m_all.empty());
    m_buttons->setEnabled(m_canTell); // its place stays, so that the panel need not grow
    m_forget->setVisible(!m_all.empty());
    showCorrections();
    showProblem({});
}

} // namespace pikv::ui
