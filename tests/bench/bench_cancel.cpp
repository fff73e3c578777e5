// SPDX-License-Identifier: GPL-3.0-or-later
// How long encode and decode go on after they were asked to stop, at moments spread over the whole of their work: the
// promise is 50 ms. One layer of 8 sequences of 1,024 tokens and 256 channels, and one of 8,192 tokens and 1,024
// channels; every registered method with its defaults, and more specs as arguments after "--". Of "learned:SPEC" there
// the calibration on three layers of 1,024 tokens and 512 channels, and encode and decode with it.
#include "core/base/error.h"
#include "core/codec/compressor.h"
#include "core/dumps/generate.h"
#include "core/eval/engine.h"
#include "core/eval/evaluator.h"
#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

using namespace pikv;
using Clock = std::chrono::steady_clock;

namespace {

double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

CachePtr cacheOf(std::int64_t batch, std::int64_t kvHeads, std::int64_t seq, std::int64_t headDim, int layers = 1)
{
    GenerateOptions options;
    options.layers = layers;
    options.batch = batch;
    options.kvHeads = kvHeads;
    options.seq = seq;
    options.headDim = headDim;
    return generateCache(options);
}

enum class Work { RoundTrip, Calibration };

/// False where it was stopped before the end.
bool run(const Compressor& method, const std::shared_ptr<const KvCache>& cache, Work work, const JobControl& job)
{
    try {
        if (work == Work::Calibration)
            method.calibrate({ cache }, {}, { job });
        else
            method.decode(method.encode(*cache, {}, { job }), { job });
        return true;
    } catch (const Error& e) {
        if (e.kind() != ErrorKind::Cancelled)
            throw;
        return false;
    }
}

void cancelled(benchmark::State& state, const MethodSpec& spec, const std::shared_ptr<const KvCache>& cache,
    Work work = Work::RoundTrip)
{
    const auto method = makeCompressor(spec);
    try {
        work == Work::Calibration ? method->validateLearning(cache->info()) : method->validate(cache->info());
    } catch (const Error& e) {
        return state.SkipWithError(e.what());
    }
    run(*method, cache, work, {}); // takes its memory
    const auto start = Clock::now();
    run(*method, cache, work, {});
    const double whole = secondsSince(start);
    const auto moments = static_cast<double>(state.max_iterations);
    double worst = 0, moment = 0.5;
    for (auto _ : state) {
        std::stop_source stop;
        Clock::time_point ended;
        std::thread worker([&] {
            run(*method, cache, work, JobControl(stop.get_token()));
            ended = Clock::now();
        });
        std::this_thread::sleep_for(std::chrono::duration<double>(whole * moment++ / moments));
        const auto asked = Clock::now();
        stop.request_stop();
        worker.join();
        const double late = std::max(0.0, std::chrono::duration<double>(ended - asked).count());
        state.SetIterationTime(late);
        worst = std::max(worst, late);
    }
    state.counters["worst ms"] = worst * 1000;
    state.counters["whole ms"] = whole * 1000;
}

} // namespace

int main(int argc, char** argv)
{
    initEngine(0);
    int own = argc;
    for (int i = 1; i < argc; ++i)
        if (std::strcmp(argv[i], "--") == 0)
            own = std::min(own, i);
    const CachePtr square = cacheOf(8, 4, 1024, 64), wide = cacheOf(1, 8, 8192, 128);
    const auto add = [](const std::string& name, auto&& body) {
        benchmark::RegisterBenchmark(name.c_str(), body)
            ->Iterations(40)
            ->UseManualTime()
            ->Unit(benchmark::kMillisecond);
    };
    const auto addSpec = [&](const std::string& spec) {
        for (const auto& [name, cache] : { std::pair("8x1024x256", square), std::pair("8192x1024", wide) })
            add(spec + "/" + name,
                [spec, cache = cache](benchmark::State& state) { cancelled(state, parseSpec(spec), cache); });
    };
    for (const MethodInfo& method : Registry::instance().methods())
        addSpec(method.id);
    const std::string prefix = "learned:";
    const std::string file = (std::filesystem::temp_directory_path() / "bench_cancel.pikv-basis").string();
    for (int i = own + 1; i < argc; ++i) {
        const std::string spec = argv[i];
        if (!spec.starts_with(prefix)) {
            addSpec(spec);
            continue;
        }
        const MethodSpec learned = parseSpec(spec.substr(prefix.size()));
        const CachePtr deep = cacheOf(1, 4, 1024, 128, 3);
        add(spec + "/calibrate", [=](benchmark::State& state) { cancelled(state, learned, deep, Work::Calibration); });
        add(spec + "/use", [=](benchmark::State& state) {
            makeCompressor(learned)->calibrate({ deep }, {}, { JobControl() }).save(file);
            MethodSpec with = learned;
            with.params.set("shared", file);
            cancelled(state, with, deep);
            std::filesystem::remove(file);
        });
    }
    benchmark::Initialize(&own, argv);
    benchmark::RunSpecifiedBenchmarks();
}
