// SPDX-License-Identifier: GPL-3.0-or-later
// Opening, refusing and measuring one dump of several. Every message names the file: the sweep has others.
#include "ui/engine/otherdump.h"
#include "core/base/filehash.h"
#include "core/dumps/toldstore.h"
#include "core/eval/problem.h"
#include "core/study/dumpsstudy.h"
#include "core/study/recorded.h"
#include "core/study/study.h"
#include "ui/engine/measuredtimes.h"
#include "ui/engine/sweeptest.h"
#include <utility>

namespace pikv::ui {
namespace {

/// A sentence that names the file, whoever wrote it.
Error about(const std::string& path, const Problem& problem)
{
    const bool isNamed = problem.message.find(path) != std::string::npos;
    return Error(problem.kind, isNamed ? problem.message : path + ": " + problem.message);
}

} // namespace

OtherDump::OtherDump(QString path, CachePtr like, std::shared_ptr<ResultStore> store)
    : m_path(std::move(path))
    , m_like(std::move(like))
    , m_store(std::move(store))
{
}

OtherDump::~OtherDump() = default;

CachePtr OtherDump::cache() const
{
    const std::lock_guard lock(m_mutex);
    return m_cache;
}

ResultPtr OtherDump::measure(const Wish& wish, const JobControl& job)
{
    const std::string path = m_path.toStdString();
    m_isRefused = false;
    try {
        open(job);
    } catch (...) {
        const Problem problem = currentProblem();
        m_isRefused = problem.kind != ErrorKind::Cancelled;
        m_state.clear();
        throw about(path, problem);
    }
    try {
        return measureOpen(wish, job);
    } catch (...) {
        throw about(path, currentProblem());
    }
}

void OtherDump::open(const JobControl& job)
{
    const std::string path = m_path.toStdString(), state = fileState(path);
    if (!state.empty() && state == m_state)
        return;
    m_studies.clear();
    m_known.clear();
    m_test.reset();
    const CachePtr cache = openTold(path, {}, Telling::Adds, job).cache;
    if (const std::string obstacle = otherLayers(cacheInfo(*m_like), cacheInfo(*cache)); !obstacle.empty())
        throw inputError(obstacle);
    m_fingerprint = m_store ? fingerprintOf(*cache, m_store.get(), job) : std::string();
    {
        const std::lock_guard lock(m_mutex);
        m_cache = cache;
    }
    m_state = state;
}

std::shared_ptr<Study> OtherDump::studyAt(const StudySettings& settings)
{
    for (const auto& study : m_studies)
        if (study->settings() == settings)
            return study;
    return m_studies.emplace_back(std::make_shared<Study>(cache(), settings));
}

ResultPtr OtherDump::measureOpen(const Wish& wish, const JobControl& job)
{
    StudySettings settings = wish.settings;
    settings.importance = wish.point.importance;
    const std::string key
        = settingsText(settings) + " " + methodText(wish.point.method) + (wish.test ? " with next tokens" : "");
    if (const auto known = m_known.find(key); known != m_known.end() && known->second->timings >= wish.repeat)
        return known->second;
    const std::shared_ptr<Study> study = studyAt(settings);
    std::shared_ptr<NextTokenSession> session;
    if (wish.test) {
        if (!m_test)
            m_test = wish.test->another();
        session = m_test->session(*study, job); // says first what it cannot do
    }
    const Recorder recorder(m_store, m_fingerprint, Origin::Wanted);
    EvaluationScope scope;
    scope.repeat = wish.repeat;
    const Stopwatch watch;
    EvaluationResult result = recorder.evaluate(*study, wish.point.method, scope, job);
    if (result.measured.empty())
        wish.times->addEvaluation(
            wish.point.method.id, watch.seconds(), result.compressSeconds + result.decompressSeconds);
    if (session)
        recorder.score(*study, result, *session, job);
    result.layers.clear();
    return m_known[key] = std::make_shared<EvaluationResult>(std::move(result));
}

} // namespace pikv::ui
