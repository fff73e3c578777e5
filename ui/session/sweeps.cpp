// SPDX-License-Identifier: GPL-3.0-or-later
// The grid between editor, presets, settings and queue; what it costs is told by what was measured before.
#include "ui/session/sweeps.h"
#include "core/codec/registry.h"
#include "core/eval/metrics.h"
#include "core/study/choices.h"
#include "ui/engine/engine.h"
#include "ui/engine/languagemodels.h"
#include "ui/models/counted.h"
#include "ui/models/durationtext.h"
#include "ui/models/methodsmodel.h"
#include "ui/nexttoken/nexttokencontroller.h"
#include "ui/session/sessioncommands.h"
#include <QFileInfo>
#include <QUndoStack>
#include <algorithm>
#include <utility>

namespace pikv::ui {

std::string SweepChoice::specOf(const QString& methodId) const
{
    const QString list = lists.value(methodId, defaultList(methodId));
    return (list.isEmpty() ? methodId : methodId + QLatin1Char(':') + list).toStdString();
}

void SweepChoice::setSpec(const std::string& spec)
{
    const QString text = QString::fromStdString(spec);
    const QString id = text.section(QLatin1Char(':'), 0, 0).trimmed();
    const QString list = text.section(QLatin1Char(':'), 1).trimmed();
    if (list == defaultList(id))
        lists.remove(id);
    else
        lists[id] = list;
}

QString SweepChoice::defaultList(const QString& methodId)
{
    const MethodInfo* method = Registry::instance().find(methodId.toStdString());
    return method ? QString::fromStdString(method->sweep) : QString();
}

SweepEstimate& SweepEstimate::operator+=(const SweepEstimate& other)
{
    points += other.points;
    unfit += other.unfit;
    known += other.known;
    seconds += other.seconds;
    untimed += other.untimed;
    return *this;
}

QString SweepEstimate::timeText() const
{
    const int open = points - known;
    if (open == 0)
        return QObject::tr("nothing to measure");
    if (untimed == open)
        return QObject::tr("time unknown");
    const QString text = QObject::tr("about %1").arg(durationText(seconds));
    return untimed == 0 ? text
                        : QObject::tr("%1, and %2 of unknown time")
                              .arg(text, counted(untimed, QObject::tr("point"), QObject::tr("points")));
}

namespace {

std::vector<std::string> pathsOf(const QStringList& dumps)
{
    std::vector<std::string> paths;
    for (const QString& dump : dumps)
        paths.push_back(dump.toStdString());
    return paths;
}

} // namespace

Sweeps::Sweeps(const SweepsParts& parts, QObject* parent)
    : QObject(parent)
    , m_parts(parts)
{
}

QString Sweeps::dumpPath() const
{
    const CacheInfo* info = m_parts.engine->info();
    return info && !info->path.empty() ? QFileInfo(QString::fromStdString(info->path)).absoluteFilePath() : QString();
}

QStringList Sweeps::checked() const { return m_parts.methods->checkedMethods(); }

void Sweeps::setChoice(const SweepChoice& choice)
{
    if (m_choice == choice)
        return;
    m_choice = choice;
    Q_EMIT choiceChanged();
}

void Sweeps::choose(const SweepChoice& choice)
{
    if (!(m_choice == choice))
        m_parts.undo->push(new SweepChoiceCommand(this, choice));
}

SweepGrid Sweeps::gridOf(const SweepChoice& choice, const QStringList& methods) const
{
    SweepGrid grid { {}, choice.importances, choice.nextToken };
    if (grid.importances.empty())
        grid.importances = { m_parts.engine->importance() };
    for (const QString& id : methods)
        grid.specs.push_back(choice.specOf(id));
    return grid;
}

std::string Sweeps::commandOf(const SweepGrid& grid, const QStringList& others) const
{
    SweepCommand command { grid, dumpPath().toStdString(), {}, {} };
    for (const QString& other : others)
        if (other != dumpPath())
            command.others.push_back(other.toStdString());
    if (const ModelPtr model = m_parts.models->model(); model && grid.nextToken)
        command.model = modelInfo(*model).path;
    return printSweepCommand(command);
}

void Sweeps::start(const SweepGrid& grid, const QStringList& others)
{
    const CacheInfo* info = m_parts.engine->info();
    if (!info)
        return;
    if (const QString obstacle = grid.nextToken ? nextTokenObstacle() : QString(); !obstacle.isEmpty()) {
        Q_EMIT problem({ ErrorKind::Usage, "The sweep was not started: " + obstacle.toStdString() });
        return;
    }
    try {
        for (const std::string& spec : grid.specs)
            startOne(grid, spec, others);
    } catch (const Error& error) { // a list of another version of the program
        Q_EMIT problem({ error.kind(), error.what() });
    }
}

void Sweeps::startOne(const SweepGrid& grid, const std::string& spec, const QStringList& others)
{
    const QString text = QString::fromStdString(spec);
    int unfit = 0;
    std::string reason;
    (void)fittingMethods(expandSpec(spec), *m_parts.engine->info(), [&](const MethodSpec&, const Problem& why) {
        ++unfit;
        reason = why.message;
    });
    if (unfit > 0 && spec != SweepChoice().specOf(text.section(QLatin1Char(':'), 0, 0))) // those are for long caches
        Q_EMIT warned(tr("The sweep %1 leaves out %2 that do not fit the dump: %3")
                          .arg(text, counted(unfit, tr("point"), tr("points")), QString::fromStdString(reason)));
    SweepOrder order;
    order.grid = { { spec }, grid.importances, grid.nextToken };
    order.dump = dumpPath();
    for (const QString& other : others)
        if (other != order.dump && !order.others.contains(other)) // each counts once
            order.others << other;
    order.test = grid.nextToken ? test() : nullptr;
    m_parts.engine->requestSweep(order);
}

QString Sweeps::nextTokenObstacle() const
{
    const CacheInfo* info = m_parts.engine->info();
    if (!info)
        return tr("no dump is open");
    if (info->tokenIds.empty())
        return tr("this dump has no token ids, so its next tokens cannot be scored");
    if (m_parts.nextToken->test()->isOpen())
        return {};
    if (const ModelPtr model = m_parts.models->model()) {
        const std::string why = modelMismatch(*info, *model);
        return why.empty() ? QString() : tr("the open model is not this dump's: %1").arg(QString::fromStdString(why));
    }
    return findModels().empty() ? tr("no model is open, and none is installed") : QString();
}

/// The tab's own test where there is one: what it scores has its figures then.
std::shared_ptr<SweepTest> Sweeps::test()
{
    const Scoring* scoring = m_parts.nextToken->test();
    const ModelPtr model = m_parts.models->model();
    if (scoring->isOpen())
        return std::make_shared<SweepTest>(scoring->session(), model, std::string(), 0);
    if (!m_test || m_testedModel != model) {
        const std::vector<std::string> installed = model ? std::vector<std::string>() : findModels();
        m_test = std::make_shared<SweepTest>(
            nullptr, model, installed.empty() ? std::string() : installed.front(), m_parts.nextToken->predict());
        m_testedModel = model;
    }
    return m_test;
}

SweepEstimate Sweeps::estimate(const std::vector<MethodSpec>& methods, const std::vector<ImportanceSpec>& importances,
    bool nextToken, int others) const
{
    SweepEstimate sum;
    const CacheInfo* info = m_parts.engine->info();
    const MeasuredTimes& times = *m_parts.engine->times();
    std::vector<double> coded; // of stored results of this method
    if (!methods.empty())
        for (const ResultPtr& result : m_parts.engine->stored())
            if (result->method.id == methods.front().id)
                coded.push_back(result->compressSeconds + result->decompressSeconds);
    for (const MethodSpec& method : methods) {
        if (info && !fitsCache(method, *info)) {
            sum.unfit += int(importances.size());
            continue;
        }
        for (const ImportanceSpec& importance : importances) {
            sum.points += 1 + others;
            const ResultPtr known = info ? m_parts.engine->known({ method, importance }) : nullptr;
            auto evaluation = times.evaluation(method.id);
            if (!evaluation)
                evaluation = times.scaled(coded);
            const auto score = nextToken ? times.score(method.id) : std::optional(0.0);
            if (evaluation && score)
                sum.seconds += others * (*evaluation + *score);
            else
                sum.untimed += others;
            if (known && (!nextToken || hasNextToken(known->nextToken))) {
                ++sum.known;
                continue;
            }
            if ((known || evaluation) && score)
                sum.seconds += (known ? 0 : *evaluation) + *score;
            else
                ++sum.untimed;
        }
    }
    return sum;
}

// What is not finished

void Sweeps::runAgain(quint64 id)
{
    SweepQueue* queue = m_parts.engine->sweeps();
    for (const SweepQueue::Entry& entry : queue->entries()) {
        if (entry.id != id)
            continue;
        const QString name = QFileInfo(entry.order.dump).fileName();
        const QString obstacle = entry.order.grid.nextToken ? nextTokenObstacle() : QString();
        if (!entry.order.isAutomatic() && entry.order.dump != dumpPath())
            Q_EMIT problem({ ErrorKind::Usage, tr("This sweep is of %1: open that first").arg(name).toStdString() });
        else if (!obstacle.isEmpty())
            Q_EMIT problem({ ErrorKind::Usage, "The sweep was not started: " + obstacle.toStdString() });
        else
            queue->runAgain(id, entry.order.grid.nextToken ? test() : nullptr);
        return;
    }
}

QString Sweeps::commandOf(const SweepOrder& order)
{
    return QString::fromStdString(
        printSweepCommand({ order.grid, order.dump.toStdString(), {}, pathsOf(order.others) }));
}

SweepOrder Sweeps::orderOf(const QString& command)
{
    const SweepCommand parsed = parseSweepCommand(command.toStdString());
    SweepOrder order;
    order.grid = parsed.grid;
    order.dump = QString::fromStdString(parsed.dump);
    for (const std::string& other : parsed.others)
        order.others << QString::fromStdString(other);
    return order;
}

QStringList Sweeps::unfinished() const
{
    QStringList commands;
    for (const SweepOrder& order : m_parts.engine->sweeps()->unfinished())
        commands << commandOf(order);
    return commands;
}

QStringList Sweeps::overDumps() const
{
    QStringList commands;
    for (const SweepQueue::Entry& entry : m_parts.engine->sweeps()->entries())
        if (entry.state == SweepQueue::State::Finished && !entry.order.others.isEmpty() && !entry.order.dump.isEmpty())
            if (const QString command = commandOf(entry.order); !commands.contains(command))
                commands << command;
    return commands;
}

void Sweeps::offer(const QStringList& commands)
{
    const QStringList there = unfinished();
    for (const QString& text : commands) {
        if (there.contains(text))
            continue;
        try {
            if (const SweepOrder order = orderOf(text); !order.dump.isEmpty())
                m_parts.engine->sweeps()->offer(order);
        } catch (const Error&) {
            // Written by another version, which knows other methods.
        }
    }
}

QStringList Sweeps::relocated(const QStringList& commands, const QString& from, const QString& to)
{
    QStringList moved;
    for (const QString& text : commands) {
        try {
            SweepCommand command = parseSweepCommand(text.toStdString());
            if (command.dump == from.toStdString())
                command.dump = to.toStdString();
            moved << QString::fromStdString(printSweepCommand(command));
        } catch (const Error&) {
            // As above.
        }
    }
    return moved;
}

void Sweeps::noteDump()
{
    m_test.reset();
    for (const QString& text : std::exchange(m_toBringBack, {})) {
        try {
            SweepOrder order = orderOf(text);
            if (!m_parts.remembers || order.dump != dumpPath()
                || (order.grid.nextToken && !nextTokenObstacle().isEmpty()))
                continue;
            order.test = order.grid.nextToken ? test() : nullptr;
            m_parts.engine->requestSweep(order);
        } catch (const Error&) {
            // As above.
        }
    }
    Q_EMIT interruptedFound(int(m_parts.engine->sweeps()->interrupted(dumpPath()).size()));
}

void Sweeps::runInterrupted()
{
    for (const quint64 id : m_parts.engine->sweeps()->interrupted(dumpPath()))
        runAgain(id);
}

} // namespace pikv::ui
