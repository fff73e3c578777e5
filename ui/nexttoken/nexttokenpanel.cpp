// SPDX-License-Identifier: GPL-3.0-or-later
// The next-token tab: its controls, what stands in the way of scoring, and which of its parts are shown when.
#include "ui/nexttoken/nexttokenpanel.h"
#include "ui/nexttoken/nexttokencontroller.h"
#include "ui/nexttoken/nexttokenmodel.h"
#include "ui/nexttoken/nexttokentexts.h"
#include "ui/nexttoken/positioncurves.h"
#include "ui/nexttoken/tokenbars.h"
#include "ui/nexttoken/tokentext.h"
#include <QCheckBox>
#include <QClipboard>
#include <QFrame>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QJsonObject>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QSpinBox>
#include <QSplitter>
#include <QTableView>
#include <QTextBrowser>

namespace pikv::ui {

using State = NextTokenController::State;

NextTokenPanel::NextTokenPanel(NextTokenController* controller, QWidget* parent)
    : ChartPanel(parent)
    , m_controller(controller)
    , m_text(new TokenText(this))
    , m_bars(new TokenBars(controller, this))
    , m_curves(new PositionCurves(controller, this))
    , m_table(new QTableView(this))
    , m_written(new QTextBrowser(this))
{
    createControls();
    auto* page = new QWidget(this);
    auto* layout = new QVBoxLayout(page);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(createObstacle());
    layout->addWidget(createCharts(), 1);
    setChartWidget(page);
    connect(m_text, &TokenText::cursorMoved, controller, &NextTokenController::setCursor);
    connect(controller, &NextTokenController::stateChanged, this, &NextTokenPanel::showState);
    connect(controller, &NextTokenController::cursorChanged, this, &NextTokenPanel::showCursor);
    connect(controller->figures(), &NextTokenModel::figuresChanged, this, &NextTokenPanel::showFigures);
    connect(controller->test(), &Scoring::continued, this,
        [this](const QString& method, const std::vector<std::int64_t>& tokens) {
            m_continuations[method] = tokens;
            showWritten();
        });
    connect(controller, &NextTokenController::requested, this, [this](const QString& method) {
        if (m_continuations.remove(method) > 0) // of earlier settings
            showWritten();
    });
    connect(controller->test(), &Scoring::greedyDone, this, &NextTokenPanel::showFigures);
    showState();
}

void NextTokenPanel::createControls()
{
    m_predict = new QSpinBox(this);
    m_predict->setObjectName(QStringLiteral("nextTokenPredict"));
    m_predict->setAccessibleName(tr("Positions to predict"));
    m_predict->setToolTip(tr("Last tokens of the dump that are predicted from the cache of those before them"));
    m_predict->setRange(0, 100'000);
    m_predict->setSpecialValueText(tr("quarter of the dump"));
    m_predict->setPrefix(tr("last "));
    m_predict->setSuffix(tr(" tokens"));
    m_predict->setKeyboardTracking(false);
    auto* label = new QLabel(tr("&Predict"), this);
    label->setBuddy(m_predict);
    m_compressContinuation = new QCheckBox(tr("compress these, too"), this);
    m_compressContinuation->setObjectName(QStringLiteral("nextTokenCompressContinuation"));
    m_compressContinuation->setToolTip(
        tr("On: the predicted tokens' own keys and values are compressed as they come, as in a long answer.\n"
           "Off: they stay as the model computes them, and only the context is compressed"));
    m_log = new QCheckBox(tr("log KL"), this);
    m_log->setObjectName(QStringLiteral("nextTokenLog"));
    m_klShares = new QCheckBox(tr("KL by part"), this);
    m_klShares->setObjectName(QStringLiteral("nextTokenShares"));
    m_klShares->setToolTip(
        tr("Also score each method's keys alone, its values alone and each third of the layers, the rest of the cache\n"
           "exact: what of its KL comes from where. Takes five more runs a method"));
    m_write = new QPushButton(tr("&Write on"), this);
    m_write->setObjectName(QStringLiteral("nextTokenWrite"));
    m_write->setToolTip(
        tr("Let the model write on from the original and from every checked method's cache, always taking "
           "the most likely token, and compare the texts below"));
    m_where = new QLabel(this);
    m_where->setObjectName(QStringLiteral("nextTokenWhere"));
    m_where->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    for (QWidget* widget :
        { static_cast<QWidget*>(label), static_cast<QWidget*>(m_predict), static_cast<QWidget*>(m_compressContinuation),
            static_cast<QWidget*>(m_log), static_cast<QWidget*>(m_klShares), static_cast<QWidget*>(m_write) })
        controls()->addWidget(widget);
    controls()->addWidget(m_where, 1);
    connect(m_predict, &QSpinBox::valueChanged, m_controller, &NextTokenController::setPredict);
    connect(m_compressContinuation, &QCheckBox::toggled, m_controller, &NextTokenController::setCompressContinuation);
    connect(m_log, &QCheckBox::toggled, m_curves, &PositionCurves::setLog);
    connect(m_klShares, &QCheckBox::toggled, this, &NextTokenPanel::setKlShares);
    connect(m_write, &QPushButton::clicked, this, &NextTokenPanel::writeOn);
}

QWidget* NextTokenPanel::createObstacle()
{
    m_obstacle = new QFrame(this);
    m_obstacle->setObjectName(QStringLiteral("nextTokenObstacle"));
    m_obstacle->setFrameShape(QFrame::StyledPanel);
    m_explanation = new QLabel(m_obstacle);
    m_explanation->setObjectName(QStringLiteral("nextTokenExplanation"));
    m_explanation->setWordWrap(true);
    m_explanation->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_proxy = new QLabel(m_obstacle);
    m_proxy->setObjectName(QStringLiteral("nextTokenProxy"));
    m_proxy->setWordWrap(true);
    const auto button = [this](const QString& text, const char* name) {
        auto* made = new QPushButton(text, m_obstacle);
        made->setObjectName(QLatin1String(name));
        return made;
    };
    m_openModel = button(tr("Open a model…"), "nextTokenOpenModel");
    m_capture = button(tr("Capture a te&xt…"), "nextTokenCapture");
    m_retry = button(tr("Tr&y again"), "nextTokenRetry");
    connect(m_openModel, &QPushButton::clicked, this, &NextTokenPanel::openModelRequested);
    connect(m_capture, &QPushButton::clicked, this, &NextTokenPanel::captureRequested);
    connect(m_retry, &QPushButton::clicked, m_controller, &NextTokenController::restart);
    auto* buttons = new QHBoxLayout;
    for (QPushButton* each : { m_openModel, m_capture, m_retry })
        buttons->addWidget(each);
    buttons->addStretch(1);
    auto* layout = new QVBoxLayout(m_obstacle);
    layout->addWidget(m_explanation);
    layout->addLayout(buttons);
    layout->addWidget(m_proxy);
    return m_obstacle;
}

QSplitter* NextTokenPanel::createCharts()
{
    m_charts = new QSplitter(Qt::Horizontal, this);
    m_charts->setObjectName(QStringLiteral("nextTokenCharts"));
    m_charts->addWidget(m_bars);
    m_charts->addWidget(m_curves);
    m_table->setObjectName(QStringLiteral("nextTokenTable"));
    m_table->setAccessibleName(tr("Next-token figures"));
    m_table->setModel(m_controller->figures());
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 6);
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->setTabKeyNavigation(false);
    setKlShares(false);
    m_written->setObjectName(QStringLiteral("nextTokenWritten"));
    m_written->setAccessibleName(tr("Continuations"));
    m_main = new QSplitter(Qt::Vertical, this);
    m_main->setObjectName(QStringLiteral("nextTokenSplitter"));
    for (QWidget* widget : { static_cast<QWidget*>(m_text), static_cast<QWidget*>(m_charts),
             static_cast<QWidget*>(m_table), static_cast<QWidget*>(m_written) })
        m_main->addWidget(widget);
    const int line = fontMetrics().height();
    for (const auto& [widget, lines] :
        { std::pair<QWidget*, int>(m_text, 4), { m_charts, 15 }, { m_table, 4 }, { m_written, 4 } })
        widget->setMinimumHeight(lines * line);
    m_charts->setSizes({ 1000, 1000 });
    m_main->setStretchFactor(1, 1);
    m_main->setSizes({ 6 * line, 24 * line, 7 * line, 6 * line });
    m_written->hide();
    return m_main;
}

void NextTokenPanel::setKlShares(bool on)
{
    for (const MetricInfo* metric : nextTokenMetrics(true))
        if (metric->onRequest)
            m_table->setColumnHidden(NextTokenModel::columnOf(metric->name), !on);
    m_controller->setKlShares(on);
}

ChartSource& NextTokenPanel::chart()
{
    return m_curves->hasFocus() ? static_cast<ChartSource&>(*m_curves) : static_cast<ChartSource&>(*m_bars);
}

void NextTokenPanel::showEvent(QShowEvent* event)
{
    ChartPanel::showEvent(event);
    m_controller->setShown(true);
}

void NextTokenPanel::hideEvent(QHideEvent* event)
{
    ChartPanel::hideEvent(event);
    m_controller->setShown(false);
}

void NextTokenPanel::showState()
{
    const State state = m_controller->state();
    const bool ready = state == State::Ready, working = state == State::Loading || state == State::Opening;
    m_obstacle->setVisible(!ready);
    m_explanation->setText(m_controller->explanation());
    m_openModel->setVisible(state == State::NoModel || state == State::Mismatch);
    m_capture->setVisible(!working);
    m_retry->setVisible(state == State::Failed);
    for (QWidget* widget : { static_cast<QWidget*>(m_text), static_cast<QWidget*>(m_charts) })
        widget->setVisible(ready);
    if (!ready) {
        m_continuations.clear();
        m_written->hide();
    } else {
        showText();
    }
    showFigures();
}

void NextTokenPanel::showText()
{
    m_continuations.clear();
    m_written->hide();
    m_text->setTokens(shownTokens(*m_controller));
    showCursor();
}

void NextTokenPanel::showCursor()
{
    if (m_controller->state() != State::Ready)
        return m_where->clear();
    m_text->setCursorPosition(m_controller->cursor());
    setCaption(m_where, whereText(*m_controller));
}

void NextTokenPanel::showFigures()
{
    const bool ready = m_controller->state() == State::Ready;
    m_write->setEnabled(ready && !m_controller->test()->isContinuing());
    m_table->setVisible(m_controller->figures()->rowCount() > 0);
    const QString label = m_controller->figures()->proxyLabel();
    m_proxy->setVisible(!label.isEmpty());
    m_proxy->setText(tr("Until then, the figures below are of a stand-in and not of the model – %1.").arg(label));
    if (ready)
        m_text->setChanged(changedPositions(*m_controller));
}

void NextTokenPanel::writeOn()
{
    m_continuations.clear();
    m_controller->writeOn();
    m_write->setEnabled(false);
    showWritten();
}

void NextTokenPanel::showWritten()
{
    m_written->setHtml(continuationsHtml(*m_controller, m_continuations, palette()));
    m_written->show();
}

void NextTokenPanel::extendMenu(QMenu& menu)
{
    QAction* copy = menu.addAction(tr("Copy the positions as CSV"), this, &NextTokenPanel::copyPositions);
    copy->setObjectName(QStringLiteral("copyPositions"));
    copy->setEnabled(m_controller->state() == State::Ready);
    QAction* table = menu.addAction(tr("Copy the table as CSV"), this, &NextTokenPanel::copyTable);
    table->setObjectName(QStringLiteral("copyFigures"));
    table->setEnabled(m_table->model()->rowCount() > 0);
    QAction* written = menu.addAction(tr("Copy the continuations"), this,
        [this] { QGuiApplication::clipboard()->setText(m_written->toPlainText()); });
    written->setObjectName(QStringLiteral("copyWritten"));
    written->setEnabled(m_written->isVisible());
}

void NextTokenPanel::copyTable() const
{
    const QAbstractItemModel& model = *m_table->model();
    const auto quoted = [](QString cell) {
        return QLatin1Char('"') + cell.replace(QLatin1Char('"'), QLatin1String("\"\"")) + QLatin1Char('"');
    };
    QStringList lines, cells;
    for (int column = 0; column < model.columnCount(); ++column)
        if (!m_table->isColumnHidden(column))
            cells << quoted(model.headerData(column, Qt::Horizontal).toString());
    lines << cells.join(QLatin1Char(','));
    for (int row = 0; row < model.rowCount(); ++row) {
        cells.clear();
        for (int column = 0; column < model.columnCount(); ++column)
            if (!m_table->isColumnHidden(column))
                cells << quoted(model.index(row, column).data().toString());
        lines << cells.join(QLatin1Char(','));
    }
    QGuiApplication::clipboard()->setText(lines.join(QLatin1Char('\n')) + QLatin1Char('\n'));
}

void NextTokenPanel::copyPositions() const { QGuiApplication::clipboard()->setText(positionsCsv(*m_controller)); }

void NextTokenPanel::saveTo(QJsonObject& state) const
{
    state["log"] = m_log->isChecked();
    state["predict"] = m_predict->value();
    state["shares"] = m_klShares->isChecked();
    state["continuation"] = m_compressContinuation->isChecked();
}

void NextTokenPanel::restoreFrom(const QJsonObject& state)
{
    m_log->setChecked(state["log"].toBool());
    m_predict->setValue(state["predict"].toInt());
    m_klShares->setChecked(state["shares"].toBool());
    m_compressContinuation->setChecked(state["continuation"].toBool());
}

} // namespace pikv::ui
