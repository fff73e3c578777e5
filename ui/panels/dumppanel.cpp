// SPDX-License-Identifier: GPL-3.0-or-later
// The facts of the dump as wrapped text, and the boxes of the importance source.
#include "ui/panels/dumppanel.h"
#include "core/cache/cachetext.h"
#include "core/cache/importance.h"
#include "ui/models/counted.h"
#include "ui/models/utf8.h"
#include "ui/panels/numberbox.h"
#include "ui/panels/toldform.h"
#include "ui/panels/wheelguard.h"
#include <QComboBox>
#include <QFileInfo>
#include <QFormLayout>
#include <QLabel>
#include <QLocale>
#include <QResizeEvent>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QStandardItemModel>

namespace pikv::ui {
namespace {

enum Field { File, Format, Model, Shape, Tokens, Size, Rope, Notes, FieldCount };

QString tokensLine(const CacheInfo& info)
{
    QStringList parts { QString::fromStdString(pikv::tokensText(info)) };
    if (info.hasQueries())
        parts << counted(info.layers.front().queryCount, QObject::tr("query position"), QObject::tr("query positions"));
    if (info.hasImportance)
        parts << QObject::tr("importance");
    return parts.join(QStringLiteral(", "));
}

QString notesText(const CacheInfo& info)
{
    QStringList notes;
    for (const std::string& note : info.notes)
        notes << QString::fromStdString(note);
    return notes.join(QLatin1Char('\n'));
}

QString sizeText(const CacheInfo& info)
{
    const QLocale locale;
    const auto text
        = [&](std::uint64_t bytes) { return locale.formattedDataSize(qint64(bytes), 2, QLocale::DataSizeSIFormat); };
    return info.path.empty()
        ? QObject::tr("not on disk, %1 at 16 bits").arg(text(info.referenceBytes()))
        : QObject::tr("%1 on disk, %2 at 16 bits").arg(text(info.fileBytes), text(info.referenceBytes()));
}

} // namespace

DumpPanel::DumpPanel(QWidget* parent)
    : QWidget(parent)
    , m_source(new QComboBox(this))
    , m_level(new NumberBox(tr("The importance level"), this))
    , m_seed(new QSpinBox(this))
    , m_told(new ToldForm(this))
{
    setObjectName(QStringLiteral("dumpPanel"));
    auto* form = new QFormLayout(this);
    form->setRowWrapPolicy(QFormLayout::DontWrapRows);
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    addField(form, tr("Dump"), "dumpFile");
    addField(form, tr("Format"), "dumpFormat");
    addField(form, tr("Model"), "dumpModel");
    addField(form, tr("Shape"), "dumpShape");
    addField(form, tr("Tokens"), "dumpTokens");
    addField(form, tr("Size"), "dumpSize");
    addField(form, tr("RoPE"), "dumpRope");
    addField(form, tr("Notes"), "dumpNotes");
    createImportance(form);
    form->addRow(m_told);
    connect(m_told, &ToldForm::toldChanged, this, &DumpPanel::toldChanged);
    connect(m_told, &ToldForm::mappingRequested, this, &DumpPanel::mappingRequested);
    guardControlsFromWheel(this);
    showDump(nullptr);
}

void DumpPanel::addField(QFormLayout* form, const QString& title, const char* name)
{
    auto* label = new QLabel(this);
    label->setObjectName(QLatin1String(name));
    label->setWordWrap(true);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    label->setMinimumWidth(1); // wraps to the dock's width, whatever that is
    form->addRow(title, label);
    m_fields.append(label);
}

void DumpPanel::createImportance(QFormLayout* form)
{
    m_source->setObjectName(QStringLiteral("importanceSource"));
    m_source->setAccessibleName(tr("Importance source"));
    for (const ImportanceSourceInfo& source : importanceSources()) {
        m_source->addItem(utf8(source.label));
    }
    showSources(nullptr);
    m_source->setToolTip(
        tr("Where the importance of tokens comes from; methods spend their bytes on important tokens"));
    m_level->setObjectName(QStringLiteral("importanceLevel"));
    m_level->setAccessibleName(tr("Importance level"));
    m_level->setRange(0, 1);
    m_level->setSingleStep(0.1);
    m_level->setValue(0.5);
    m_level->setHelp(tr("The importance of every token"));
    m_seed->setObjectName(QStringLiteral("importanceSeed"));
    m_seed->setAccessibleName(tr("Importance seed"));
    m_seed->setRange(0, 1'000'000);
    m_seed->setPrefix(tr("seed "));
    m_seed->setKeyboardTracking(false);
    auto* row = new QHBoxLayout;
    row->addWidget(m_source, 1);
    row->addWidget(m_level);
    row->addWidget(m_seed);
    auto* label = new QLabel(tr("&Importance"), this);
    label->setBuddy(m_source);
    form->addRow(label, row);
    showImportanceFields();
    const auto announce = [this] {
        showImportanceFields();
        Q_EMIT importanceChanged(importance());
    };
    connect(m_source, &QComboBox::activated, this, announce);
    connect(m_level, &QDoubleSpinBox::valueChanged, this, announce);
    connect(m_seed, &QSpinBox::valueChanged, this, announce);
}

/// A source that the dump lacks cannot be chosen, and says why.
void DumpPanel::showSources(const CacheInfo* info)
{
    auto* items = qobject_cast<QStandardItemModel*>(m_source->model());
    const auto& sources = importanceSources();
    for (int i = 0; i < int(sources.size()); ++i) {
        const ImportanceSourceInfo& source = sources[std::size_t(i)];
        const QString obstacle = info ? QString::fromStdString(importanceObstacle(*info, source.source)) : QString();
        items->item(i)->setEnabled(obstacle.isEmpty());
        items->item(i)->setToolTip(obstacle.isEmpty() ? utf8(source.sentence) : obstacle);
    }
}

void DumpPanel::showImportanceFields()
{
    const auto source = importance().source;
    m_level->setVisible(source == ImportanceSpec::Source::Uniform);
    m_seed->setVisible(source == ImportanceSpec::Source::Random);
}

ImportanceSpec DumpPanel::importance() const
{
    const int index = std::max(0, m_source->currentIndex());
    return { importanceSources()[std::size_t(index)].source, m_level->value(), std::uint64_t(m_seed->value()) };
}

void DumpPanel::setImportance(const ImportanceSpec& spec)
{
    const QSignalBlocker blockSource(m_source), blockLevel(m_level), blockSeed(m_seed);
    const auto& sources = importanceSources();
    for (std::size_t i = 0; i < sources.size(); ++i)
        if (sources[i].source == spec.source)
            m_source->setCurrentIndex(int(i));
    m_level->setValue(spec.level);
    m_seed->setValue(int(spec.seed));
    showImportanceFields();
}

/// Another width wraps the facts into more or fewer lines; the form layout keeps the rows' heights of the width that it
/// was asked about last, which is not always the one it gets.
void DumpPanel::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    layout()->invalidate();
    layout()->setGeometry(rect());
}

void DumpPanel::showNotes(bool shown) { static_cast<QFormLayout*>(layout())->setRowVisible(m_fields[Notes], shown); }

void DumpPanel::showDump(const CacheInfo* info)
{
    showSources(info);
    m_told->showDump(info);
    if (!info) {
        for (QLabel* field : m_fields)
            field->setText(QStringLiteral("–"));
        showNotes(false);
        m_fields[File]->setText(tr("Nothing is open. Drop a dump here or press Ctrl+O."));
        return;
    }
    const QString path = QString::fromStdString(info->path);
    m_fields[File]->setText(path.isEmpty() ? tr("in memory") : QFileInfo(path).fileName());
    m_fields[File]->setToolTip(path);
    m_fields[Format]->setText(QString::fromStdString(info->format));
    m_fields[Model]->setText(info->model.empty() ? tr("unknown") : QString::fromStdString(info->model));
    const std::string numbers = layerNumbersText(*info);
    m_fields[Shape]->setText(
        QString::fromStdString(info->shapeText() + (numbers.empty() ? "" : "\nlayers " + numbers)));
    m_fields[Shape]->setToolTip(tr("layers × [batch, kv_heads, seq, head_dim]"));
    m_fields[Tokens]->setText(tokensLine(*info));
    m_fields[Size]->setText(sizeText(*info));
    m_fields[Rope]->setText(QString::fromStdString(ropeText(*info)));
    m_fields[Notes]->setText(notesText(*info));
    showNotes(!info->notes.empty());
}

} // namespace pikv::ui
