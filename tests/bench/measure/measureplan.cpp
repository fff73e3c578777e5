// SPDX-License-Identifier: GPL-3.0-or-later
#include "measureplan.h"
#include "core/study/choices.h"
#include "trace.h"
#include "ui/charts/tradeoffchart.h"
#include "ui/models/methodsmodel.h"
#include "ui/models/resultsmodel.h"
#include "ui/models/specstore.h"
#include "ui/nexttoken/nexttokencontroller.h"
#include "ui/nexttoken/nexttokenpanel.h"
#include "ui/nexttoken/tokenbars.h"
#include "ui/panels/methodspanel.h"
#include "ui/panels/paramform.h"
#include "ui/session/session.h"
#include "ui/session/sweeps.h"
#include "ui/window/mainwindow.h"
#include <QApplication>
#include <QEvent>
#include <QMouseEvent>
#include <QSlider>
#include <QStyleOptionSlider>
#include <QTabWidget>

namespace pikv::ui {
namespace {

constexpr int movesOfDrag = 40, moveInterval = 150, settleTime = 1500, cancelAfter = 300; ///< ms

/// The pixel of a slider's handle at its present value.
QPoint handleOf(const QSlider* slider)
{
    const int room = slider->width() - 20;
    return { 10 + QStyle::sliderPositionFromValue(slider->minimum(), slider->maximum(), slider->sliderPosition(), room),
        slider->height() / 2 };
}

void sendMouse(QWidget* widget, QEvent::Type type, QPoint at)
{
    const Qt::MouseButton button = type == QEvent::MouseMove ? Qt::NoButton : Qt::LeftButton;
    const Qt::MouseButtons held = type == QEvent::MouseButtonRelease ? Qt::NoButton : Qt::LeftButton;
    QMouseEvent event(type, QPointF(at), QPointF(widget->mapToGlobal(at)), button, held, Qt::NoModifier);
    QApplication::sendEvent(widget, &event);
}

} // namespace

MeasurePlan::MeasurePlan(MainWindow* window)
    : QObject(window)
    , m_window(window)
{
    if (!trace::enabled())
        return;
    window->installEventFilter(this);
    for (QWidget* widget : window->findChild<TradeoffChart*>()->findChildren<QWidget*>())
        if (widget->inherits("QCustomPlot"))
            connect(widget, SIGNAL(afterReplot()), this, SLOT(stampFrame()));
    connect(window->session(), &Session::firstChartComplete, this, [this] { m_complete = true; });
    // The window, which was there first, has put the result into its model by then.
    connect(window->session()->engine(), &Engine::resultReady, this,
        [this](const ResultPtr& result, quint64 id, bool live) {
            if (live)
                m_entered << qMakePair(id, result->preview);
        });
}

MeasurePlan::~MeasurePlan() = default;

bool MeasurePlan::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::UpdateRequest || event->type() == QEvent::Paint) {
        m_window->removeEventFilter(this);
        QTimer::singleShot(0, this, [] { trace::event("window-visible"); });
    }
    return QObject::eventFilter(watched, event);
}

void MeasurePlan::start()
{
    const QString plan = trace::plan();
    if (plan.startsWith(QLatin1String("drag ")))
        startDrag(plan.mid(5));
    else if (plan.startsWith(QLatin1String("next-token ")))
        startNextToken(plan.mid(11));
    else if (plan == QLatin1String("sweep"))
        startSweep();
    else if (plan == QLatin1String("cancel"))
        startCancel();
    else if (plan == QLatin1String("undo"))
        startUndo();
    else
        QApplication::quit();
}

void MeasurePlan::startDrag(const QString& method)
{
    m_window->session()->engine()->cancel();
    m_method = method;
    m_window->findChild<MethodsPanel*>()->setCurrentMethod(method);
    const auto sliders = m_window->findChildren<QSlider*>();
    for (QSlider* slider : sliders)
        if (slider->isVisible() && slider->objectName().startsWith(QLatin1String("param_")))
            m_sliders << slider;
    if (m_sliders.isEmpty())
        qFatal("the method has no slider to drag");
    connect(&m_step, &QTimer::timeout, this, &MeasurePlan::dragOn);
    takeSlider();
}

/// A frame of the trade-off chart was drawn: what had entered the model by then is on screen.
void MeasurePlan::stampFrame()
{
    for (const auto& [id, preview] : std::exchange(m_entered, {}))
        trace::event(preview ? "preview-shown" : "full-shown", id);
    if (m_undoing && isSettled()) {
        m_undoing = false;
        trace::event("undo-shown", m_edit);
        QTimer::singleShot(settleTime / 3, this, &MeasurePlan::editOn);
    }
    if (!m_complete || std::exchange(m_started, true))
        return;
    trace::event("first-chart-complete");
    // The sweep that follows an opening is part of what a user sees: it runs on under every plan.
    QTimer::singleShot(0, this, &MeasurePlan::start);
}

/// Every slider of the form in turn: known results are not computed again, so that one with a few steps gives few
/// figures.
void MeasurePlan::takeSlider()
{
    m_moves = 0;
    m_slider = m_sliders.takeFirst();
    m_window->findChild<ParamForm*>()->ensureWidgetVisible(m_slider);
    sendMouse(m_slider, QEvent::MouseButtonPress, handleOf(m_slider));
    m_step.start(moveInterval);
}

/// Drags once every method is scored with the model, so that nothing else runs.
void MeasurePlan::startNextToken(const QString& method)
{
    m_window->session()->engine()->cancel();
    auto* bars = m_window->findChild<TokenBars*>();
    connect(m_window->session()->nextToken()->test(), &Scoring::resultReady, bars,
        [bars](const NextTokenPtr& result, quint64 id) {
            if (result->preview)
                connect(
                    bars, &TokenBars::refreshed, bars, [id] { trace::event("next-token-preview", id); },
                    Qt::SingleShotConnection);
        });
    connect(m_window->session()->engine(), &Engine::busyChanged, this, [this, method](bool busy) {
        if (!busy && !m_slider && m_window->session()->nextToken()->state() == NextTokenController::State::Ready) {
            m_stalls = std::make_unique<trace::StallWatch>();
            startDrag(method);
        }
    });
    m_window->findChild<QTabWidget*>(QStringLiteral("chartTabs"))
        ->setCurrentWidget(m_window->findChild<NextTokenPanel*>());
}

void MeasurePlan::dragOn()
{
    if (++m_moves <= movesOfDrag) {
        // Back and forth over the lower half: the upper end of a rank may lie above what the dump allows.
        const int span = (m_slider->width() - 20) / 2, at = (m_moves * 37) % (2 * span);
        moveMouse({ 10 + (at < span ? at : 2 * span - at), m_slider->height() / 2 });
        return;
    }
    m_step.stop();
    sendMouse(m_slider, QEvent::MouseButtonRelease, handleOf(m_slider));
    if (m_sliders.isEmpty())
        QTimer::singleShot(settleTime, qApp, &QApplication::quit);
    else
        QTimer::singleShot(settleTime, this, &MeasurePlan::takeSlider);
}

/// What a move asks for begins when the move does.
void MeasurePlan::moveMouse(QPoint to)
{
    const auto asked = [this] {
        return std::pair(m_window->session()->engine()->latestLive(m_method),
            m_window->session()->nextToken()->test()->latest(m_method));
    };
    const auto before = asked();
    const double then = trace::now();
    sendMouse(m_slider, QEvent::MouseMove, to);
    const auto after = asked();
    if (after.first != before.first)
        trace::event("slider-move", after.first, then);
    if (after.second != before.second)
        trace::event("next-token-request", after.second, then);
}

void MeasurePlan::startSweep()
{
    m_stalls = std::make_unique<trace::StallWatch>();
    connect(m_window->session()->engine(), &Engine::sweepFinished, this, [this] {
        m_stalls.reset();
        QApplication::quit();
    });
}

void MeasurePlan::startCancel()
{
    QTimer::singleShot(cancelAfter, this, [this] {
        connect(m_window->session()->engine(), &Engine::cancelled, this, [] {
            trace::event("cancelled", 1);
            QApplication::quit();
        });
        trace::event("cancel", 1);
        m_window->session()->engine()->cancel();
    });
}

/// Every kind of edit, done and undone once all that it needs was measured. The ids of one kind share their hundreds:
/// parameters 1, checks 2, importance 3, rows of the table 4.
void MeasurePlan::startUndo()
{
    Session* session = m_window->session();
    const QStringList checked = session->methods()->checkedMethods();
    for (const QString& id : checked) {
        const std::string list = SweepChoice::defaultList(id).toStdString();
        const auto points = expandSpec(id.toStdString() + ":" + list);
        if (const MethodSpec point = points.front(); !list.empty() && fitsCache(point, *session->info()))
            m_edits <<
                [session, point] { session->undoStack()->push(new EditSpecCommand(session->specs(), point, {}, 0)); };
        m_edits << [session, id] { session->chooseMethod(id, false); };
    }
    m_edits << [session] { session->chooseImportance(parseImportance("recency")); };
    m_edits << [session] { session->removeResults({ 0, 1, 2, 3, 4 }); };
    QTimer::singleShot(settleTime, this, &MeasurePlan::editOn);
}

/// The next edit, once nothing runs.
void MeasurePlan::editOn()
{
    if (m_window->session()->engine()->isBusy()) {
        QTimer::singleShot(settleTime / 3, this, &MeasurePlan::editOn);
        return;
    }
    if (m_edits.isEmpty())
        return QApplication::quit();
    const int before = m_window->session()->undoStack()->index();
    m_edits.takeFirst()();
    if (m_window->session()->undoStack()->index() == before) // it is so already
        return editOn();
    QTimer::singleShot(settleTime / 3, this, &MeasurePlan::undoEdit); // once the edit itself is on screen
}

void MeasurePlan::undoEdit()
{
    Session* session = m_window->session();
    if (session->engine()->isBusy() || !isSettled()) {
        QTimer::singleShot(settleTime / 3, this, &MeasurePlan::undoEdit);
        return;
    }
    const QString text = session->undoStack()->undoText();
    const quint64 kind = text.startsWith(QLatin1String("change the importance")) ? 300
        : text.startsWith(QLatin1String("change"))                               ? 100
        : text.startsWith(QLatin1String("remove"))                               ? 400
                                                                                 : 200;
    m_edit = kind + m_edit % 100 + 1;
    m_undoing = true;
    trace::event("undo", m_edit);
    session->undoStack()->undo();
}

/// Every checked method's row is of the present settings, in full.
bool MeasurePlan::isSettled() const
{
    const Session* session = m_window->session();
    for (const QString& id : session->methods()->checkedMethods()) {
        const int at = session->results()->currentRow(id);
        if (at < 0)
            continue; // it failed, or was taken out of the table
        const ResultRow& row = session->results()->row(at);
        if (row.stale || row.result->preview || row.result->method != session->specs()->spec(id)
            || row.result->importance != session->importance())
            return false;
    }
    return true;
}

} // namespace pikv::ui
