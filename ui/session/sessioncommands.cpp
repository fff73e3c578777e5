// SPDX-License-Identifier: GPL-3.0-or-later
// What the user does beside editing parameters, as steps of undo. Results come back to the dump that they were taken
// from; with another one open an undo brings back the choice alone.
#include "ui/session/sessioncommands.h"
#include "ui/models/counted.h"
#include "ui/models/methodsmodel.h"
#include "ui/models/specstore.h"
#include "ui/session/session.h"

namespace pikv::ui {

CheckMethodCommand::CheckMethodCommand(Session* session, const QString& methodId, bool checked)
    : m_session(session)
    , m_method(methodId)
    , m_checked(checked)
{
    const QString label = MethodsModel::labelOf(methodId);
    setText(checked ? QObject::tr("check %1").arg(label) : QObject::tr("uncheck %1").arg(label));
}

void CheckMethodCommand::apply(bool checked)
{
    ResultsModel* results = m_session->results();
    if (!checked) {
        m_rows = results->rowsOf(m_method);
        m_dump = m_session->dumpCount();
    } else if (m_dump == m_session->dumpCount()) {
        results->restore(m_rows);
    }
    m_session->setChecked(m_method, checked);
}

ImportanceCommand::ImportanceCommand(Session* session, const ImportanceSpec& importance)
    : QUndoCommand(QObject::tr("change the importance source"))
    , m_session(session)
    , m_before(session->importance())
    , m_after(importance)
{
}

void ImportanceCommand::undo() { m_session->setImportance(m_before); }
void ImportanceCommand::redo() { m_session->setImportance(m_after); }

bool ImportanceCommand::mergeWith(const QUndoCommand* other)
{
    const auto& next = static_cast<const ImportanceCommand*>(other)->m_after;
    if (m_before.source != m_after.source || next.source != m_after.source)
        return false;
    m_after = next;
    setObsolete(m_before == m_after);
    return true;
}

RemoveResultsCommand::RemoveResultsCommand(Session* session, const QList<int>& rows)
    : m_session(session)
    , m_dump(session->dumpCount())
{
    for (int row : rows)
        m_rows << session->results()->row(row);
    setText(QObject::tr("remove %1").arg(counted(rows.size(), QObject::tr("result"), QObject::tr("results"))));
}

void RemoveResultsCommand::undo()
{
    if (m_dump == m_session->dumpCount())
        m_session->results()->restore(m_rows);
}

void RemoveResultsCommand::redo()
{
    ResultsModel* results = m_session->results();
    QList<int> rows;
    for (int row = 0; row < results->resultCount(); ++row)
        for (const ResultRow& taken : m_rows)
            if (sameSettings(*taken.result, *results->row(row).result))
                rows << row;
    results->removeRowsAt(rows);
}

SettingsCommand::SettingsCommand(Session* session, const QString& text, std::vector<MethodSpec> settings)
    : QUndoCommand(text)
    , m_session(session)
    , m_after(std::move(settings))
{
    for (const MethodSpec& spec : m_after)
        m_before.push_back(session->specs()->spec(QString::fromStdString(spec.id)));
    setObsolete(m_before == m_after);
}

void SettingsCommand::apply(const std::vector<MethodSpec>& settings) { m_session->applySettings(settings); }

SweepChoiceCommand::SweepChoiceCommand(Sweeps* sweeps, SweepChoice choice)
    : QUndoCommand(QObject::tr("change the sweep"))
    , m_sweeps(sweeps)
    , m_before(sweeps->choice())
    , m_after(std::move(choice))
{
}

} // namespace pikv::ui
