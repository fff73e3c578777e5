// SPDX-License-Identifier: GPL-3.0-or-later
// All that a window shows, without widgets.
#pragma once
#include "core/codec/methodspec.h"
#include "core/codec/protectedtokens.h"
#include "core/study/presets.h"
#include "ui/engine/engine.h"
#include "ui/session/boundeddefaults.h"
#include "ui/session/unsavedcapture.h"
#include <QObject>
#include <QStringList>
#include <QUndoStack>
#include <optional>

class QItemSelectionModel;

namespace pikv::ui {

class DumpMeansModel;
class MethodsModel;
class LanguageModels;
class NextTokenController;
class ProblemsModel;
class Runs;
class SpecStore;
class Sweeps;
class TrainingRun;
struct SweepChoice;

/// All that the program knows while it runs, without a widget: the open dump and its settings, the methods' parameters
/// and which of them are checked, results, selection, undo, problems, the language model and its scores; and the rules
/// of what runs after an open, an edit, a check or another importance. Views show its parts and call its slots; they
/// hold no state of the work themselves.
class Session : public QObject {
    Q_OBJECT
public:
    /// `store`: where results stay; null: nowhere.
    explicit Session(std::shared_ptr<ResultStore> store = nullptr, QObject* parent = nullptr);
    ~Session() override;

    Engine* engine() { return &m_engine; }
    LanguageModels* languageModels() const { return m_languageModels; }
    NextTokenController* nextToken() const { return m_nextToken; }
    SpecStore* specs() const { return m_specs; }
    MethodsModel* methods() const { return m_methods; }
    ResultsModel* results() const { return m_results; }
    /// On rows of results(), shared by table and charts.
    QItemSelectionModel* selection() const { return m_selection; }
    /// What sweeps over several dumps gave.
    DumpMeansModel* means() const { return m_means; }
    ProblemsModel* problems() const { return m_problems; }
    TrainingRun* training() const { return m_training; }
    Runs* runs() const { return m_runs; }
    Sweeps* sweeps() const { return m_sweeps; }
    QUndoStack* undoStack() { return &m_undo; }
    /// The captured dump that is open and nowhere else; what waits until it is saved.
    UnsavedCapture* capture() { return &m_capture; }

    /// Null where no dump is open.
    const CacheInfo* info() const { return m_engine.info(); }
    /// Path of the open dump; "" for a captured one, and where none is open.
    QString dumpPath() const;
    const ImportanceSpec& importance() const { return m_engine.importance(); }
    static constexpr int severalTimes = 5;
    bool isTimedSeveralTimes() const { return m_timedSeveralTimes; }
    /// Grows with every dump: what an undo would bring back belongs to the dump that it was taken from.
    quint64 dumpCount() const { return m_dumpCount; }

    /// Another importance source, without a step of undo: everything is evaluated anew, and what was known for that
    /// source comes back at once.
    void setImportance(const ImportanceSpec& importance);
    /// Without a step of undo.
    void setChecked(const QString& methodId, bool checked);
    /// The checked methods' settings and grid.
    Preset presentPreset(const QString& name) const;
    /// Without a step of undo, and without checking a method; those that are checked are measured.
    void applySettings(const std::vector<MethodSpec>& settings);
    /// The tokens that every checked method keeps at 16 bits, where they are the same.
    std::optional<ProtectedTokens> protectedTokens() const;
    /// Settings as the user left them: defaults where a short dump alone moved them.
    MethodSpec settingsOf(const QString& methodId) const { return m_defaults.settingsOf(methodId); }

public Q_SLOTS:
    /// The open dump stays until this one is there; whoever asks has seen to an unsaved capture (capture()).
    void openDump(const QString& path);
    /// The same with all that is told of the file from now on.
    void openDumpAs(const QString& path, const pikv::Told& told);
    /// Opens the open dump again with all that is told of it from now on.
    void tellDump(const pikv::Told& told);
    /// Reads the open dump again.
    void reloadDump();
    /// Opens what a language model captured. `note`: what was left out; "" for nothing.
    void adoptCapture(const pikv::CachePtr& cache, const QString& note);
    /// Writes the open dump to `path` and then does what waits for it (capture()).
    void saveDump(const QString& path);
    /// Sweeps the checked methods over the grid of sweeps().
    void runSweep();
    /// Takes a grid over and checks these methods, as one step of undo, and sweeps them.
    void runSweepOf(const pikv::ui::SweepChoice& choice, const QStringList& methods);
    /// Measures the checked methods at their present settings on the open dump and on these.
    void evaluateOver(const QStringList& dumps);
    /// Takes a preset's settings, methods and grid over as one step of undo.
    void usePreset(const pikv::Preset& preset);
    /// Checks the methods of the first start as one step of undo, and sweeps them.
    void runDefaultComparison();
    /// Like for like: every method, in its form and in sweeps, keeps these tokens at 16 bits and no others; nothing: as
    /// each does by default. One step of undo.
    void protectTokens(const std::optional<pikv::ProtectedTokens>& tokens);
    /// Stops what runs; what is there stays.
    void cancelWork();
    /// The same three as steps of undo, for the user's own doing.
    void chooseImportance(const pikv::ImportanceSpec& importance);
    void chooseMethod(const QString& methodId, bool checked);
    void removeResults(const QList<int>& rows);
    /// Evaluates NaN and infinity by leaving them out; the next dump refuses them again.
    void setAcceptNonFinite(bool accept);
    /// Times every result `severalTimes` from now on, or once. On: those that are checked are measured again.
    void setTimedSeveralTimes(bool several);
    /// Caches that share a calibration in the amortised ratio; nothing is measured for it.
    void setSharedCaches(int caches);
    /// Enters it in the problems, and says so.
    void report(const pikv::Problem& problem);

Q_SIGNALS:
    /// Another dump is open: results and training of the one before are gone, nothing runs yet.
    void dumpOpened();
    void dumpFailed(const QString& path);
    /// The importance is another, or the one that was asked for was refused: views show importance().
    void importanceChanged();
    void acceptNonFiniteChanged(bool accept);
    void timedSeveralTimesChanged(bool several);
    /// An edit or its undo: views show what it changed.
    void methodEdited(const QString& methodId);
    /// A problem entered problems(); warnings come silently.
    void problemReported();
    /// Every checked method has its full result for the dump that was opened last.
    void firstChartComplete();
    /// One line on what has been done.
    void said(const QString& line);

private:
    void connectEngine();
    void connectEdits();
    void noteDump();
    void fitDefaults();
    void settleImportance();
    void noteEdit(const QString& methodId);
    void noteChecked(const QString& methodId, bool checked);
    void changeAll(const QString& text, const SweepChoice& choice, const std::vector<MethodSpec>& settings,
        const QStringList& methods, bool only);
    void noteMeasured(const ResultPtr& result, const std::shared_ptr<OtherDump>& other);
    void noteSweepEnd(int done, int total, int failed);

    QUndoStack m_undo;
    SpecStore* m_specs;
    MethodsModel* m_methods;
    ResultsModel* m_results;
    DumpMeansModel* m_means;
    ProblemsModel* m_problems;
    QItemSelectionModel* m_selection;
    TrainingRun* m_training;
    Engine m_engine;
    LanguageModels* m_languageModels;
    NextTokenController* m_nextToken;
    UnsavedCapture m_capture;
    Runs* m_runs;
    Sweeps* m_sweeps;
    BoundedDefaults m_defaults;
    QString m_alikeWarning; ///< the last one of this dump
    bool m_timedSeveralTimes = false;
    bool m_settling = false; ///< the session itself moves settings: no edit
    quint64 m_dumpCount = 0;
};

} // namespace pikv::ui
