// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/formats/dumpmapping.h"
#include "ui/engine/engine.h"
#include <QObject>

namespace pikv::ui {

class NoticeBar;
class Session;
class UnsavedGuard;

/// Lets the user say which tensors of a file are keys and values: of the open dump, or of a file that was not
/// understood, which a bar above the charts offers.
class MappingCommands : public QObject {
    Q_OBJECT
public:
    MappingCommands(Session* session, UnsavedGuard* guard, QWidget* window);

    /// Shown while there is a file to be mapped. Its place is the window's business.
    NoticeBar* bar() const { return m_bar; }

public Q_SLOTS:
    /// Of the file that was offered last, else of the open dump.
    void mapTensors();
    void mapOpenDump();

private:
    void noteFailure(const QString& path);
    void take(const QString& path, const ListingPtr& listing);
    void ask(const QString& path, const ListingPtr& listing);
    void open(const QString& path, const DumpMapping& mapping);

    Session* m_session;
    UnsavedGuard* m_guard;
    QWidget* m_window;
    NoticeBar* m_bar;
    QString m_offered; ///< a file that could not be opened and has tensors; "": none
    QString m_asked; ///< whose listing is to be shown in a dialog; "": none
};

} // namespace pikv::ui
