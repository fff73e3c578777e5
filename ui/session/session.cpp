// SPDX-License-Identifier: GPL-3.0-or-later
// The session's parts and how they follow each other: what an open resets, what an edit checks, what becomes a step of
// undo. What is evaluated after it, and in which order, is Runs' business.
#include "ui/session/session.h"
#include "core/codec/registry.h"
#include "core/dumps/dumps.h"
#include "core/eval/alike.h"
#include "core/study/choices.h"
#include "ui/engine/languagemodels.h"
#include "ui/models/dumpmeansmodel.h"
#include "ui/models/methodsmodel.h"
#include "ui/models/problemsmodel.h"
#include "ui/models/resultsmodel.h"
#include "ui/models/specstore.h"
#include "ui/models/trainingrun.h"
#include "ui/nexttoken/nexttokencontroller.h"
#include "ui/session/runs.h"
#include "ui/session/sessioncommands.h"
#include "ui/session/sweeps.h"
#include <QFileInfo>
#include <QItemSelectionModel>
#include <QLocale>
#include <utility>

namespace pikv::ui {

Session::Session(std::shared_ptr<ResultStore> store, QObject* parent)
    : QObject(parent)
    , m_specs(new SpecStore(this))
    , m_methods(new MethodsModel(this))
    , m_results(new ResultsModel(this))
    , m_means(new DumpMeansModel(this))
    , m_problems(new ProblemsModel(this))
    , m_selection(new QItemSelectionModel(m_results, this))
    , m_training(new TrainingRun(this))
    , m_engine(store)
    , m_languageModels(new LanguageModels(&m_engine, this))
    , m_nextToken(new NextTokenController(&m_engine, m_languageModels, m_methods, m_specs, this))
    , m_runs(new Runs({ &m_engine, m_nextToken, m_methods, m_specs, m_results, m_problems }, this))
    , m_sweeps(new Sweeps({ &m_engine, m_languageModels, m_nextToken, m_methods, &m_undo, store != nullptr }, this))
    , m_defaults(m_specs)
{
    connectEngine();
    connectEdits();
}

Session::~Session() = default;

void Session::connectEngine()
{
    connect(&m_engine, &Engine::dumpOpened, this, &Session::noteDump);
    connect(&m_engine, &Engine::dumpFailed, this, &Session::dumpFailed);
    connect(&m_engine, &Engine::problem, this, &Session::report);
    connect(&m_engine, &Engine::warned, m_problems, &ProblemsModel::addWarning);
    connect(&m_engine, &Engine::trained, m_training, &TrainingRun::add);
    connect(m_engine.sweeps(), &SweepQueue::measured, this, &Session::noteMeasured);
    connect(&m_engine, &Engine::sweepFinished, this, &Session::noteSweepEnd);
    const auto tellFile = [this](const QString& path, quint64 bytes) {
        Q_EMIT said(tr("Wrote %1, %2 bytes").arg(path, QLocale().toString(bytes)));
    };
    connect(&m_engine, &Engine::fileSaved, this, tellFile);
    connect(&m_engine, &Engine::calibrated, this,
        [tellFile](const QString&, const QString& path, quint64 bytes) { tellFile(path, bytes); });
    connect(&m_engine, &Engine::dumpSaved, this, [this](const QString& path) {
        Q_EMIT said(tr("Wrote %1").arg(path));
        m_capture.noteSaved(path);
    });
    connect(&m_engine, &Engine::dumpNotSaved, &m_capture, &UnsavedCapture::noteNotSaved);
}

void Session::connectEdits()
{
    connect(m_methods, &MethodsModel::checkedChanged, this, &Session::noteChecked);
    connect(m_methods, &MethodsModel::checkRequested, this, &Session::chooseMethod);
    connect(m_specs, &SpecStore::specChanged, this, &Session::noteEdit);
    connect(m_nextToken, &NextTokenController::problem, this, &Session::report);
    connect(m_sweeps, &Sweeps::problem, this, &Session::report);
    connect(m_sweeps, &Sweeps::warned, m_problems, &ProblemsModel::addWarning);
    connect(m_runs, &Runs::firstChartComplete, this, &Session::firstChartComplete);
}

QString Session::dumpPath() const { return info() ? QString::fromStdString(info()->path) : QString(); }

void Session::report(const Problem& problem)
{
    m_problems->add(problem);
    Q_EMIT problemReported();
}

// Open, importance, policy

void Session::openDump(const QString& path)
{
    Q_EMIT said(tr("Opening %1…").arg(QFileInfo(path).fileName()));
    m_engine.openDump(path);
}

void Session::openDumpAs(const QString& path, const Told& told)
{
    Q_EMIT said(tr("Opening %1…").arg(QFileInfo(path).fileName()));
    m_engine.openDump(path, told, Telling::Replaces);
}

void Session::tellDump(const Told& told)
{
    if (const QString path = dumpPath(); !path.isEmpty())
        openDumpAs(path, told);
}

void Session::reloadDump()
{
    if (const QString path = dumpPath(); !path.isEmpty())
        openDump(path);
}

void Session::adoptCapture(const CachePtr& cache, const QString& note)
{
    m_engine.adoptDump(cache);
    if (!note.isEmpty())
        report({ ErrorKind::Input, note.toStdString() });
}

void Session::saveDump(const QString& path)
{
    if (const std::string loss = info() ? leftOutOnSaving(*info(), path.toStdString()) : std::string(); !loss.empty())
        m_problems->addWarning(QString::fromStdString(loss));
    m_capture.noteSaving();
    m_engine.saveDump(path);
}

void Session::noteDump()
{
    ++m_dumpCount;
    m_selection->clear();
    m_results->clear();
    m_means->clear();
    m_training->clear();
    m_alikeWarning.clear();
    m_capture.takeDump(dumpPath().isEmpty());
    for (const std::string& note : info()->notes)
        m_problems->addWarning(QString::fromStdString(note));
    fitDefaults();
    settleImportance();
    Q_EMIT acceptNonFiniteChanged(false);
    Q_EMIT dumpOpened();
    m_sweeps->noteDump();
    m_runs->evaluateAnew();
}

void Session::fitDefaults()
{
    m_settling = true;
    const QStringList bounded = m_defaults.fitTo(*info());
    m_settling = false;
    for (const QString& id : bounded)
        if (m_methods->checkedMethods().contains(id))
            m_problems->addWarning(
                tr("This dump is too short for the defaults of %1, which starts from %2")
                    .arg(MethodsModel::labelOf(id), QString::fromStdString(printSpec(m_specs->spec(id)))));
}

/// A dump that lacks what the source of the one before needs goes without importance.
void Session::settleImportance()
{
    const std::string obstacle = importanceObstacle(*info(), importance().source);
    if (obstacle.empty())
        return;
    m_engine.setImportance({});
    m_problems->addWarning(tr("Importance is off: %1").arg(QString::fromStdString(obstacle)));
    Q_EMIT importanceChanged();
}

void Session::setImportance(const ImportanceSpec& importance)
{
    m_engine.setImportance(importance);
    Q_EMIT importanceChanged();
    m_runs->evaluateAnew();
}

void Session::chooseImportance(const ImportanceSpec& importance)
{
    const std::string obstacle = info() ? importanceObstacle(*info(), importance.source) : std::string();
    if (!obstacle.empty()) {
        report({ ErrorKind::Usage, "Importance stays as it is: " + obstacle });
        Q_EMIT importanceChanged(); // views show the old one again
    } else if (importance != this->importance()) {
        m_undo.push(new ImportanceCommand(this, importance));
    }
}

void Session::setAcceptNonFinite(bool accept)
{
    m_engine.setAcceptNonFinite(accept);
    Q_EMIT acceptNonFiniteChanged(accept);
    m_runs->evaluateAnew();
}

void Session::setTimedSeveralTimes(bool several)
{
    if (std::exchange(m_timedSeveralTimes, several) == several)
        return;
    m_engine.setRepeat(several ? severalTimes : 1);
    Q_EMIT timedSeveralTimesChanged(several);
    if (several)
        m_runs->evaluateAnew();
}

void Session::setSharedCaches(int caches) { m_results->setSharedCaches(caches); }

// Runs

void Session::runSweep() { m_sweeps->startChecked(); }

void Session::runSweepOf(const SweepChoice& choice, const QStringList& methods)
{
    changeAll(tr("change the sweep"), choice, {}, methods, false);
    m_sweeps->start(m_sweeps->gridOf(choice, methods), choice.dumps);
}

void Session::evaluateOver(const QStringList& dumps)
{
    SweepGrid grid { {}, { importance() }, false };
    for (const QString& id : m_sweeps->checked())
        grid.specs.push_back(printSpec(settingsOf(id)));
    m_sweeps->start(grid, dumps);
}

void Session::noteMeasured(const ResultPtr& result, const std::shared_ptr<OtherDump>& other)
{
    if (!other)
        return m_means->add(dumpPath(), m_engine.cache(), result);
    // The open dump's own may have come with an earlier sweep.
    if (const ResultPtr own = m_engine.known({ result->method, result->importance });
        own && !m_means->has(dumpPath(), *result))
        m_means->add(dumpPath(), m_engine.cache(), own);
    m_means->add(other->path(), other->cache(), result);
}

void Session::noteSweepEnd(int done, int total, int failed)
{
    AlikeSettings alike;
    for (int row = 0; row < m_results->resultCount(); ++row)
        alike.add(*m_results->row(row).result);
    // Once for the same ones: a sweep of another method ends with them on screen, too.
    if (const QString warning = QString::fromStdString(alike.warning());
        !warning.isEmpty() && std::exchange(m_alikeWarning, warning) != warning)
        m_problems->addWarning(warning);
    Q_EMIT said(SweepQueue::summary(done, total, failed));
}

void Session::cancelWork()
{
    m_runs->cancel();
    m_capture.noteNotSaved();
    m_languageModels->cancel();
    m_nextToken->cancel();
    m_engine.cancel();
}

// Presets

Preset Session::presentPreset(const QString& name) const
{
    Preset preset { name.toStdString(), {}, m_sweeps->gridOf(m_sweeps->choice(), m_sweeps->checked()), {}, false };
    preset.grid.importances = m_sweeps->choice().importances; // none where they are the window's
    for (const QString& id : m_sweeps->checked())
        preset.settings.push_back(printSpec(settingsOf(id)));
    return preset;
}

void Session::usePreset(const Preset& preset)
{
    SweepChoice choice = m_sweeps->choice();
    std::vector<MethodSpec> settings;
    QStringList methods;
    const auto add = [&](const std::string& spec, bool isGrid) {
        try {
            const std::vector<MethodSpec> points = expandSpec(spec); // says what this program does not know
            const QString id = QString::fromStdString(points.front().id);
            if (isGrid)
                choice.setSpec(spec);
            else
                settings.push_back(points.front());
            if (!methods.contains(id))
                methods << id;
        } catch (const Error& error) {
            m_problems->addWarning(tr("The preset %1 is used without %2: %3")
                                       .arg(QString::fromStdString(preset.name), QString::fromStdString(spec),
                                           QString::fromUtf8(error.what())));
        }
    };
    for (const std::string& spec : preset.settings)
        add(spec, false);
    for (const std::string& spec : preset.grid.specs)
        add(spec, true);
    if (methods.isEmpty())
        return;
    if (!preset.grid.specs.empty()) {
        choice.importances = preset.grid.importances;
        choice.nextToken = preset.grid.nextToken;
    }
    changeAll(tr("use the preset %1").arg(QString::fromStdString(preset.name)), choice, settings, methods, true);
}

/// As one step of undo, or none where nothing changes; `only`: other methods are unchecked.
void Session::changeAll(const QString& text, const SweepChoice& choice, const std::vector<MethodSpec>& settings,
    const QStringList& methods, bool only)
{
    const QStringList before = m_methods->checkedMethods();
    QStringList others; // to be checked, or unchecked
    for (const MethodInfo& method : Registry::instance().methods())
        if (const QString id = QString::fromStdString(method.id);
            before.contains(id) != methods.contains(id) && (only || methods.contains(id)))
            others << id;
    std::vector<MethodSpec> edits;
    for (const MethodSpec& spec : settings)
        if (spec != m_specs->spec(QString::fromStdString(spec.id)))
            edits.push_back(spec);
    if (others.isEmpty() && edits.empty() && choice == m_sweeps->choice())
        return;
    m_undo.beginMacro(text);
    m_sweeps->choose(choice);
    for (const QString& id : others)
        chooseMethod(id, methods.contains(id));
    for (const MethodSpec& spec : edits)
        m_undo.push(new EditSpecCommand(m_specs, spec, {}, 0));
    m_undo.endMacro();
}

// Like for like

void Session::applySettings(const std::vector<MethodSpec>& settings)
{
    QStringList edited;
    m_settling = true;
    for (const MethodSpec& spec : settings) {
        const QString id = QString::fromStdString(spec.id);
        if (m_specs->spec(id) != spec && m_methods->checkedMethods().contains(id))
            edited << id;
        m_specs->setSpec(spec);
    }
    m_settling = false;
    for (const QString& id : edited)
        m_runs->requestLive(id);
}

std::optional<ProtectedTokens> Session::protectedTokens() const
{
    std::optional<ProtectedTokens> all;
    for (const QString& id : m_methods->checkedMethods()) {
        const MethodSpec spec = settingsOf(id);
        const ProtectedTokens own { spec.params.integer("sinks"), spec.params.integer("recent") };
        if (isReference(Registry::instance().get(spec.id)))
            continue;
        if (withProtectedTokens(spec, own) != spec || (all && *all != own))
            return {};
        all = own;
    }
    return all;
}

void Session::protectTokens(const std::optional<ProtectedTokens>& tokens)
{
    SweepChoice choice = m_sweeps->choice();
    std::vector<MethodSpec> settings;
    for (const MethodInfo& method : Registry::instance().methods()) {
        const QString id = QString::fromStdString(method.id);
        settings.push_back(withProtectedTokens(settingsOf(id), tokens));
        choice.setSpec(withProtectedTokens(choice.specOf(id), tokens));
    }
    const QString text = tokens ? tr("keep the same tokens for all methods") : tr("keep each method's own tokens");
    m_undo.beginMacro(text);
    m_sweeps->choose(choice);
    m_undo.push(new SettingsCommand(this, text, settings));
    m_undo.endMacro();
}

// Edits and checks

void Session::noteEdit(const QString& methodId)
{
    if (m_settling)
        return;
    Q_EMIT methodEdited(methodId);
    if (m_methods->checkedMethods().contains(methodId))
        m_runs->requestLive(methodId);
    else
        setChecked(methodId, true); // an edit that changes nothing that one sees would puzzle
}

void Session::chooseMethod(const QString& methodId, bool checked)
{
    if (m_methods->checkedMethods().contains(methodId) != checked)
        m_undo.push(new CheckMethodCommand(this, methodId, checked));
}

void Session::setChecked(const QString& methodId, bool checked) { m_methods->setChecked(methodId, checked); }

void Session::noteChecked(const QString& methodId, bool checked)
{
    m_nextToken->setChecked();
    if (checked)
        m_runs->addMethod(methodId);
    else
        m_runs->dropMethod(methodId);
}

void Session::runDefaultComparison()
{
    m_undo.beginMacro(tr("check the default comparison"));
    QStringList chosen;
    for (const MethodSpec& method : openingComparison())
        chosen << QString::fromStdString(method.id);
    for (const MethodInfo& method : Registry::instance().methods())
        chooseMethod(QString::fromStdString(method.id), chosen.contains(QString::fromStdString(method.id)));
    m_undo.endMacro();
    m_runs->sweepChecked();
}

void Session::removeResults(const QList<int>& rows)
{
    if (!rows.isEmpty())
        m_undo.push(new RemoveResultsCommand(this, rows));
}

} // namespace pikv::ui
