// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace.h"
#include <QFile>
#include <QTimerEvent>
#include <algorithm>
#include <ctime>
#include <memory>
#include <unistd.h>

namespace pikv::ui::trace {
namespace {

constexpr int tickMs = 1;

QFile* file()
{
    static const std::unique_ptr<QFile> opened = [] {
        std::unique_ptr<QFile> candidate;
        if (const QString path = qEnvironmentVariable("PIKV_TRACE"); !path.isEmpty()) {
            candidate = std::make_unique<QFile>(path);
            if (!candidate->open(QIODevice::WriteOnly | QIODevice::Append | QIODevice::Unbuffered))
                candidate.reset();
        }
        return candidate;
    }();
    return opened.get();
}

double bootMs()
{
    timespec now {};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return double(now.tv_sec) * 1e3 + double(now.tv_nsec) / 1e6;
}

/// When the kernel started this process, so that loading the libraries is counted; to a clock tick (10 ms).
double processStartMs()
{
    QFile stat("/proc/self/stat");
    if (!stat.open(QIODevice::ReadOnly))
        return bootMs();
    const QByteArray text = stat.readAll();
    // Field 22, counted after the program's name, which may hold blanks.
    const auto fields = text.mid(text.lastIndexOf(')') + 2).split(' ');
    return fields.value(19).toDouble() * 1e3 / double(sysconf(_SC_CLK_TCK));
}

void write(const char* name, double ms, const QByteArray& extra = {})
{
    if (file())
        file()->write(
            "{\"event\": \"" + QByteArray(name) + "\", \"ms\": " + QByteArray::number(ms, 'f', 3) + extra + "}\n");
}

} // namespace

bool enabled() { return file() != nullptr; }

QString plan() { return enabled() ? qEnvironmentVariable("PIKV_TRACE_PLAN") : QString(); }

double now()
{
    static const double start = processStartMs();
    return bootMs() - start;
}

void event(const char* name) { write(name, now()); }

void event(const char* name, quint64 id) { event(name, id, now()); }

void event(const char* name, quint64 id, double then) { write(name, then, ", \"id\": " + QByteArray::number(id)); }

StallWatch::StallWatch(QObject* parent)
    : QObject(parent)
{
    if (!enabled())
        return;
    m_sinceTick.start();
    startTimer(tickMs, Qt::PreciseTimer);
}

void StallWatch::timerEvent(QTimerEvent*)
{
    const double gap = double(m_sinceTick.nsecsElapsed()) / 1e6;
    write("tick", now(), ", \"stall\": " + QByteArray::number(std::max(0.0, gap - tickMs), 'f', 3));
    m_sinceTick.start();
}

} // namespace pikv::ui::trace
