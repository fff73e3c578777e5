// SPDX-License-Identifier: GPL-3.0-or-later
// The loop over dumps, their names beside each other, and means with intervals.
#include "core/study/dumpsstudy.h"
#include "core/base/text.h"
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

namespace pikv {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> pathsOf(const std::vector<CachePtr>& dumps)
{
    std::vector<std::string> paths;
    for (const CachePtr& dump : dumps)
        paths.push_back(cacheInfo(*dump).path);
    return paths;
}

/// The last `count` parts of a path; all of it where it has no more.
std::string tailOf(const std::string& path, std::size_t count)
{
    std::vector<std::string> parts;
    for (const fs::path& part : fs::path(path).lexically_normal())
        if (!part.empty()) // a slash at the end
            parts.push_back(part.string());
    if (parts.size() <= count)
        return path;
    std::string tail;
    for (std::size_t i = parts.size() - count; i < parts.size(); ++i)
        tail += (tail.empty() ? "" : "/") + parts[i];
    return tail;
}

bool allDiffer(const std::vector<std::string>& texts)
{
    return std::set<std::string>(texts.begin(), texts.end()).size() == texts.size();
}

bool sameSetting(const EvaluationResult& a, const EvaluationResult& b)
{
    return a.control == b.control && a.method == b.method && a.importance == b.importance;
}

} // namespace

std::vector<std::string> shortNames(const std::vector<std::string>& paths)
{
    std::size_t longest = 1;
    for (const std::string& path : paths)
        longest = std::max(longest, path.size());
    for (std::size_t count = 1; count < longest; ++count) {
        std::vector<std::string> names;
        for (const std::string& path : paths)
            names.push_back(tailOf(path, count));
        if (allDiffer(names))
            return names;
    }
    return paths;
}

std::string otherLayers(const CacheInfo& like, const CacheInfo& dump)
{
    if (dump.layers.size() != like.layers.size())
        return "it has " + countText(dump.layers.size(), "layer") + ", the first dump "
            + std::to_string(like.layers.size());
    for (std::size_t i = 0; i < like.layers.size(); ++i) {
        const LayerShape &a = like.layers[i], &b = dump.layers[i];
        const auto text = [](const LayerShape& shape) {
            return countText(std::size_t(shape.kvHeads), "KV head") + " of " + std::to_string(shape.keyDim) + " and "
                + std::to_string(shape.valueDim) + " channels";
        };
        if (a.kvHeads != b.kvHeads || a.keyDim != b.keyDim || a.valueDim != b.valueDim)
            return "its layer " + std::to_string(i) + " has " + text(b) + ", that of the first dump has " + text(a);
    }
    return {};
}

DumpsStudy::DumpsStudy(std::vector<CachePtr> dumps, const StudySettings& settings)
    : m_dumps(std::move(dumps))
    , m_names(shortNames(pathsOf(m_dumps)))
    , m_settings(settings)
{
    if (m_dumps.size() < 2)
        throw usageError("a comparison over dumps needs at least two of them");
    std::set<std::string> seen;
    for (const std::string& path : pathsOf(m_dumps)) {
        std::error_code error;
        if (!seen.insert(fs::weakly_canonical(path, error).string()).second)
            throw usageError("the dump " + inQuotes(path) + " is there twice; each counts once");
    }
    for (const CachePtr& dump : m_dumps)
        if (const std::string why = otherLayers(cacheInfo(*m_dumps.front()), cacheInfo(*dump)); !why.empty())
            throw usageError(cacheInfo(*dump).path + ": " + why + "; means are over dumps of one model");
}

std::vector<DumpResults> DumpsStudy::noResults() const
{
    std::vector<DumpResults> dumps;
    for (std::size_t i = 0; i < m_dumps.size(); ++i)
        dumps.push_back({ m_dumps[i], m_names[i], {} });
    return dumps;
}

void DumpsStudy::run(
    const SweepPoints& points, const EvaluationScope& scope, const Hooks& hooks, const JobControl& job) const
{
    for (std::size_t i = 0; i < m_dumps.size(); ++i) {
        const std::string where
            = m_names[i] + " (" + std::to_string(i + 1) + " of " + std::to_string(m_dumps.size()) + "): ";
        const JobControl named(job.stopToken(), [&](Progress progress) {
            progress.stage = where + progress.stage;
            job.report(progress);
        });
        const auto failed = [&](const SweepPoint& point, const Problem& problem) { hooks.failed(i, point, problem); };
        const SweepPoints fitting = fittingPoints(points, m_dumps[i], m_settings, failed);
        const Tools tools = hooks.prepare(i, Study(m_dumps[i], m_settings), named);
        EvaluationScope own = scope;
        own.nextToken = tools.nextToken.get();
        runSweep(fitting, m_dumps[i], m_settings, own, tools.recorder,
            { [&](const EvaluationResult& result) { hooks.done(i, result); }, failed }, named);
    }
}

const MeanInterval& DumpsMean::of(const MetricInfo& metric) const
{
    return figures.at(static_cast<std::size_t>(&metric - metrics().data()));
}

bool meansByLength(const std::vector<std::int64_t>& lengths)
{
    std::map<std::int64_t, int> dumps;
    for (const std::int64_t length : lengths)
        ++dumps[length];
    return dumps.size() > 1
        && std::all_of(dumps.begin(), dumps.end(), [](const auto& one) { return one.first > 0 && one.second > 1; });
}

bool tellsLengths(const std::vector<DumpsMean>& means)
{
    return std::any_of(means.begin(), means.end(),
        [&](const DumpsMean& mean) { return mean.setting.tokens != means.front().setting.tokens; });
}

std::vector<DumpsMean> meansOverDumps(const std::vector<DumpResults>& dumps, std::uint64_t seed)
{
    std::vector<std::int64_t> lengths;
    for (const DumpResults& dump : dumps)
        lengths.push_back(cacheInfo(*dump.dump).seq());
    return meansOverDumps(dumps, seed, meansByLength(lengths));
}

std::vector<DumpsMean> meansOverDumps(const std::vector<DumpResults>& dumps, std::uint64_t seed, bool byLength)
{
    const auto isOf = [&](const DumpsMean& mean, const EvaluationResult& result) {
        return sameSetting(mean.setting, result) && (!byLength || mean.setting.tokens == result.tokens);
    };
    std::vector<DumpsMean> means;
    for (const DumpResults& dump : dumps)
        for (const EvaluationResult& result : dump.results) {
            const auto known
                = std::find_if(means.begin(), means.end(), [&](const DumpsMean& mean) { return isOf(mean, result); });
            if (known == means.end()) {
                means.push_back({ result, 1, {} });
                continue;
            }
            ++known->dumps;
            if (known->setting.tokens != result.tokens)
                known->setting.tokens = 0;
        }
    for (DumpsMean& mean : means)
        for (const MetricInfo& metric : metrics()) {
            std::vector<double> values;
            for (const DumpResults& dump : dumps)
                for (const EvaluationResult& result : dump.results)
                    if (isOf(mean, result))
                        values.push_back(metric.value(result));
            mean.figures.push_back(bootstrapMean(values, seed));
        }
    return means;
}

} // namespace pikv
