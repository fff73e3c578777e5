// SPDX-License-Identifier: GPL-3.0-or-later
// The grid as a tree, sources below it, and below these what it costs and the command that measures the same.
#include "ui/panels/sweepeditor.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/codec/registry.h"
#include "ui/models/counted.h"
#include "ui/models/dumpfilter.h"
#include "ui/models/sweepgridmodel.h"
#include "ui/models/utf8.h"
#include "ui/panels/pathlist.h"
#include "ui/theme/theme.h"
#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QDialogButtonBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QFontDatabase>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QStyledItemDelegate>
#include <QTreeView>
#include <algorithm>

namespace pikv::ui {
namespace {

constexpr int settleTime = 120; ///< ms
constexpr int sourcesInARow = 4;

/// Rows as high as a table's, in which an editor has room.
class RoomyRows : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        return { QStyledItemDelegate::sizeHint(option, index).width(), option.fontMetrics.height() + 6 };
    }
};

} // namespace

SweepEditor::SweepEditor(Sweeps* sweeps, const CacheInfo* dump, const ImportanceSpec& importance, QWidget* parent)
    : QDialog(parent)
    , m_sweeps(sweeps)
    , m_hasDump(dump != nullptr)
    , m_own(importance)
    , m_model(new SweepGridModel(this))
    , m_tree(new QTreeView(this))
    , m_dumps(new PathList(this))
    , m_nextToken(new QCheckBox(tr("Next-token &KL, agreement and perplexity of every point"), this))
    , m_state(new QLabel(this))
    , m_problem(new QLabel(this))
    , m_command(new QPlainTextEdit(this))
{
    setObjectName(QStringLiteral("sweepEditor"));
    setWindowTitle(tr("Edit the sweep"));
    createTree();
    m_nextToken->setObjectName(QStringLiteral("sweepNextToken"));
    const QString obstacle = sweeps->nextTokenObstacle();
    m_nextToken->setEnabled(obstacle.isEmpty());
    m_nextToken->setToolTip(obstacle.isEmpty()
            ? tr("The dump's model predicts its last tokens from every compressed cache; takes longer")
            : tr("Not with this dump: %1").arg(obstacle));
    m_state->setObjectName(QStringLiteral("sweepState"));
    m_state->setWordWrap(true);
    m_problem->setObjectName(QStringLiteral("sweepProblem"));
    m_problem->setWordWrap(true);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel, this);
    m_start = buttons->button(QDialogButtonBox::Ok);
    m_start->setObjectName(QStringLiteral("sweepStart"));
    m_start->setText(tr("&Start"));
    buttons->button(QDialogButtonBox::Cancel)->setObjectName(QStringLiteral("sweepCancel"));
    auto* defaults = buttons->addButton(tr("&Defaults"), QDialogButtonBox::ResetRole);
    defaults->setObjectName(QStringLiteral("sweepDefaults"));
    defaults->setToolTip(tr("Every method's own sweep, at the window's importance"));
    auto* layout = new QVBoxLayout(this);
    layout->addWidget(m_tree, 1);
    layout->addWidget(createSources(dump));
    layout->addWidget(createDumps());
    layout->addWidget(m_nextToken);
    layout->addWidget(createCommand());
    layout->addWidget(m_problem);
    auto* last = new QHBoxLayout;
    last->addWidget(m_state, 1);
    last->addWidget(buttons);
    layout->addLayout(last);
    m_settle.setSingleShot(true);
    m_settle.setInterval(settleTime);
    connect(&m_settle, &QTimer::timeout, this, &SweepEditor::showCost);
    connect(m_model, &SweepGridModel::valuesChanged, this, &SweepEditor::refresh);
    connect(m_model, &SweepGridModel::checkedChanged, this, &SweepEditor::refresh);
    connect(m_nextToken, &QCheckBox::toggled, this, &SweepEditor::refresh);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(defaults, &QPushButton::clicked, this, &SweepEditor::showDefaults);
    for (const MethodInfo& method : Registry::instance().methods())
        m_model->setSpec(m_sweeps->choice().specOf(QString::fromStdString(method.id)), false);
    SweepGrid present = m_sweeps->gridOf(m_sweeps->choice(), m_sweeps->checked());
    showGrid(present, true);
    showDumps(m_sweeps->choice().dumps);
    const QStringList checked = m_model->checkedMethods();
    const auto listed = std::find_if(
        checked.begin(), checked.end(), [this](const QString& id) { return m_model->points(id).size() > 1; });
    if (!checked.isEmpty()) {
        const QModelIndex first = m_model->indexOf(listed == checked.end() ? checked.front() : *listed);
        m_tree->setCurrentIndex(first);
        m_tree->expand(first); // so that one sees what there is to edit
    }
    const QSize wanted(fontMetrics().averageCharWidth() * 150, fontMetrics().height() * 38);
    resize(wanted.boundedTo(parent ? parent->window()->size() - QSize(20, 20) : wanted));
}

void SweepEditor::createTree()
{
    m_tree->setObjectName(QStringLiteral("sweepTree"));
    m_tree->setAccessibleName(tr("Methods and the values of their parameters"));
    m_tree->setModel(m_model);
    m_tree->setItemDelegate(new RoomyRows(m_tree));
    m_tree->setUniformRowHeights(true);
    m_tree->setAlternatingRowColors(true);
    m_tree->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed
        | QAbstractItemView::AnyKeyPressed | QAbstractItemView::SelectedClicked);
    m_tree->setAllColumnsShowFocus(true);
    m_tree->setSelectionBehavior(QAbstractItemView::SelectItems);
    m_tree->setTabKeyNavigation(false);
    QHeaderView* header = m_tree->header();
    header->setStretchLastSection(false);
    header->setSectionResizeMode(SweepGridModel::ValuesColumn, QHeaderView::Stretch);
    const int letter = fontMetrics().averageCharWidth();
    for (const auto& [column, letters] :
        { std::pair(SweepGridModel::NameColumn, 32), std::pair(SweepGridModel::AllowedColumn, 22),
            std::pair(SweepGridModel::PointsColumn, 12), std::pair(SweepGridModel::TimeColumn, 18) })
        header->resizeSection(column, letters * letter);
}

QWidget* SweepEditor::createSources(const CacheInfo* dump)
{
    auto* box = new QWidget(this);
    auto* grid = new QGridLayout(box);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->addWidget(new QLabel(tr("Importance:"), box), 0, 0);
    for (const ImportanceSourceInfo& info : importanceSources()) {
        const QString id = utf8(info.id);
        auto* check = new QCheckBox(utf8(info.label), box);
        check->setObjectName(QStringLiteral("sweepSource_") + id);
        const std::string obstacle = dump ? importanceObstacle(*dump, info.source) : std::string();
        check->setEnabled(obstacle.empty());
        check->setToolTip(obstacle.empty() ? utf8(info.sentence) : QString::fromStdString(obstacle));
        auto* cell = new QHBoxLayout;
        cell->addWidget(check);
        Source source { info.source, check, nullptr };
        const bool isUniform = info.source == ImportanceSpec::Source::Uniform;
        if (isUniform || info.source == ImportanceSpec::Source::Random) {
            source.arguments = new QLineEdit(box);
            source.arguments->setObjectName(QStringLiteral("sweepSource_%1_text").arg(id));
            source.arguments->setAccessibleName(isUniform ? tr("Uniform levels") : tr("Seeds"));
            source.arguments->setToolTip(
                isUniform ? tr("Levels from 0 to 1, with commas between") : tr("Seeds, with commas between"));
            source.arguments->setText(isUniform ? QStringLiteral("0.2, 0.5, 0.8") : QStringLiteral("0"));
            cell->addWidget(source.arguments, 1);
            connect(source.arguments, &QLineEdit::textChanged, this, &SweepEditor::refresh);
            connect(source.arguments, &QLineEdit::textEdited, check, [check] { check->setChecked(true); });
        }
        cell->addStretch();
        const auto at = int(m_sources.size());
        grid->addLayout(cell, at / sourcesInARow, 1 + at % sourcesInARow);
        connect(check, &QCheckBox::toggled, this, &SweepEditor::refresh);
        m_sources << source;
    }
    grid->setColumnStretch(sourcesInARow, 1);
    return box;
}

QWidget* SweepEditor::createDumps()
{
    auto* box = new QWidget(this);
    auto* line = new QHBoxLayout(box);
    line->setContentsMargins(0, 0, 0, 0);
    auto* label = new QLabel(tr("&Beside the open dump:"), box);
    label->setBuddy(m_dumps);
    m_dumps->setObjectName(QStringLiteral("sweepDumps"));
    m_dumps->setAccessibleName(tr("Further dumps"));
    m_dumps->setToolTip(tr("Every point is measured on these dumps, too: of other texts, by the same model.\n"
                           "Chart and table then have the mean of all, with its 95 % interval."));
    m_dumps->setFixedHeight(fontMetrics().lineSpacing() * 3 + 8);
    auto* add = new QPushButton(tr("&Add…"), box);
    add->setObjectName(QStringLiteral("sweepDumpsAdd"));
    add->setAutoDefault(false);
    auto* buttons = new QVBoxLayout;
    buttons->addWidget(add);
    buttons->addWidget(m_dumps->createRemoveButton(QStringLiteral("sweepDumpsRemove")));
    line->addWidget(label, 0, Qt::AlignTop);
    line->addWidget(m_dumps, 1);
    line->addLayout(buttons);
    connect(add, &QPushButton::clicked, this, &SweepEditor::addDumps);
    connect(m_dumps, &PathList::pathsChanged, this, &SweepEditor::refresh);
    return box;
}

void SweepEditor::addDumps()
{
    const QStringList there = dumps();
    const QString folder = there.isEmpty() ? m_sweeps->dumpPath() : there.last();
    const QStringList paths = QFileDialog::getOpenFileNames(
        this, tr("Dumps to be swept, too"), QFileInfo(folder).absolutePath(), dumpFilter());
    showDumps(there + paths);
}

/// Not the open one.
void SweepEditor::showDumps(const QStringList& dumps)
{
    QStringList others;
    for (const QString& dump : dumps)
        if (QFileInfo(dump).absoluteFilePath() != m_sweeps->dumpPath())
            others << dump;
    m_dumps->clear();
    m_dumps->addPaths(others);
}

QStringList SweepEditor::dumps() const { return m_dumps->paths(); }

QWidget* SweepEditor::createCommand()
{
    auto* box = new QWidget(this);
    auto* line = new QHBoxLayout(box);
    line->setContentsMargins(0, 0, 0, 0);
    m_command->setObjectName(QStringLiteral("sweepCommand"));
    m_command->setAccessibleName(tr("The same on the command line"));
    m_command->setToolTip(tr("What measures the same on the command line"));
    m_command->setReadOnly(true);
    m_command->setTabChangesFocus(true);
    m_command->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    m_command->setFixedHeight(QFontMetrics(m_command->font()).lineSpacing() * 3 + 14);
    auto* copy = new QPushButton(tr("Cop&y"), box);
    copy->setObjectName(QStringLiteral("sweepCopy"));
    copy->setAutoDefault(false);
    copy->setToolTip(tr("Copy the command"));
    auto* paste = new QPushButton(tr("&Paste"), box);
    paste->setObjectName(QStringLiteral("sweepPaste"));
    paste->setAutoDefault(false);
    paste->setToolTip(tr("Take the grid of a copied command over"));
    auto* buttons = new QVBoxLayout;
    buttons->addWidget(copy);
    buttons->addWidget(paste);
    line->addWidget(m_command, 1);
    line->addLayout(buttons);
    connect(copy, &QPushButton::clicked, this, &SweepEditor::copyCommand);
    connect(paste, &QPushButton::clicked, this, &SweepEditor::pasteCommand);
    return box;
}

/// `only`: methods that the grid does not have are unchecked.
void SweepEditor::showGrid(const SweepGrid& grid, bool only)
{
    if (only)
        m_model->setChecked({});
    for (const std::string& spec : grid.specs)
        m_model->setSpec(spec, true);
    showImportances(grid.importances.empty() ? std::vector { m_own } : grid.importances);
    m_nextToken->setChecked(grid.nextToken && m_nextToken->isEnabled());
    refresh();
}

void SweepEditor::showImportances(const std::vector<ImportanceSpec>& importances)
{
    for (const Source& source : std::as_const(m_sources)) {
        QStringList arguments;
        bool isThere = false;
        for (const ImportanceSpec& one : importances) {
            if (one.source != source.source)
                continue;
            isThere = true;
            arguments << QString::fromStdString(printImportance(one)).section(QLatin1Char(':'), 1);
        }
        if (source.arguments && isThere)
            source.arguments->setText(arguments.join(QStringLiteral(", ")));
        source.box->setChecked(isThere);
    }
}

/// Throws Error{Usage} for what a text says that is no level or seed, and where no source is chosen.
std::vector<ImportanceSpec> SweepEditor::importances() const
{
    std::string text;
    for (const Source& source : m_sources) {
        if (!source.box->isChecked())
            continue;
        const std::string id = printImportance({ source.source, 0.5, 0 });
        const std::string name = id.substr(0, id.find(':'));
        if (!source.arguments) {
            text += (text.empty() ? "" : ",") + name;
            continue;
        }
        for (const std::string& argument : splitTopLevel(source.arguments->text().toStdString(), ','))
            text += (text.empty() ? "" : ",") + name + ":" + argument;
    }
    if (text.empty())
        throw usageError("Choose where importance comes from; None is a choice, too");
    return parseImportances(text);
}

SweepGrid SweepEditor::grid() const
{
    SweepGrid grid { {}, importances(), m_nextToken->isChecked() };
    for (const QString& id : m_model->checkedMethods())
        grid.specs.push_back(m_model->specOf(id));
    return grid;
}

SweepChoice SweepEditor::choice() const
{
    SweepChoice choice = m_sweeps->choice();
    for (const MethodInfo& method : Registry::instance().methods())
        if (const QString id = QString::fromStdString(method.id); !m_model->points(id).empty())
            choice.setSpec(m_model->specOf(id)); // else as it was
    choice.importances = importances();
    if (choice.importances == std::vector { m_own })
        choice.importances.clear(); // goes along with the window
    choice.nextToken = m_nextToken->isChecked();
    choice.dumps = dumps();
    return choice;
}

QStringList SweepEditor::methods() const { return m_model->checkedMethods(); }

void SweepEditor::showDefaults()
{
    const QStringList checked = m_model->checkedMethods();
    for (const MethodInfo& method : Registry::instance().methods()) {
        const QString id = QString::fromStdString(method.id);
        m_model->setSpec(SweepChoice().specOf(id), checked.contains(id));
    }
    showImportances({ m_own });
    m_nextToken->setChecked(false);
    showDumps({});
}

void SweepEditor::copyCommand() { QApplication::clipboard()->setText(m_command->toPlainText()); }

void SweepEditor::pasteCommand()
{
    try {
        const SweepCommand command = parseSweepCommand(QApplication::clipboard()->text().toStdString());
        showGrid(command.grid, true);
        QStringList others;
        for (const std::string& other : command.others)
            others << QString::fromStdString(other);
        if (!others.isEmpty())
            showDumps(others);
    } catch (const Error& error) {
        m_problem->setText(tr("What is copied is no sweep: %1").arg(QString::fromUtf8(error.what())));
        m_problem->show();
    }
}

/// What is wrong at once, what it costs a moment later.
void SweepEditor::refresh()
{
    QString problem;
    m_command->clear();
    try {
        problem = m_model->problem();
        const SweepGrid now = grid();
        if (!m_hasDump)
            problem = tr("Open a dump to sweep it.");
        else if (problem.isEmpty() && now.specs.empty())
            problem = tr("Check a method to be swept.");
        if (problem.isEmpty())
            m_command->setPlainText(QString::fromStdString(m_sweeps->commandOf(now, dumps())));
    } catch (const Error& error) {
        problem = QString::fromUtf8(error.what());
    }
    QPalette colours = palette();
    colours.setColor(QPalette::WindowText, errorColor(palette()));
    m_problem->setPalette(colours);
    m_problem->setText(problem);
    m_problem->setVisible(!problem.isEmpty());
    m_start->setEnabled(problem.isEmpty());
    m_settle.start();
}

void SweepEditor::showCost()
{
    std::vector<ImportanceSpec> sources { m_own };
    try {
        sources = importances();
    } catch (const Error&) {
        // Said above.
    }
    SweepEstimate sum;
    for (const MethodInfo& method : Registry::instance().methods()) {
        const QString id = QString::fromStdString(method.id);
        if (!m_model->checkedMethods().contains(id)) {
            m_model->setCost(id, {}, {});
            continue;
        }
        const SweepEstimate one
            = m_sweeps->estimate(m_model->points(id), sources, m_nextToken->isChecked(), m_dumps->count());
        m_model->setCost(id,
            one.unfit > 0 ? tr("%1 of %2 fit").arg(one.points).arg(one.points + one.unfit)
                          : QString::number(one.points),
            one.points == 0               ? QString()
                : one.known == one.points ? tr("measured")
                                          : one.timeText());
        sum += one;
    }
    QStringList parts { counted(sum.points, tr("point"), tr("points")) };
    if (m_dumps->count() > 0)
        parts.front() += tr(" over %1 dumps").arg(m_dumps->count() + 1);
    if (sum.unfit > 0)
        parts << tr("%1 more do not fit this dump").arg(sum.unfit);
    if (sum.known > 0)
        parts << tr("%1 measured already").arg(sum.known);
    m_state->setText(sum.points > 0 ? parts.join(QStringLiteral(", ")) + QStringLiteral(" · ") + sum.timeText()
                                    : tr("No point fits this dump"));
    m_start->setEnabled(m_problem->text().isEmpty() && sum.points > 0);
}

} // namespace pikv::ui
