// SPDX-License-Identifier: GPL-3.0-or-later
// The tensors in a table, names and axes below it, and below these what they make.
#include "ui/panels/mappingdialog.h"
#include "core/cache/cachetext.h"
#include "core/eval/problem.h"
#include "ui/models/tensorsmodel.h"
#include "ui/panels/wheelguard.h"
#include "ui/theme/theme.h"
#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QTableView>
#include <algorithm>

namespace pikv::ui {
namespace {

/// What one axis can be; several in one as files have them.
QStringList axisChoices()
{
    QStringList choices;
    for (const std::string& word : axisWords())
        choices << QString::fromStdString(word);
    return choices << QStringLiteral("kv_head*head_dim") << QStringLiteral("kv*head_dim")
                   << QStringLiteral("kv*kv_head*head_dim");
}

} // namespace

MappingDialog::MappingDialog(TensorListing listing, const std::optional<DumpMapping>& mapping, QWidget* parent)
    : QDialog(parent)
    , m_listing(std::move(listing))
    , m_table(new QTableView(this))
    , m_together(new QCheckBox(tr("Keys and values are in &one tensor"), this))
    , m_axes(new QWidget(this))
    , m_axesRow(new QHBoxLayout(m_axes))
    , m_headDim(new QSpinBox(this))
    , m_preview(new QLabel(this))
    , m_option(new QLineEdit(this))
{
    setObjectName(QStringLiteral("mappingDialog"));
    setWindowTitle(tr("Map the tensors of %1").arg(QFileInfo(QString::fromStdString(m_listing.file)).fileName()));
    createTable();
    createFields();
    guardControlsFromWheel(this);
    const auto guess = mapping ? mapping : guessMapping(m_listing);
    showMapping(guess.value_or(DumpMapping {}));
    resize(fontMetrics().averageCharWidth() * 100, fontMetrics().height() * 34);
}

void MappingDialog::createTable()
{
    m_table->setObjectName(QStringLiteral("mappingTensors"));
    m_table->setAccessibleName(tr("Tensors of the file"));
    m_table->setModel(new TensorsModel(m_listing.tensors, this));
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setTabKeyNavigation(false);
    m_table->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    m_table->horizontalHeader()->setAccessibleName(tr("Columns"));
    m_table->verticalHeader()->hide();
}

QLineEdit* MappingDialog::addName(const QString& title, const char* name)
{
    auto* edit = new QLineEdit(this);
    edit->setObjectName(QLatin1String(name));
    edit->setAccessibleName(title);
    edit->setToolTip(tr("A tensor's name, with {layer} in place of the layer's number"));
    connect(edit, &QLineEdit::textEdited, this, &MappingDialog::followNames);
    return edit;
}

void MappingDialog::createFields()
{
    m_key = addName(tr("Keys"), "mappingKey");
    m_value = addName(tr("Values"), "mappingValue");
    m_both = addName(tr("Keys and values"), "mappingBoth");
    m_together->setObjectName(QStringLiteral("mappingTogether"));
    m_axes->setObjectName(QStringLiteral("mappingAxes"));
    m_axesRow->setContentsMargins(0, 0, 0, 0);
    m_headDim->setObjectName(QStringLiteral("mappingHeadDim"));
    m_headDim->setAccessibleName(tr("head_dim"));
    m_headDim->setRange(0, 1 << 16);
    m_headDim->setSpecialValueText(tr("assumed"));
    m_headDim->setToolTip(tr("Channels of a head where one axis holds the channels of all heads"));
    m_preview->setObjectName(QStringLiteral("mappingPreview"));
    m_preview->setWordWrap(true);
    m_option->setObjectName(QStringLiteral("mappingOption"));
    m_option->setReadOnly(true);
    m_option->setAccessibleName(tr("The same on the command line"));
    auto* form = new QFormLayout;
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    form->addRow(m_together);
    QWidget* last = m_together; // in the order of the keyboard
    for (const auto& [edit, text, button] :
        { std::tuple(m_key, tr("&Keys"), "mappingUseKey"), std::tuple(m_value, tr("&Values"), "mappingUseValue"),
            std::tuple(m_both, tr("Keys &and values"), "mappingUseBoth") }) {
        auto* row = new QWidget(this);
        auto* cells = new QHBoxLayout(row);
        cells->setContentsMargins(0, 0, 0, 0);
        auto* use = new QPushButton(tr("Use the selected"), row);
        use->setObjectName(QLatin1String(button));
        use->setAutoDefault(false);
        use->setAccessibleName(tr("Use the selected tensor: %1").arg(edit->accessibleName()));
        connect(use, &QPushButton::clicked, this, [this, edit = edit] { takeName(edit); });
        cells->addWidget(edit, 1);
        cells->addWidget(use);
        setTabOrder(last, edit);
        setTabOrder(edit, use);
        last = use;
        auto* label = new QLabel(text, this);
        label->setBuddy(edit);
        form->addRow(label, row);
        connect(m_together, &QCheckBox::toggled, this,
            [this, form, row, edit = edit](bool on) { form->setRowVisible(row, (edit == m_both) == on); });
        form->setRowVisible(row, edit != m_both);
    }
    m_beforeAxes = last;
    setTabOrder(last, m_headDim);
    setTabOrder(m_headDim, m_option);
    form->addRow(tr("Axes"), m_axes);
    form->addRow(tr("head_&dim"), m_headDim);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel, this);
    m_ok = buttons->button(QDialogButtonBox::Ok);
    m_ok->setObjectName(QStringLiteral("mappingOk"));
    m_ok->setText(tr("O&pen"));
    buttons->button(QDialogButtonBox::Cancel)->setObjectName(QStringLiteral("mappingCancel"));
    auto* layout = new QVBoxLayout(this);
    layout->addWidget(m_table, 1);
    layout->addLayout(form);
    layout->addWidget(m_preview);
    auto* line = new QHBoxLayout;
    line->addWidget(new QLabel(tr("On the command line"), this));
    line->addWidget(m_option, 1);
    layout->addLayout(line);
    layout->addWidget(buttons);
    connect(m_together, &QCheckBox::clicked, this, &MappingDialog::followNames);
    connect(m_headDim, &QSpinBox::valueChanged, this, &MappingDialog::preview);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
}

/// The selected tensor and those whose names differ in the layer's number.
void MappingDialog::takeName(QLineEdit* edit)
{
    const int row = m_table->currentIndex().row();
    if (row < 0)
        return;
    const std::string& name = m_listing.tensors[std::size_t(row)].name;
    edit->setText(QString::fromStdString(patternOf(name)));
    followNames();
}

DumpMapping MappingDialog::mapping() const
{
    DumpMapping mapping;
    if (m_together->isChecked())
        mapping.both = m_both->text().toStdString();
    else {
        mapping.key = m_key->text().toStdString();
        mapping.value = m_value->text().toStdString();
    }
    for (const QComboBox* box : m_boxes)
        mapping.axes.push_back(box->currentText().toStdString());
    mapping.headDim = m_headDim->value();
    return mapping;
}

void MappingDialog::showMapping(const DumpMapping& mapping)
{
    m_together->setChecked(!mapping.both.empty());
    m_key->setText(QString::fromStdString(mapping.key));
    m_value->setText(QString::fromStdString(mapping.value));
    m_both->setText(QString::fromStdString(mapping.both));
    const QSignalBlocker blocker(m_headDim);
    m_headDim->setValue(int(mapping.headDim));
    showBoxes(mapping.axes);
    followNames();
}

/// The first tensor that the names fit; null where there is none.
const StoredTensor* MappingDialog::example() const
{
    const std::string name = (m_together->isChecked() ? m_both : m_key)->text().toStdString();
    const auto at = std::find_if(m_listing.tensors.begin(), m_listing.tensors.end(),
        [&](const StoredTensor& tensor) { return layerOf(name, tensor.name).has_value(); });
    return at == m_listing.tensors.end() ? nullptr : &*at;
}

/// Names of tensors with another number of axes bring other boxes, with a guess.
void MappingDialog::followNames()
{
    if (const StoredTensor* tensor = example()) {
        const bool isBoth = m_together->isChecked();
        const QString name = (isBoth ? m_both : m_key)->text();
        const std::vector<std::string> told = mapping().axes;
        const bool hasPair = std::any_of(
            told.begin(), told.end(), [](const std::string& axis) { return axis == "kv" || axis.starts_with("kv*"); });
        if (told.size() != tensor->shape.size() || hasPair != isBoth) {
            std::vector<std::string> axes
                = guessAxes(tensor->shape, !name.contains(QLatin1String("{layer}")), isBoth, 0);
            axes.resize(tensor->shape.size(), "batch"); // of more axes than a cache has: to be corrected
            showBoxes(axes);
        }
        for (qsizetype i = 0; i < m_boxes.size(); ++i)
            m_boxes[i]->setAccessibleName(
                tr("Axis %1 of %2, %3 indices").arg(i + 1).arg(m_boxes.size()).arg(tensor->shape[std::size_t(i)]));
    }
    preview();
}

void MappingDialog::showBoxes(const std::vector<std::string>& axes)
{
    while (m_boxes.size() > qsizetype(axes.size()))
        m_boxes.takeLast()->deleteLater();
    while (m_boxes.size() < qsizetype(axes.size())) {
        auto* box = new QComboBox(m_axes);
        box->setObjectName(QStringLiteral("mappingAxis%1").arg(m_boxes.size()));
        box->setAccessibleName(tr("Axis %1").arg(m_boxes.size() + 1));
        box->addItems(axisChoices());
        guardFromWheel(box);
        connect(box, &QComboBox::activated, this, &MappingDialog::preview);
        m_axesRow->addWidget(box);
        setTabOrder(m_boxes.isEmpty() ? m_beforeAxes : m_boxes.last(), box);
        box->show(); // the dialog may be on screen by now
        m_boxes << box;
    }
    for (qsizetype i = 0; i < m_boxes.size(); ++i) {
        const QString axis = QString::fromStdString(axes[std::size_t(i)]);
        if (m_boxes[i]->findText(axis) < 0)
            m_boxes[i]->addItem(axis);
        m_boxes[i]->setCurrentText(axis);
    }
}

void MappingDialog::preview()
{
    const DumpMapping mapping = this->mapping();
    QString text, problem;
    try {
        if (mapping.key.empty() && mapping.value.empty() && mapping.both.empty())
            throw usageError("Say which tensors are keys and values: select one above and use it, or type its name");
        if (const std::string wrong = mappingProblem(mapping); !wrong.empty())
            throw usageError("This does not hold together: " + wrong);
        const CacheInfo info = previewMapping(m_listing, mapping).info;
        text = tr("Would be read: %1; %2")
                   .arg(QString::fromStdString(info.shapeText()), QString::fromStdString(tokensText(info)));
        for (const std::string& note : info.notes)
            text += QLatin1Char('\n') + QString::fromStdString(note);
    } catch (...) {
        problem = QString::fromStdString(currentProblem().message);
    }
    QPalette colours = palette();
    if (!problem.isEmpty())
        colours.setColor(QPalette::WindowText, errorColor(palette()));
    m_preview->setPalette(colours);
    m_preview->setText(problem.isEmpty() ? text : problem);
    m_option->setText(problem.isEmpty()
            ? QStringLiteral("--map '%1'").arg(QString::fromStdString(printMapping(mapping)))
            : QString());
    m_option->setCursorPosition(0);
    m_ok->setEnabled(problem.isEmpty());
}

} // namespace pikv::ui
