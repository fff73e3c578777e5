// SPDX-License-Identifier: GPL-3.0-or-later
// Time of fit + encode and of decode of one layer: batch 8, 4 KV heads of 64 channels, f32, all cores.
// Every registered method with its defaults; where a method can be calibrated, also with a calibration learned before
// (/shared); and more specs as arguments after "--":
//   bench_methods --benchmark_filter=lora -- lora:rank=64
#include "core/codec/layerview.h"
#include "core/dumps/generate.h"
#include "core/eval/calibrate.h"
#include "core/eval/engine.h"
#include <benchmark/benchmark.h>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <unistd.h>

using namespace pikv;

namespace {

struct Layer {
    CachePtr cache;
    CacheInfo info;
    LayerInput input;
};

const Layer& layerOf(std::int64_t seq)
{
    static std::map<std::int64_t, Layer> layers;
    if (const auto at = layers.find(seq); at != layers.end())
        return at->second;
    GenerateOptions options;
    options.layers = 1;
    options.batch = 8;
    options.kvHeads = 4;
    options.seq = seq;
    options.headDim = 64;
    options.dtype = DType::F32;
    const CachePtr cache = generateCache(options);
    return layers[seq] = { cache, cache->info(), layerInput(*cache, 0, {}, c10::kCPU) };
}

/// Learns on the 1,024 tokens that are timed too; the file is removed when the program ends.
std::string withCalibration(const std::string& spec)
{
    struct Folder {
        std::filesystem::path path
            = std::filesystem::temp_directory_path() / ("pikv-bench-" + std::to_string(getpid()));
        Folder() { std::filesystem::create_directory(path); }
        ~Folder() { std::filesystem::remove_all(path); }
    };
    static const Folder folder;
    static int count = 0;
    const std::string file = (folder.path / (std::to_string(count++) + ".pikv-basis")).string();
    calibrateFile({ { layerOf(1024).cache }, parseSpec(spec), {}, DeviceChoice::Cpu, 0 }, file);
    return spec + (spec.find(':') == std::string::npos ? ":" : ",") + "shared=" + file;
}

void encodeDecode(benchmark::State& state, std::string spec, bool encodes, bool decodes, bool shared)
{
    if (shared)
        spec = withCalibration(spec);
    const auto compressor = makeCompressor(parseSpec(spec));
    const auto* method = compressor->layerwise();
    if (!method)
        return state.SkipWithError("not a layer-by-layer method");
    const Layer& layer = layerOf(state.range(0));
    const JobControl job;
    const CodecContext context { job };
    const EncodedHeader header = encodedHeader(layer.info, spec, 0);
    const SectionSet global = method->globalSections(layer.info, context);
    SectionSet sections = method->encodeOne(layer.input, global, context);
    for (auto _ : state) {
        if (encodes)
            sections = method->encodeOne(layer.input, global, context);
        if (decodes)
            benchmark::DoNotOptimize(
                method->decodeOne(layerOutput(header, 0, 0, sections, global, c10::kCPU), context).key.data_ptr());
    }
    const double tokens = 8.0 * double(state.range(0));
    state.counters["us/token"] = benchmark::Counter(
        tokens * 1e-6, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
    state.counters["16-bit bytes/s"] = benchmark::Counter(
        tokens * 4 * 128 * 2, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
}

void registerSpec(const std::string& spec)
{
    const auto add = [&](const char* what, bool encodes, bool decodes, bool shared = false) {
        benchmark::RegisterBenchmark((spec + what).c_str(),
            [=](benchmark::State& state) { encodeDecode(state, spec, encodes, decodes, shared); })
            ->Arg(128)
            ->Arg(1024)
            ->Arg(16384)
            ->Unit(benchmark::kMillisecond)
            ->MinWarmUpTime(0.3) // the first layer of a process takes its memory from the system, later ones reuse it
            ->MeasureProcessCPUTime() // of all threads: what a busy machine leaves comparable
            ->UseRealTime();
    };
    add("/both", true, true);
    add("/decode", false, true);
    if (canCalibrate(parseSpec(spec).id))
        add("/shared", true, true, true);
}

} // namespace

int main(int argc, char** argv)
{
    // As the programs' launcher does: OpenMP reads how long its threads spin when it is loaded.
    if (!std::getenv("GOMP_SPINCOUNT") && setenv("GOMP_SPINCOUNT", "5000", 1) == 0)
        execv("/proc/self/exe", argv);
    initEngine(0);
    int own = argc;
    for (int i = 1; i < argc; ++i)
        if (std::strcmp(argv[i], "--") == 0)
            own = std::min(own, i);
    for (const MethodInfo& method : Registry::instance().methods())
        if (makeCompressor(parseSpec(method.id))->layerwise())
            registerSpec(method.id);
    for (int i = own + 1; i < argc; ++i)
        registerSpec(argv[i]);
    benchmark::Initialize(&own, argv);
    benchmark::RunSpecifiedBenchmarks();
}
