// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QString>
#include <functional>

class QMenu;
class QWidget;

namespace pikv::ui {

class RecentFiles;
class ReportCommand;
class ResultsPanel;
class Session;

/// What asks for a file: opening a dump, saving it or a compressed cache, exporting the table. Dialogs start where the
/// last file was written, else beside the open dump, else beside the newest of the recent ones.
class FileCommands : public QObject {
    Q_OBJECT
public:
    /// Fills `recent` with the dumps that were opened last.
    FileCommands(Session* session, ResultsPanel* table, QMenu* recent, QWidget* window);

    /// False where the user thought better of it, or there is nothing to save; what comes of it: UnsavedCapture.
    bool saveDump();
    /// Where a dialog that opens something starts.
    QString openFolder() const;

public Q_SLOTS:
    void openDump();
    /// The compressed cache of `methodId`.
    void saveCompressed(const QString& methodId);
    void exportTable();
    void exportReport();
    /// Means over dumps; `csv` is asked for once there is a file to write it to.
    void exportMeans(const std::function<QByteArray()>& csv);
    void copyTable();

Q_SIGNALS:
    /// The user chose a dump: it is to be opened once nothing is lost by it.
    void dumpChosen(const QString& path);
    /// One line on what has been done.
    void said(const QString& line);

private:
    QString askSave(const QString& title, const QString& name, const QString& filter, const QString& suffix);

    Session* m_session;
    ResultsPanel* m_table;
    RecentFiles* m_recent;
    ReportCommand* m_report;
    QWidget* m_window;
    QString m_lastFolder; ///< of the last file that was written
};

} // namespace pikv::ui
