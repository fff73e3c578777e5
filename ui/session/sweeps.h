// SPDX-License-Identifier: GPL-3.0-or-later
// What the user's sweeps measure, and which of them are still to come.
#pragma once
#include "core/study/sweepgrid.h"
#include "ui/engine/sweepqueue.h"
#include <QMap>
#include <QObject>
#include <QStringList>
#include <vector>

class QUndoStack;

namespace pikv::ui {

class Engine;
class LanguageModels;
class MethodsModel;
class NextTokenController;

/// The grid of sweeps as the user left it, whatever methods are checked.
struct SweepChoice {
    /// By method: "key_bits=[2,4]"; a method that is not here has its own default sweep.
    QMap<QString, QString> lists;
    std::vector<ImportanceSpec> importances; ///< empty: the window's own
    bool nextToken = false;
    QStringList dumps; ///< absolute paths: measured beside the open one, whichever that is
    bool operator==(const SweepChoice&) const = default;

    /// "kivi:key_bits=[2,4]".
    std::string specOf(const QString& methodId) const;
    /// Takes a spec's list over, or forgets it where it is the default one.
    void setSpec(const std::string& spec);
    static QString defaultList(const QString& methodId);
};

/// What points cost before they are measured.
struct SweepEstimate {
    int points = 0; ///< that fit the dump
    int unfit = 0, known = 0; ///< further ones that do not; those of `points` that nothing is measured for
    double seconds = 0; ///< of the others, as far as their times are known
    int untimed = 0; ///< of the others: nothing like it was measured yet
    SweepEstimate& operator+=(const SweepEstimate& other);
    /// "about 40 s", "about 40 s, and 12 points of unknown time", "unknown", "nothing to measure".
    QString timeText() const;
};

struct SweepsParts {
    Engine* engine;
    LanguageModels* models;
    NextTokenController* nextToken;
    MethodsModel* methods;
    QUndoStack* undo;
    bool remembers; ///< results stay in a history
};

class Sweeps : public QObject {
    Q_OBJECT
public:
    explicit Sweeps(const SweepsParts& parts, QObject* parent = nullptr);

    const SweepChoice& choice() const { return m_choice; }
    /// Without a step of undo.
    void setChoice(const SweepChoice& choice);
    /// As a step of undo.
    void choose(const SweepChoice& choice);

    /// Absolute; "" for a captured dump, and where none is open.
    QString dumpPath() const;
    /// The choice as a grid of these methods, its importances named.
    SweepGrid gridOf(const SweepChoice& choice, const QStringList& methods) const;
    /// The same as the command that does it.
    std::string commandOf(const SweepGrid& grid, const QStringList& others) const;
    /// Queues a sweep a method, over the open dump and `others`; says what of the user's own lists does not fit the
    /// dump.
    void start(const SweepGrid& grid, const QStringList& others = {});
    /// The grid of the checked methods.
    void startChecked() { start(gridOf(m_choice, checked()), m_choice.dumps); }
    QStringList checked() const;

    /// Why the model cannot score the dump's next tokens, as a sentence; "" where it can.
    QString nextTokenObstacle() const;
    /// Of one method's points at each of the importances.
    /// On the open dump, and on as many others of which nothing is known.
    SweepEstimate estimate(const std::vector<MethodSpec>& methods, const std::vector<ImportanceSpec>& importances,
        bool nextToken, int others = 0) const;

    /// Says why where it cannot.
    void runAgain(quint64 id);
    /// What is not finished, as commands; and offers such as interrupted ones.
    QStringList unfinished() const;
    void offer(const QStringList& commands);
    /// Finished sweeps over several dumps, as commands: what is on screen of them is means.
    QStringList overDumps() const;
    /// Asks for those of a dump again once it is open, where the history knows their results.
    void bringBack(const QStringList& commands) { m_toBringBack = commands; }
    /// The commands with another dump's path in place of this one's; "": DUMP.
    static QStringList relocated(const QStringList& commands, const QString& from, const QString& to);
    /// Another dump is open.
    void noteDump();
    void runInterrupted();

Q_SIGNALS:
    void choiceChanged();
    /// Sweeps of the dump that is open now were not finished; 0: there is none.
    void interruptedFound(int sweeps);
    void problem(const pikv::Problem& problem);
    void warned(const QString& message);

private:
    void startOne(const SweepGrid& grid, const std::string& spec, const QStringList& others);
    std::shared_ptr<SweepTest> test();

    static QString commandOf(const SweepOrder& order);
    /// Throws Error{Usage} for a command of another version, which knows other methods.
    static SweepOrder orderOf(const QString& command);

    SweepsParts m_parts;
    SweepChoice m_choice;
    QStringList m_toBringBack;
    std::shared_ptr<SweepTest> m_test; ///< of the open dump, of the model that was there
    std::shared_ptr<const void> m_testedModel;
};

} // namespace pikv::ui
