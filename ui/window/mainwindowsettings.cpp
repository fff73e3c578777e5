// SPDX-License-Identifier: GPL-3.0-or-later
// What survives a restart: layout, theme, charts' choices, checked methods and parameters.
#include "core/base/error.h"
#include "core/codec/registry.h"
#include "ui/charts/chartpanel.h"
#include "ui/models/methodsmodel.h"
#include "ui/models/specstore.h"
#include "ui/panels/dumppanel.h"
#include "ui/panels/methodspanel.h"
#include "ui/panels/paramform.h"
#include "ui/panels/resultspanel.h"
#include "ui/window/mainwindow.h"
#include <QActionGroup>
#include <QSettings>
#include <QTabWidget>

namespace pikv::ui {
namespace {

constexpr int layoutVersion = 1; ///< grows when docks change: restoreState() then keeps the new default
const QString schemaKey = QStringLiteral("schema");
constexpr int schema = 1;

} // namespace

void MainWindow::saveSettings() const
{
    QSettings settings;
    settings.setValue(schemaKey, schema);
    settings.setValue(QStringLiteral("window/geometry"), saveGeometry());
    settings.setValue(QStringLiteral("window/layout"), saveState(layoutVersion));
    settings.setValue(QStringLiteral("window/tab"), m_tabs->currentIndex());
    settings.setValue(QStringLiteral("window/theme"), themeName(m_theme));
    settings.setValue(QStringLiteral("results/header"), m_resultsPanel->saveState());
    for (const ChartPanel* chart : m_charts)
        settings.setValue(QStringLiteral("charts/") + chart->objectName(), chart->saveState());
    settings.setValue(QStringLiteral("methods/checked"), m_methods->checkedMethods());
    settings.setValue(QStringLiteral("methods/current"), m_form->method());
    settings.setValue(QStringLiteral("importance"), QString::fromStdString(printImportance(m_dump->importance())));
    QStringList specs;
    for (const MethodInfo& method : Registry::instance().methods())
        specs << QString::fromStdString(printSpec(m_specs->spec(QString::fromStdString(method.id))));
    settings.setValue(QStringLiteral("methods/specs"), specs);
}

void MainWindow::restoreSpecs()
{
    const QSettings settings;
    const QStringList specs = settings.value(QStringLiteral("methods/specs")).toStringList();
    for (const QString& text : specs) {
        try {
            m_specs->setSpec(parseSpec(text.toStdString()));
        } catch (const Error&) {
            // Written by another version: that method starts from its defaults.
        }
    }
    try {
        const ImportanceSpec importance = parseImportance(
            settings.value(QStringLiteral("importance"), QStringLiteral("none")).toString().toStdString());
        m_dump->setImportance(importance);
        m_engine.setImportance(importance);
    } catch (const Error&) {
        // As above.
    }
    if (settings.contains(QStringLiteral("methods/checked")))
        m_methods->setCheckedMethods(settings.value(QStringLiteral("methods/checked")).toStringList());
}

void MainWindow::restoreSettings()
{
    const QSettings settings;
    if (settings.value(schemaKey, schema).toInt() == schema) {
        restoreSpecs();
        restoreGeometry(settings.value(QStringLiteral("window/geometry")).toByteArray());
        restoreState(settings.value(QStringLiteral("window/layout")).toByteArray(), layoutVersion);
        m_tabs->setCurrentIndex(
            std::clamp(settings.value(QStringLiteral("window/tab")).toInt(), 0, m_tabs->count() - 1));
        if (const QByteArray header = settings.value(QStringLiteral("results/header")).toByteArray(); !header.isEmpty())
            m_resultsPanel->restoreState(header);
        for (ChartPanel* chart : m_charts)
            chart->restoreState(settings.value(QStringLiteral("charts/") + chart->objectName()).toByteArray());
        m_theme = themeFromName(settings.value(QStringLiteral("window/theme")).toString());
    }
    for (QAction* action : m_themes->actions())
        action->setChecked(ThemeMode(action->data().toInt()) == m_theme);
    applyTheme(m_theme);
    const QString current = settings.value(QStringLiteral("methods/current"), QStringLiteral("kivi")).toString();
    m_methodsPanel->setCurrentMethod(
        Registry::instance().find(current.toStdString()) ? current : QStringLiteral("kivi"));
}

void MainWindow::resetLayout() { restoreState(m_defaultLayout); }

} // namespace pikv::ui
