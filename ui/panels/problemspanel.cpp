// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/problemspanel.h"
#include "ui/models/problemsmodel.h"
#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QPushButton>
#include <QTableView>

namespace pikv::ui {

ProblemsPanel::ProblemsPanel(ProblemsModel* model, QWidget* parent)
    : QWidget(parent)
{
    setObjectName(QStringLiteral("problemsPanel"));
    auto* table = new QTableView(this);
    table->setObjectName(QStringLiteral("problemsTable"));
    table->setAccessibleName(tr("Problems"));
    table->setModel(model);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    table->setTabKeyNavigation(false);
    table->setWordWrap(true);
    table->verticalHeader()->hide();
    table->verticalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    table->horizontalHeader()->setSectionResizeMode(ProblemsModel::TimeColumn, QHeaderView::Fixed);
    table->setColumnWidth(ProblemsModel::TimeColumn, // of any row: the first may come while the panel is hidden
        table->fontMetrics().horizontalAdvance(QStringLiteral("00:00:00"))
            + 4 * table->fontMetrics().averageCharWidth());
    table->horizontalHeader()->setSectionResizeMode(ProblemsModel::MessageColumn, QHeaderView::Stretch);
    table->horizontalHeader()->setSectionResizeMode(ProblemsModel::AdviceColumn, QHeaderView::Stretch);
    auto* copy = new QPushButton(tr("Copy"), this);
    copy->setObjectName(QStringLiteral("problemsCopy"));
    auto* clear = new QPushButton(tr("Clear"), this);
    clear->setObjectName(QStringLiteral("problemsClear"));
    auto* buttons = new QVBoxLayout;
    buttons->addWidget(copy);
    buttons->addWidget(clear);
    buttons->addStretch();
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(4, 4, 4, 4);
    layout->addWidget(table, 1);
    layout->addLayout(buttons);
    connect(clear, &QPushButton::clicked, model, &ProblemsModel::clear);
    connect(copy, &QPushButton::clicked, this, [model] {
        QStringList lines;
        for (int row = 0; row < model->rowCount(); ++row)
            lines << model->entry(row).time.toString(Qt::ISODate) + QLatin1Char(' ') + model->entry(row).message;
        QApplication::clipboard()->setText(lines.join(QLatin1Char('\n')));
    });
}

} // namespace pikv::ui
