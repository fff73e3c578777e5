// SPDX-License-Identifier: GPL-3.0-or-later
// The language model on all cores: loading, prefilling 512 tokens, scoring one method on 512 + 128 tokens (encode and
// decode included, baseline known), and the preview of 16 positions. The default model, or another one:
//   PIKV_MODEL=model.gguf bench_model -- kivi lora:rank=32
// Without a model nothing is measured.
#include "core/base/error.h"
#include "core/eval/engine.h"
#include "core/eval/nexttoken.h"
#include <benchmark/benchmark.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/resource.h>
#include <unistd.h>

using namespace pikv;

namespace {

constexpr std::int64_t kContext = 512, kPredict = 128, kPreview = 16;

std::string modelPath()
{
    static const std::string path = resolveModel("default");
    return path;
}

ModelPtr model()
{
    static const ModelPtr loaded = openModel(modelPath());
    return loaded;
}

/// Ids that use the whole vocabulary: neither prefill nor scoring depends on what they say.
std::vector<std::int64_t> tokens(std::int64_t count)
{
    std::vector<std::int64_t> ids;
    const std::int64_t vocabulary = modelInfo(*model()).vocabulary;
    for (std::int64_t i = 0; i < count; ++i)
        ids.push_back((i * 7919 + 13) % vocabulary);
    return ids;
}

NextTokenSession& session()
{
    static const auto test = [] {
        NextTokenSetup setup;
        setup.model = model();
        setup.texts = { { "bench", tokens(kContext + kPredict + 1), kContext, nullptr } };
        return NextTokenSession::open(std::move(setup));
    }();
    return *test;
}

/// Of the whole process up to now.
double peakMegabytes()
{
    rusage usage {};
    getrusage(RUSAGE_SELF, &usage);
    return double(usage.ru_maxrss) * 1024 / 1e6;
}

void load(benchmark::State& state)
{
    for (auto _ : state)
        benchmark::DoNotOptimize(openModel(modelPath()));
}

void prefill(benchmark::State& state)
{
    const CaptureRequest request { model(), tokens(kContext), 32, DType::F16 };
    for (auto _ : state)
        benchmark::DoNotOptimize(captureCache(request));
    state.counters["tokens/s"] = benchmark::Counter(double(kContext), benchmark::Counter::kIsIterationInvariantRate);
}

void score(benchmark::State& state, const std::string& spec, std::int64_t positions)
{
    NextTokenMethod method;
    method.method = parseSpec(spec);
    method.maxPositions = positions;
    method.topCount = positions > 0 ? 8 : 0;
    (void)session().run(method); // a preview's baseline is made at its first run
    for (auto _ : state)
        benchmark::DoNotOptimize(session().run(method));
    state.counters["peak MB"] = peakMegabytes();
}

void registerSpec(const std::string& spec)
{
    for (const auto& [what, positions] : { std::pair("score/", std::int64_t(0)), std::pair("preview/", kPreview) })
        benchmark::RegisterBenchmark((what + spec).c_str(),
            [spec, positions = positions](benchmark::State& state) { score(state, spec, positions); })
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
}

} // namespace

int main(int argc, char** argv)
{
    // As the programs' launcher does: OpenMP reads how long its threads spin when it is loaded.
    if (!std::getenv("GOMP_SPINCOUNT") && setenv("GOMP_SPINCOUNT", "5000", 1) == 0)
        execv("/proc/self/exe", argv);
    initEngine(0);
    try {
        (void)modelPath();
    } catch (const Error& error) {
        std::printf("skipped: %s\n", error.what());
        return 0;
    }
    int own = argc;
    for (int i = 1; i < argc; ++i)
        if (std::strcmp(argv[i], "--") == 0)
            own = std::min(own, i);
    benchmark::RegisterBenchmark("load", load)->Unit(benchmark::kMillisecond)->UseRealTime();
    benchmark::RegisterBenchmark("prefill 512", prefill)->Unit(benchmark::kMillisecond)->UseRealTime();
    for (const char* spec : { "identity", "kivi", "lora" })
        registerSpec(spec);
    for (int i = own + 1; i < argc; ++i)
        registerSpec(argv[i]);
    benchmark::Initialize(&own, argv);
    benchmark::RunSpecifiedBenchmarks();
}
