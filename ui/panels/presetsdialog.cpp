// SPDX-License-Identifier: GPL-3.0-or-later
// A list, what the current one holds beside it, and buttons; a name is edited in the list.
#include "ui/panels/presetsdialog.h"
#include "core/base/error.h"
#include "core/eval/problem.h"
#include "ui/theme/theme.h"
#include <QApplication>
#include <QClipboard>
#include <QDialogButtonBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QScrollArea>
#include <QShortcut>
#include <QSignalBlocker>
#include <QVBoxLayout>

namespace pikv::ui {

PresetsDialog::PresetsDialog(std::function<Preset(const QString&)> present, QWidget* parent)
    : QDialog(parent)
    , m_present(std::move(present))
    , m_list(new QListWidget(this))
    , m_name(new QLineEdit(this))
    , m_about(new QLabel(this))
    , m_state(new QLabel(this))
{
    setObjectName(QStringLiteral("presetsDialog"));
    setWindowTitle(tr("Presets"));
    createList();
    m_name->setObjectName(QStringLiteral("presetName"));
    m_name->setAccessibleName(tr("Name of a new preset"));
    m_name->setPlaceholderText(tr("Name for the present settings and sweep"));
    m_state->setObjectName(QStringLiteral("presetState"));
    m_state->setWordWrap(true);
    m_about->setObjectName(QStringLiteral("presetAbout"));
    m_about->setAccessibleName(tr("What the preset holds"));
    m_about->setWordWrap(true);
    m_about->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    m_about->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_about->setMargin(6);
    m_save = addButton(tr("&Save"), "presetSave", tr("Keep the checked methods' settings and the sweep by this name"));
    m_use = addButton(tr("&Use"), "presetUse", tr("Check its methods and take their settings and the sweep over"));
    m_rename = addButton(tr("&Rename"), "presetRename", tr("Edit the name in the list (F2)"));
    m_remove = addButton(tr("D&elete"), "presetDelete", tr("Forget it (Delete)"));
    m_copy = addButton(tr("Copy as &text"), "presetCopy", tr("For a mail, a file or another machine"));
    m_paste = addButton(tr("&Paste"), "presetPaste", tr("Add a preset that was copied as text"));
    auto* top = new QHBoxLayout;
    top->addWidget(m_name, 1);
    top->addWidget(m_save);
    auto* about = new QScrollArea(this);
    about->setObjectName(QStringLiteral("presetArea"));
    about->setFocusPolicy(Qt::NoFocus);
    about->setWidget(m_about);
    about->setWidgetResizable(true);
    auto* middle = new QHBoxLayout;
    middle->addWidget(m_list, 1);
    middle->addWidget(about, 2);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    buttons->button(QDialogButtonBox::Close)->setAutoDefault(false); // Enter is the name's and the list's
    for (QPushButton* button : { m_use, m_rename, m_remove, m_copy, m_paste })
        buttons->addButton(button, QDialogButtonBox::ActionRole);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto* layout = new QVBoxLayout(this);
    layout->addLayout(top);
    layout->addLayout(middle, 1);
    layout->addWidget(m_state);
    layout->addWidget(buttons);
    connect(m_save, &QPushButton::clicked, this, &PresetsDialog::savePresent);
    connect(m_name, &QLineEdit::returnPressed, this, &PresetsDialog::savePresent);
    connect(m_name, &QLineEdit::textChanged, this, &PresetsDialog::showCurrent);
    connect(m_use, &QPushButton::clicked, this, &PresetsDialog::useCurrent);
    connect(m_rename, &QPushButton::clicked, this, [this] { m_list->editItem(m_list->currentItem()); });
    connect(m_remove, &QPushButton::clicked, this, &PresetsDialog::removeCurrent);
    connect(m_copy, &QPushButton::clicked, this, &PresetsDialog::copyCurrent);
    connect(m_paste, &QPushButton::clicked, this, &PresetsDialog::paste);
    resize(fontMetrics().averageCharWidth() * 95, fontMetrics().height() * 22);
    reload({});
}

void PresetsDialog::createList()
{
    m_list->setObjectName(QStringLiteral("presetList"));
    m_list->setAccessibleName(tr("Presets"));
    m_list->setEditTriggers(QAbstractItemView::EditKeyPressed);
    connect(m_list, &QListWidget::currentRowChanged, this, &PresetsDialog::showCurrent);
    connect(m_list, &QListWidget::itemActivated, this, &PresetsDialog::useCurrent);
    connect(m_list, &QListWidget::itemChanged, this, &PresetsDialog::rename);
    auto* remove = new QShortcut(QKeySequence(Qt::Key_Delete), m_list);
    remove->setContext(Qt::WidgetShortcut);
    connect(remove, &QShortcut::activated, this, &PresetsDialog::removeCurrent);
}

QPushButton* PresetsDialog::addButton(const QString& text, const char* name, const QString& tip)
{
    auto* button = new QPushButton(text, this);
    button->setObjectName(QLatin1String(name));
    button->setToolTip(tip);
    button->setAutoDefault(false);
    return button;
}

void PresetsDialog::attempt(const std::function<void()>& what)
{
    say({}, false);
    try {
        what();
    } catch (...) {
        const QString problem = QString::fromStdString(currentProblem().message);
        const Preset* at = current();
        reload(at ? QString::fromStdString(at->name) : QString());
        say(problem, true);
    }
}

void PresetsDialog::reload(const QString& current)
{
    m_presets = builtInPresets();
    try {
        m_presets = allPresets();
    } catch (...) {
        say(QString::fromStdString(currentProblem().message), true); // the built-in ones are there all the same
    }
    {
        const QSignalBlocker blocker(m_list);
        m_list->clear();
        for (const Preset& preset : m_presets) {
            auto* item = new QListWidgetItem(QString::fromStdString(preset.name), m_list);
            item->setFlags(preset.isBuiltIn ? item->flags() : item->flags() | Qt::ItemIsEditable);
            if (item->text() == current)
                m_list->setCurrentItem(item);
        }
        if (!m_list->currentItem())
            m_list->setCurrentRow(0);
    }
    showCurrent();
}

const Preset* PresetsDialog::current() const
{
    const int row = m_list->currentRow();
    return row >= 0 && row < int(m_presets.size()) ? &m_presets[std::size_t(row)] : nullptr;
}

void PresetsDialog::savePresent()
{
    const QString name = m_name->text().trimmed();
    attempt([this, name] {
        savePreset(m_present(name));
        m_name->clear();
        reload(name);
        say(tr("Saved %1").arg(name), false);
    });
}

void PresetsDialog::rename(QListWidgetItem* item)
{
    const Preset* preset = current();
    const QString name = item->text().trimmed();
    if (!preset || m_list->row(item) != m_list->currentRow() || name.toStdString() == preset->name)
        return;
    attempt([this, name, before = preset->name] {
        renamePreset(before, name.toStdString());
        reload(name);
    });
}

void PresetsDialog::removeCurrent()
{
    const Preset* preset = current();
    if (!preset || preset->isBuiltIn)
        return;
    attempt([this, name = preset->name] {
        removePreset(name);
        reload({});
        say(tr("Deleted %1").arg(QString::fromStdString(name)), false);
    });
}

void PresetsDialog::useCurrent()
{
    const Preset* preset = current();
    if (!preset)
        return;
    Q_EMIT chosen(*preset);
    say(tr("In use: %1. Edit → Undo takes it back.").arg(QString::fromStdString(preset->name)), false);
}

void PresetsDialog::copyCurrent()
{
    if (const Preset* preset = current()) {
        QApplication::clipboard()->setText(QString::fromStdString(printPreset(*preset)));
        say(tr("Copied %1").arg(QString::fromStdString(preset->name)), false);
    }
}

/// One without a name gets that of the field.
void PresetsDialog::paste()
{
    attempt([this] {
        Preset preset = parsePreset(QApplication::clipboard()->text().toStdString());
        if (!m_name->text().trimmed().isEmpty())
            preset.name = m_name->text().trimmed().toStdString();
        if (preset.name.empty())
            throw usageError("What is copied has no name: type one above first");
        for (const Preset& other : m_presets)
            if (other.name == preset.name)
                throw usageError("There is a preset '" + preset.name + "' already: type another name above first");
        savePreset(preset);
        m_name->clear();
        reload(QString::fromStdString(preset.name));
    });
}

void PresetsDialog::showCurrent()
{
    const Preset* preset = current();
    const bool isOwn = preset && !preset->isBuiltIn;
    m_save->setEnabled(!m_name->text().trimmed().isEmpty());
    m_use->setEnabled(preset);
    m_copy->setEnabled(preset);
    m_rename->setEnabled(isOwn);
    m_remove->setEnabled(isOwn);
    QStringList lines;
    if (preset) {
        if (!preset->sentence.empty())
            lines << QString::fromStdString(preset->sentence);
        for (const std::string& spec : preset->settings)
            lines << QString::fromStdString(spec);
        if (!preset->grid.specs.empty())
            lines << tr("Sweep:");
        for (const std::string& spec : preset->grid.specs)
            lines << QStringLiteral("  ") + QString::fromStdString(spec);
        if (!preset->grid.importances.empty())
            lines << tr("Importance: %1").arg(QString::fromStdString(printImportances(preset->grid.importances)));
        if (preset->grid.nextToken)
            lines << tr("With next-token KL");
    }
    m_about->setText(lines.join(QLatin1Char('\n')));
}

void PresetsDialog::say(const QString& text, bool isProblem)
{
    QPalette colours = palette();
    if (isProblem)
        colours.setColor(QPalette::WindowText, errorColor(palette()));
    m_state->setPalette(colours);
    m_state->setText(text);
}

} // namespace pikv::ui
