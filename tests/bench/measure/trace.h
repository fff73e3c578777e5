// SPDX-License-Identifier: GPL-3.0-or-later
// Timestamps for packaging/measure, which explains the events. Everything here does nothing unless the environment's
// PIKV_TRACE names a file.
#pragma once
#include <QElapsedTimer>
#include <QObject>
#include <QString>

namespace pikv::ui::trace {

bool enabled();
/// What to do and then quit: "start", "drag METHOD", "next-token METHOD", "sweep" or "cancel"; "" without PIKV_TRACE.
QString plan();
/// Appends {"event": name, "ms": since the process began}; only from the GUI thread.
void event(const char* name);
/// The same with the "id" of the request that it belongs to.
void event(const char* name, quint64 id);
/// The same for a moment that is past: now() was taken then.
void event(const char* name, quint64 id, double then);
/// ms on the clock of the events.
double now();

/// Records how long the GUI thread was not at its event loop: a "tick" event with its "stall" in ms for every turn of a
/// 1 ms timer, from construction to destruction.
class StallWatch : public QObject {
public:
    explicit StallWatch(QObject* parent = nullptr);

protected:
    void timerEvent(QTimerEvent*) override;

private:
    QElapsedTimer m_sinceTick;
};

} // namespace pikv::ui::trace
