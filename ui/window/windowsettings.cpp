// SPDX-License-Identifier: GPL-3.0-or-later
// Keys of the settings, what is written under them, and what makes it worth writing. Keys never change their meaning;
// another schema starts from defaults.
#include "ui/window/windowsettings.h"
#include "core/base/error.h"
#include "core/codec/registry.h"
#include "ui/charts/chartpanel.h"
#include "ui/models/methodsmodel.h"
#include "ui/models/specstore.h"
#include "ui/panels/methodspanel.h"
#include "ui/panels/paramform.h"
#include "ui/panels/resultspanel.h"
#include "ui/session/session.h"
#include "ui/session/sweeps.h"
#include "ui/window/charttabs.h"
#include "ui/window/docks.h"
#include "ui/window/menus.h"
#include <QApplication>
#include <QDockWidget>
#include <QEvent>
#include <QMainWindow>
#include <QSettings>
#include <algorithm>

namespace pikv::ui {
namespace {

constexpr int layoutVersion = 3; ///< grows when docks change: restoreState() then keeps the new default
constexpr int schema = 1;
constexpr int settleTime = 1000; ///< ms: a drag is over then
const QString schemaKey = QStringLiteral("schema"), queueKey = QLatin1String(WindowSettings::queue);

} // namespace

WindowSettings::WindowSettings(Session* session, Docks* docks, ChartTabs* charts, Menus* menus, QMainWindow* window)
    : QObject(window)
    , m_session(session)
    , m_docks(docks)
    , m_charts(charts)
    , m_menus(menus)
    , m_window(window)
    , m_defaultLayout(window->saveState())
{
    m_settle.setSingleShot(true);
    m_settle.setInterval(settleTime);
    connect(&m_settle, &QTimer::timeout, this, &WindowSettings::save);
}

/// After restore(), so that nothing is written before it was read.
void WindowSettings::watch()
{
    const auto later = [this] { m_settle.start(); };
    connect(m_session->methods(), &MethodsModel::checkedChanged, this, later);
    connect(m_session->specs(), &SpecStore::specChanged, this, later);
    connect(m_session, &Session::importanceChanged, this, later);
    connect(m_session, &Session::timedSeveralTimesChanged, this, later);
    connect(m_session->sweeps(), &Sweeps::choiceChanged, this, later);
    connect(m_session->engine()->sweeps(), &SweepQueue::listChanged, this, later);
    connect(m_docks->methods(), &MethodsPanel::currentMethodChanged, this, later);
    connect(m_docks->results(), &ResultsPanel::columnsChanged, this, later);
    connect(m_menus, &Menus::themeChanged, this, later);
    connect(m_charts, &QTabWidget::currentChanged, this, later);
    for (const QDockWidget* dock : m_window->findChildren<QDockWidget*>(QString(), Qt::FindDirectChildrenOnly)) {
        connect(dock, &QDockWidget::dockLocationChanged, this, later);
        connect(dock, &QDockWidget::topLevelChanged, this, later);
        connect(dock, &QDockWidget::visibilityChanged, this, later);
    }
    qApp->installEventFilter(this);
}

/// Size and place of the window, and whatever was chosen in a chart: its panels tell no one.
bool WindowSettings::eventFilter(QObject* watched, QEvent* event)
{
    const bool moved = watched == m_window && (event->type() == QEvent::Resize || event->type() == QEvent::Move);
    const bool chose = event->type() == QEvent::MouseButtonRelease || event->type() == QEvent::KeyRelease;
    const auto* widget = chose ? qobject_cast<QWidget*>(watched) : nullptr;
    if (moved || (widget && (m_charts->isAncestorOf(widget) || widget->windowType() == Qt::Popup)))
        m_settle.start();
    return QObject::eventFilter(watched, event);
}

void WindowSettings::save()
{
    m_settle.stop();
    QSettings settings;
    const QVariantMap now = state();
    for (auto value = now.begin(); value != now.end(); ++value)
        settings.setValue(value.key(), value.value());
}

QVariantMap WindowSettings::state() const
{
    QVariantMap state;
    state[schemaKey] = schema;
    state[QStringLiteral("window/geometry")] = m_window->saveGeometry();
    state[QStringLiteral("window/layout")] = m_window->saveState(layoutVersion);
    state[QStringLiteral("window/tab")] = m_charts->currentIndex();
    state[QStringLiteral("window/theme")] = themeName(m_menus->theme());
    state[QStringLiteral("results/header")] = m_docks->results()->saveState();
    for (const ChartPanel* chart : m_charts->panels())
        state[QStringLiteral("charts/") + chart->objectName()] = chart->saveState();
    state[QStringLiteral("methods/current")] = m_docks->form()->method();
    state[QStringLiteral("methods/checked")] = m_session->methods()->checkedMethods();
    state[QStringLiteral("importance")] = QString::fromStdString(printImportance(m_session->importance()));
    state[QStringLiteral("timedSeveralTimes")] = m_session->isTimedSeveralTimes();
    QStringList specs;
    for (const MethodInfo& method : Registry::instance().methods())
        specs << QString::fromStdString(printSpec(m_session->settingsOf(QString::fromStdString(method.id))));
    state[QStringLiteral("methods/specs")] = specs;
    const SweepChoice& sweep = m_session->sweeps()->choice();
    QStringList lists;
    for (auto list = sweep.lists.begin(); list != sweep.lists.end(); ++list)
        lists << QString::fromStdString(sweep.specOf(list.key()));
    state[QStringLiteral("sweep/lists")] = lists;
    state[QStringLiteral("sweep/importances")] = QString::fromStdString(printImportances(sweep.importances));
    state[QStringLiteral("sweep/nextToken")] = sweep.nextToken;
    state[QStringLiteral("sweep/dumps")] = sweep.dumps;
    state[queueKey] = m_session->sweeps()->unfinished();
    state[QLatin1String(overDumps)] = m_session->sweeps()->overDumps();
    return state;
}

void WindowSettings::applySweep(const QVariantMap& state)
{
    SweepChoice sweep;
    for (const QString& text : state.value(QStringLiteral("sweep/lists")).toStringList()) {
        try {
            (void)expandSpec(text.toStdString());
            sweep.setSpec(text.toStdString());
        } catch (const Error&) {
            // Written by another version: that method has its own sweep.
        }
    }
    try {
        if (const QString text = state.value(QStringLiteral("sweep/importances")).toString(); !text.isEmpty())
            sweep.importances = parseImportances(text.toStdString());
    } catch (const Error&) {
        // As above.
    }
    sweep.nextToken = state.value(QStringLiteral("sweep/nextToken")).toBool();
    sweep.dumps = state.value(QStringLiteral("sweep/dumps")).toStringList();
    m_session->sweeps()->setChoice(sweep);
    m_session->sweeps()->offer(state.value(queueKey).toStringList());
    m_session->sweeps()->bringBack(state.value(QLatin1String(overDumps)).toStringList());
}

void WindowSettings::applyWork(const QVariantMap& state)
{
    const QStringList specs = state.value(QStringLiteral("methods/specs")).toStringList();
    const QStringList checked = state.contains(QStringLiteral("methods/checked"))
        ? state.value(QStringLiteral("methods/checked")).toStringList()
        : m_session->methods()->checkedMethods();
    for (const QString& text : specs) {
        try {
            m_session->specs()->setSpec(parseSpec(text.toStdString()));
        } catch (const Error&) {
            // Written by another version: that method starts from its defaults.
        }
    }
    try {
        m_session->setImportance(parseImportance(
            state.value(QStringLiteral("importance"), QStringLiteral("none")).toString().toStdString()));
    } catch (const Error&) {
        // As above.
    }
    m_session->setTimedSeveralTimes(state.value(QStringLiteral("timedSeveralTimes")).toBool());
    m_session->methods()->setCheckedMethods(checked); // after the settings: an edit checks its method
}

void WindowSettings::applyLooks(const QVariantMap& state)
{
    m_window->restoreGeometry(state.value(QStringLiteral("window/geometry")).toByteArray());
    m_window->restoreState(state.value(QStringLiteral("window/layout")).toByteArray(), layoutVersion);
    m_docks->hideEmptyProblems();
    m_charts->setCurrentIndex(std::clamp(state.value(QStringLiteral("window/tab")).toInt(), 0, m_charts->count() - 1));
    if (const QByteArray header = state.value(QStringLiteral("results/header")).toByteArray(); !header.isEmpty())
        m_docks->results()->restoreState(header);
    for (ChartPanel* chart : m_charts->panels())
        chart->restoreState(state.value(QStringLiteral("charts/") + chart->objectName()).toByteArray());
}

bool WindowSettings::apply(const QVariantMap& state)
{
    if (state.value(schemaKey, schema).toInt() != schema)
        return false;
    applyWork(state);
    applySweep(state);
    applyLooks(state);
    m_menus->setTheme(themeFromName(state.value(QStringLiteral("window/theme")).toString()));
    const QString current = state.value(QStringLiteral("methods/current"), QStringLiteral("kivi")).toString();
    m_docks->methods()->setCurrentMethod(
        Registry::instance().find(current.toStdString()) ? current : QStringLiteral("kivi"));
    return true;
}

void WindowSettings::restore()
{
    const QSettings settings;
    QVariantMap state;
    for (const QString& key : settings.allKeys())
        state[key] = settings.value(key);
    if (!apply(state))
        apply({}); // as at the first start
    watch();
}

void WindowSettings::resetLayout() { m_window->restoreState(m_defaultLayout); }

} // namespace pikv::ui
