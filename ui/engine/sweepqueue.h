// SPDX-License-Identifier: GPL-3.0-or-later
// Sweeps in a line: each a grid of points, evaluated one by one while nothing more urgent waits.
#pragma once
#include "core/study/sweepgrid.h"
#include "ui/engine/dumpstudy.h"
#include "ui/engine/otherdump.h"
#include "ui/jobs/latest.h"
#include <QHash>
#include <QList>
#include <QObject>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pikv::ui {

/// A sweep as it is asked for.
struct SweepOrder {
    SweepGrid grid; ///< one that the user started: it can be asked for again, in this run of the program or the next
    QString dump; ///< path of the dump that it is of
    std::shared_ptr<SweepTest> test {}; ///< where grid.nextToken
    /// One that follows an opening or a check has points alone: it goes with the dump, or its importance.
    std::vector<MethodSpec> points {};
    QStringList others {}; ///< paths of further dumps, which are measured alike after the open one
    bool isAutomatic() const { return grid.specs.empty(); }
};

class SweepQueue : public QObject {
    Q_OBJECT
public:
    enum class State { Waiting, Running, Finished, Cancelled, Interrupted };
    Q_ENUM(State)
    struct Entry {
        quint64 id = 0;
        SweepOrder order;
        QString title; ///< "kivi:key_bits=[2,4]", or the methods of automatic ones
        State state = State::Waiting;
        int total = 0, done = 0, failed = 0; ///< points; the failed ones are among the done ones
        struct Open {
            SweepPoint point;
            std::shared_ptr<OtherDump> dump; ///< null: the open one
        };
        std::deque<Open> open {}; ///< not begun
        bool isActive() const { return state == State::Waiting || state == State::Running; }
    };

    SweepQueue(JobQueue* queue, DumpStudy* study, QObject* parent = nullptr);

    /// Behind the others, only while a dump is open. Points that wait already are not repeated. Throws Error{Usage}
    /// for a grid that is no sweep.
    void request(const SweepOrder& order);
    /// One that was not finished on another day: Interrupted until runAgain().
    void offer(const SweepOrder& order);
    /// Every sweep, finished ones too, in the order in which they run.
    const std::vector<Entry>& entries() const { return m_entries; }
    /// What the user started and what is not finished.
    QList<SweepOrder> unfinished() const;
    /// Interrupted ones of this dump.
    QList<quint64> interrupted(const QString& dump) const;

    /// No further point begins; the one that runs comes to its end.
    void setPaused(bool paused);
    bool isPaused() const { return m_paused; }
    /// To the place of another one; what runs first may be another one from the next point on.
    void move(quint64 id, int row);
    /// Takes its points that are still to come out.
    void cancel(quint64 id);
    /// A cancelled, interrupted or finished one waits once more; what is known of it is not measured again. Only of the
    /// open dump; `test` as in the order.
    void runAgain(quint64 id, const std::shared_ptr<SweepTest>& test);
    /// Forgets one that is not active.
    void remove(quint64 id);
    void removeEnded();

    /// Takes a method's points that are still to come out of the sweeps.
    void dropMethod(const QString& methodId);
    /// Another dump: all end; the user's are Interrupted. Without a word.
    void dropAll();
    /// Other settings: automatic ones end without a word, the user's go on with proceed().
    void suspend();
    void proceed() { feed(); }
    /// All end as cancelled, and finished() says how far they came.
    void cancelAll();

    /// Points are to come, and it is not paused.
    bool isRunning() const { return m_done < m_total && !(m_paused && m_inFlight.empty()); }
    /// Points since the queue was last empty; 0 while it is.
    int total() const { return m_total; }
    /// Those of them that are measured or have failed.
    int done() const { return m_done; }
    /// Seconds of what is to come of an entry, by what its methods took so far; nothing where one of them was not
    /// measured yet.
    std::optional<double> secondsLeft(const Entry& entry) const;

    /// "Sweep finished: 48 of 52 points, 4 failed"; the arguments are those of finished().
    static QString summary(int done, int total, int failed);

Q_SIGNALS:
    /// Of the open dump.
    void ready(const pikv::ui::ResultPtr& result);
    /// Of an entry over several dumps, of whichever it is; after ready(). `other`: null for the open dump.
    void measured(const pikv::ui::ResultPtr& result, const std::shared_ptr<pikv::ui::OtherDump>& other);
    /// A point came to nothing; the sweep goes on.
    void failed(const pikv::ui::JobProblem& problem);
    /// No point is to come any more. `done` is less than `total` where it was cancelled; `failed` of the done ones came
    /// to nothing.
    void finished(int done, int total, int failed);
    /// entries(): other ones, or in another order.
    void listChanged();
    /// An entry's state or how far it is, isPaused() included.
    void stateChanged();

private:
    struct Flight {
        quint64 entry;
        std::string key;
        Entry::Open open;
    };
    std::vector<Entry>::iterator find(quint64 id);
    static std::string keyOf(const Entry::Open& open, const Entry& entry);
    std::shared_ptr<OtherDump> other(const QString& path);
    std::function<ResultPtr(const JobControl&)> work(const Entry::Open& open, const Entry& entry);
    void fill(Entry& entry);
    void queueUp(Entry entry);
    void feed();
    void start(Entry& entry);
    void takeBack(std::size_t from);
    void arrived(const std::string& key, const ResultPtr& result);
    void missed(const std::string& key, const JobProblem& problem);
    void landed(const std::string& key, bool hasFailed);
    void leaveOut(Entry& entry, const OtherDump* dump, const std::string& but);
    void end(Entry& entry, State state);
    void settle();
    void sortEnded();

    DumpStudy* m_study;
    Latest<ResultPtr> m_points; ///< by keyOf()
    std::vector<Entry> m_entries;
    std::deque<Flight> m_inFlight; ///< in the jobs' line: the one that runs, and one behind it so that nothing idles
    std::map<std::string, quint64> m_waiting; ///< keys of points that are to come, and their entry
    QHash<QString, std::shared_ptr<OtherDump>> m_others; ///< by path, while the dump beside them is open
    quint64 m_lastId = 0;
    int m_total = 0, m_done = 0, m_failed = 0;
    bool m_paused = false;
};

} // namespace pikv::ui
