// SPDX-License-Identifier: GPL-3.0-or-later
// The user's doing as steps of undo, beside the edits of parameters.
#pragma once
#include "core/cache/importance.h"
#include "ui/models/resultsmodel.h"
#include "ui/session/sweeps.h"
#include <QUndoCommand>

namespace pikv::ui {

class Session;

/// Steps of undo beside the edits of parameters (EditSpecCommand), whose id is 1.
enum CommandId { ImportanceCommandId = 2 };

/// A method is put on the charts or taken off them. Unchecking takes its results along; undo brings them back where the
/// dump is still the same.
class CheckMethodCommand : public QUndoCommand {
public:
    CheckMethodCommand(Session* session, const QString& methodId, bool checked);
    void undo() override { apply(!m_checked); }
    void redo() override { apply(m_checked); }

private:
    void apply(bool checked);

    Session* m_session;
    QString m_method;
    bool m_checked;
    QList<ResultRow> m_rows; ///< what unchecking took
    quint64 m_dump = 0; ///< Session::dumpCount() of m_rows
};

/// Another importance source. Turns of one source's level or seed become one entry.
class ImportanceCommand : public QUndoCommand {
public:
    ImportanceCommand(Session* session, const ImportanceSpec& importance);
    void undo() override;
    void redo() override;
    int id() const override { return ImportanceCommandId; }
    bool mergeWith(const QUndoCommand* other) override;

private:
    Session* m_session;
    ImportanceSpec m_before, m_after;
};

/// Rows are taken out of the results.
class RemoveResultsCommand : public QUndoCommand {
public:
    RemoveResultsCommand(Session* session, const QList<int>& rows);
    void undo() override;
    void redo() override;

private:
    Session* m_session;
    QList<ResultRow> m_rows;
    quint64 m_dump;
};

/// Settings of many methods at once, which checks none of them.
class SettingsCommand : public QUndoCommand {
public:
    SettingsCommand(Session* session, const QString& text, std::vector<MethodSpec> settings);
    void undo() override { apply(m_before); }
    void redo() override { apply(m_after); }

private:
    void apply(const std::vector<MethodSpec>& settings);

    Session* m_session;
    std::vector<MethodSpec> m_before, m_after;
};

/// Another grid for sweeps.
class SweepChoiceCommand : public QUndoCommand {
public:
    SweepChoiceCommand(Sweeps* sweeps, SweepChoice choice);
    void undo() override { m_sweeps->setChoice(m_before); }
    void redo() override { m_sweeps->setChoice(m_after); }

private:
    Sweeps* m_sweeps;
    SweepChoice m_before, m_after;
};

} // namespace pikv::ui
