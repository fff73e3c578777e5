// SPDX-License-Identifier: GPL-3.0-or-later
// The menu bar as lists of commands; submenus that are filled at run time stand before the entry they belong above.
#include "ui/window/menus.h"
#include "ui/window/actions.h"
#include "ui/window/charttabs.h"
#include "ui/window/docks.h"
#include <QActionGroup>
#include <QMainWindow>
#include <QMenuBar>

namespace pikv::ui {
namespace {

constexpr int separator = -1;

QMenu* addMenuBefore(QMenu* menu, QAction* before, const QString& title, const char* name)
{
    auto* sub = new QMenu(title, menu);
    sub->setObjectName(QLatin1String(name));
    menu->insertMenu(before, sub);
    return sub;
}

} // namespace

Menus::Menus(Actions* actions, QMainWindow* window)
    : QObject(window)
    , m_actions(actions)
    , m_window(window)
{
    using A = Actions;
    QMenu* file = add(tr("&File"), "menuFile",
        { A::Open, A::Reload, A::MapTensors, A::Capture, A::CaptureTexts, separator, A::OpenSession, A::SaveSession,
            separator, A::SaveDump, A::Compress, A::ExportChart, A::ExportTable, A::ExportReport, separator, A::History,
            separator, A::Quit });
    m_recent = addMenuBefore(file, (*actions)[A::Reload], tr("Open &recent"), "menuRecent");
    m_recent->setToolTipsVisible(true);
    add(tr("&Edit"), "menuEdit",
        { A::Undo, A::Redo, separator, A::CopyChart, A::CopyTable, separator, A::CopySettings, A::PasteSettings,
            A::ResetMethod, separator, A::FilterResults });
    add(tr("&Run"), "menuRun",
        { A::Sweep, A::EditSweep, A::EvaluateOver, A::DefaultComparison, A::Presets, A::LikeForLike, separator,
            A::PauseQueue, A::Cancel, separator, A::Calibrate, A::AcceptNonFinite, A::TimeSeveralTimes });
    QMenu* model = add(tr("M&odel"), "menuModel",
        { A::OpenDefaultModel, A::OpenModelFile, A::OpenModelFolder, separator, A::ModelState });
    m_installed = addMenuBefore(model, (*actions)[A::OpenDefaultModel], tr("&Installed models"), "menuInstalledModels");
    connect(model, &QMenu::aboutToShow, this, &Menus::modelsWanted);
    m_view = add(tr("&View"), "menuView", { separator, A::ResetLayout });
    createThemes(m_view);
    m_charts = addMenuBefore(m_view, m_view->actions().front(), tr("&Charts"), "menuCharts");
    m_firstOfView = m_view->actions().front();
    add(tr("&Help"), "menuHelp", { A::Shortcuts, A::About });
    (*actions)[A::ModelState]->setEnabled(false);
}

QMenu* Menus::add(const QString& title, const char* name, const QList<int>& ids)
{
    QMenu* menu = m_window->menuBar()->addMenu(title);
    menu->setObjectName(QLatin1String(name));
    menu->setToolTipsVisible(true);
    for (int id : ids) {
        if (id == separator)
            menu->addSeparator();
        else
            menu->addAction((*m_actions)[Actions::Id(id)]);
    }
    return menu;
}

void Menus::addViews(Docks* docks, ChartTabs* charts)
{
    for (QAction* toggle : docks->toggles())
        m_view->insertAction(m_firstOfView, toggle);
    for (int tab = 0; tab < charts->count(); ++tab) {
        QAction* action = m_charts->addAction(charts->tabText(tab));
        action->setObjectName(QStringLiteral("actionChart_%1").arg(tab + 1));
        action->setShortcut(QKeySequence(Qt::CTRL | Qt::Key(Qt::Key_1 + tab)));
        connect(action, &QAction::triggered, charts, [charts, tab] {
            charts->setCurrentIndex(tab);
            charts->currentWidget()->setFocus();
        });
    }
}

void Menus::createThemes(QMenu* view)
{
    QMenu* menu = addMenuBefore(view, (*m_actions)[Actions::ResetLayout], tr("&Theme"), "menuTheme");
    view->insertSeparator((*m_actions)[Actions::ResetLayout]);
    auto* group = new QActionGroup(this);
    for (const auto& [id, mode] : { std::pair(Actions::ThemeSystem, ThemeMode::System),
             std::pair(Actions::ThemeLight, ThemeMode::Light), std::pair(Actions::ThemeDark, ThemeMode::Dark) }) {
        QAction* action = (*m_actions)[id];
        menu->addAction(action);
        group->addAction(action);
        connect(action, &QAction::triggered, this, [this, mode = mode] { setTheme(mode); });
    }
}

void Menus::setTheme(ThemeMode theme)
{
    m_theme = theme;
    (*m_actions)[theme == ThemeMode::Light ? Actions::ThemeLight
            : theme == ThemeMode::Dark     ? Actions::ThemeDark
                                           : Actions::ThemeSystem]
        ->setChecked(true);
    applyTheme(theme);
    Q_EMIT themeChanged();
}

} // namespace pikv::ui
