// SPDX-License-Identifier: GPL-3.0-or-later
// A table with its buttons at the right; keys do the same in the table.
#include "ui/panels/queuepanel.h"
#include <QAction>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QPushButton>
#include <QStackedLayout>
#include <QTableView>

namespace pikv::ui {

QueuePanel::QueuePanel(TaskList* tasks, SweepQueue* sweeps, QWidget* parent)
    : QWidget(parent)
    , m_model(new QueueModel(tasks, sweeps, this))
    , m_table(new QTableView(this))
    , m_empty(new QLabel(tr("Nothing runs or waits. Run → Edit sweep… queues what you choose."), this))
{
    setObjectName(QStringLiteral("queuePanel"));
    createTable();
    m_empty->setObjectName(QStringLiteral("queueEmpty"));
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    m_pause = addButton(tr("Pause"), "queuePause", {});
    m_up = addButton(tr("Up"), "queueUp", tr("Run it earlier (Alt+Up, or drag it)"));
    m_down = addButton(tr("Down"), "queueDown", tr("Run it later (Alt+Down, or drag it)"));
    m_cancel = addButton(tr("Cancel"), "queueCancel", tr("Measure no further point of it (Delete)"));
    m_again = addButton(tr("Run again"), "queueAgain", tr("Measure what is missing (Enter); what is known stays"));
    m_clear = addButton(tr("Clear"), "queueClear", tr("Take what has ended off the list; results stay"));
    auto* buttons = new QVBoxLayout;
    buttons->setSpacing(2);
    for (QPushButton* button : { m_pause, m_up, m_down, m_cancel, m_again, m_clear })
        buttons->addWidget(button);
    buttons->addStretch();
    auto* pages = new QStackedLayout;
    pages->addWidget(m_table);
    pages->addWidget(m_empty);
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(4, 4, 4, 4);
    layout->addLayout(pages, 1);
    layout->addLayout(buttons);
    connect(m_up, &QPushButton::clicked, this, [this] { moveBy(-1); });
    connect(m_down, &QPushButton::clicked, this, [this] { moveBy(1); });
    connect(m_cancel, &QPushButton::clicked, this, [this] { m_model->cancel(current()); });
    connect(m_again, &QPushButton::clicked, this, &QueuePanel::runAgain);
    connect(m_clear, &QPushButton::clicked, m_model, &QueueModel::removeEnded);
    connect(m_model, &QAbstractItemModel::modelReset, this, [this, pages] {
        pages->setCurrentIndex(m_model->rowCount() > 0 ? 0 : 1);
        choose(m_chosen);
        Q_EMIT activeChanged(m_model->activeCount());
    });
    connect(m_model, &QAbstractItemModel::dataChanged, this, &QueuePanel::showButtons);
    pages->setCurrentIndex(1);
    showButtons();
}

void QueuePanel::createTable()
{
    m_table->setObjectName(QStringLiteral("queueTable"));
    m_table->setAccessibleName(tr("Work that runs and waits"));
    m_table->setModel(m_model);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setTabKeyNavigation(false);
    m_table->setWordWrap(false);
    m_table->setTextElideMode(Qt::ElideRight);
    m_table->setDragDropMode(QAbstractItemView::InternalMove);
    m_table->setDragDropOverwriteMode(false);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 6);
    QHeaderView* header = m_table->horizontalHeader();
    header->setHighlightSections(false);
    header->setSectionResizeMode(QueueModel::WorkColumn, QHeaderView::Stretch);
    const int letter = fontMetrics().averageCharWidth();
    for (const auto& [column, letters] : { std::pair(QueueModel::StateColumn, 14),
             std::pair(QueueModel::ProgressColumn, 24), std::pair(QueueModel::TimeColumn, 13) })
        m_table->setColumnWidth(column, letters * letter);
    m_table->installEventFilter(this);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& index) {
        if (const auto key = m_model->keyAt(index.row()); key.id != 0)
            m_chosen = key;
        showButtons();
    });
}

QPushButton* QueuePanel::addButton(const QString& text, const char* name, const QString& tip)
{
    auto* button = new QPushButton(text, this);
    button->setObjectName(QLatin1String(name));
    button->setToolTip(tip);
    return button;
}

void QueuePanel::setPauseAction(QAction* action)
{
    m_pause->setCheckable(true);
    m_pause->setToolTip(action->statusTip() + QStringLiteral(" (%1)").arg(action->shortcut().toString()));
    connect(m_pause, &QPushButton::clicked, action, &QAction::trigger);
    connect(action, &QAction::toggled, m_pause, [this](bool on) {
        m_pause->setChecked(on);
        m_pause->setText(on ? tr("Resume") : tr("Pause"));
    });
}

QueueModel::Key QueuePanel::current() const { return m_model->keyAt(m_table->currentIndex().row()); }

void QueuePanel::choose(const QueueModel::Key& key)
{
    if (const int row = m_model->rowOf(key); row >= 0)
        m_table->setCurrentIndex(m_model->index(row, 0));
    showButtons();
}

void QueuePanel::moveBy(int rows) { m_model->move(current(), rows); }

void QueuePanel::cancelOrForget()
{
    if (m_table->currentIndex().data(QueueModel::ActiveRole).toBool())
        m_model->cancel(current());
    else
        m_model->remove(current());
}

void QueuePanel::runAgain() { Q_EMIT runAgainRequested(current().id); }

void QueuePanel::showButtons()
{
    const QModelIndex index = m_table->currentIndex();
    const auto isMovable = [this](int row) { return m_model->index(row, 0).data(QueueModel::MovableRole).toBool(); };
    const bool isActive = index.data(QueueModel::ActiveRole).toBool();
    m_up->setEnabled(isMovable(index.row()) && isMovable(index.row() - 1));
    m_down->setEnabled(isMovable(index.row()) && isMovable(index.row() + 1));
    m_cancel->setEnabled(isActive);
    m_again->setEnabled(index.isValid() && !isActive && !current().isTask);
    m_clear->setEnabled(m_model->hasEnded());
}

bool QueuePanel::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() != QEvent::KeyPress)
        return QWidget::eventFilter(watched, event);
    const auto* key = static_cast<QKeyEvent*>(event);
    if (key->key() == Qt::Key_Up && key->modifiers() == Qt::AltModifier)
        moveBy(-1);
    else if (key->key() == Qt::Key_Down && key->modifiers() == Qt::AltModifier)
        moveBy(1);
    else if (key->key() == Qt::Key_Delete)
        cancelOrForget();
    else if ((key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) && m_again->isEnabled())
        runAgain();
    else
        return QWidget::eventFilter(watched, event);
    return true;
}

} // namespace pikv::ui
