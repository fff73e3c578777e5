// SPDX-License-Identifier: GPL-3.0-or-later
// Where finished measurements stay, so that nothing is measured twice. What implements it is a matter of the program:
// the engine works without one. Torch-free.
#pragma once
#include "core/eval/evaluator.h"
#include "core/study/settings.h"
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pikv {

/// What a measurement is known by. Two of one key are the same, times aside.
struct MeasurementKey {
    std::string dump; ///< cacheFingerprint()
    std::string engine; ///< engineId()
    std::string settings; ///< settingsText()
    std::string method; ///< methodText()
    bool operator==(const MeasurementKey&) const = default;
};

/// What the dump is called and where it lay: for the eyes of who looks through a store.
struct DumpFacts {
    std::string path, model, shape;
};

/// Whether somebody wanted the point itself, or passed it with a slider.
enum class Origin { Passed, Wanted };

/// Called from one thread at a time. What goes wrong with it is no reason to stop: find() then finds nothing, add()
/// keeps nothing, and whoever opened the store is told once.
class ResultStore {
public:
    virtual ~ResultStore() = default;

    /// With the figures of layers and heads, and `measured` set. A Wanted one is Wanted from now on.
    virtual std::optional<EvaluationResult> find(const MeasurementKey& key, Origin origin) = 0;
    virtual void add(const MeasurementKey& key, const DumpFacts& dump, const EvaluationResult& result, Origin origin)
        = 0;
    struct Found {
        EvaluationResult result; ///< without layers and heads
        Origin origin = Origin::Passed;
    };
    /// Everything of one dump, engine and settings, the newest 20,000 at most, oldest first.
    virtual std::vector<Found> all(const MeasurementKey& withoutMethod) = 0;

    /// Figures of the next-token test `test` (nextTokenText()) of such a point.
    virtual std::optional<NextTokenMetrics> findScore(const MeasurementKey& key, const std::string& test) = 0;
    virtual void addScore(
        const MeasurementKey& key, const std::string& test, const DumpFacts& dump, const NextTokenMetrics& score)
        = 0;

    /// Those of all points of one dump, engine and settings, by methodText().
    virtual std::map<std::string, NextTokenMetrics> allScores(
        const MeasurementKey& withoutMethod, const std::string& test)
        = 0;

    /// A hash that was computed while a file or folder was in the state `state` (fileState()); "" where none was.
    virtual std::string knownHash(const std::string& state, const std::string& kind) = 0;
    virtual void rememberHash(const std::string& state, const std::string& kind, const std::string& hash) = 0;
};

/// Everything but the method that a figure depends on, as text.
std::string settingsText(const StudySettings& settings);
/// The method with all its parameters; files among them by what is in their place now.
std::string methodText(const MethodSpec& method);

} // namespace pikv
