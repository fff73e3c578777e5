// SPDX-License-Identifier: GPL-3.0-or-later
// How fast fisher encodes and decodes a dump that lies in memory, by one thread: bytes at 16 bits an element a second
// of processor time, with a calibration (/shared), for which the bases are there, and with bases of the dump's own.
//   bench_fisher --benchmark_filter=step=4 -- dump.safetensors [learned.pikv-basis]
// Without a calibration file one is learned on the dump itself.
#include "core/codec/calibration.h"
#include "core/codec/earlierrows.h"
#include "core/codec/layerview.h"
#include "core/dumps/dumps.h"
#include "core/eval/calibrate.h"
#include "core/eval/engine.h"
#include "core/model/fisherinformation.h"
#include <benchmark/benchmark.h>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <unistd.h>

using namespace pikv;

namespace {

/// A dump with its layers in memory.
struct Loaded {
    CachePtr cache;
    std::vector<LayerInput> layers;

    explicit Loaded(const std::string& path)
        : cache(openCache(path))
    {
        for (int i = 0; i < cache->layerCount(); ++i)
            layers.push_back(layerInput(*cache, i, {}, c10::kCPU));
    }
};

enum class Way { Encode, Decode };

void timed(benchmark::State& state, const Loaded& dump, const std::string& spec, Way way)
{
    const auto compressor = makeCompressor(parseSpec(spec));
    // With prediction=layers it does not offer this side of itself: its layers come in order, with those before.
    const auto* method = dynamic_cast<const LayerwiseCompressor*>(compressor.get());
    const JobControl job;
    const CodecContext context { job };
    const CacheInfo& info = dump.cache->info();
    const EncodedHeader header = encodedHeader(info, spec, 0);
    const SectionSet global = method->globalSections(info, context);
    const auto fisher = method->ownFisher(*dump.cache, context);
    std::vector<SectionSet> encoded(dump.layers.size());
    EarlierRows earlier(info.layers);
    const auto encode = [&](std::size_t i) {
        LayerInput input = dump.layers[i];
        input.fisher = fisher ? &fisher->layers.at(static_cast<std::size_t>(input.index)) : nullptr;
        input.earlier = &earlier;
        encoded[i] = method->encodeOne(input, global, context);
    };
    for (std::size_t i = 0; i < encoded.size(); ++i)
        encode(i);
    const auto decode = [&](std::size_t i) {
        LayerOutput output
            = layerOutput(header, static_cast<int>(i), dump.layers[i].index, encoded[i], global, c10::kCPU);
        output.earlier = &earlier;
        benchmark::DoNotOptimize(method->decodeOne(output, context).key.data_ptr());
    };
    for (auto _ : state) {
        earlier = EarlierRows(info.layers);
        for (std::size_t i = 0; i < encoded.size(); ++i)
            way == Way::Encode ? encode(i) : decode(i);
    }
    std::uint64_t stored = 0;
    for (const SectionSet& layer : encoded)
        stored += layer.byteCount();
    const auto plain = static_cast<double>(info.referenceBytes());
    state.counters["16-bit bytes/s"]
        = benchmark::Counter(plain, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
    state.counters["bits/element"] = 16 * static_cast<double>(stored) / plain;
}

} // namespace

int main(int argc, char** argv)
{
    initEngine(1);
    int own = argc;
    for (int i = 1; i < argc; ++i)
        if (std::strcmp(argv[i], "--") == 0)
            own = std::min(own, i);
    if (own + 1 >= argc) {
        std::fputs("usage: bench_fisher [options] -- DUMP [CALIBRATION]\n", stderr);
        return 2;
    }
    const Loaded dump(argv[own + 1]);
    std::string calibration = own + 2 < argc ? argv[own + 2] : "";
    if (calibration.empty()) {
        calibration
            = std::filesystem::temp_directory_path() / ("pikv-bench-" + std::to_string(getpid()) + ".pikv-basis");
        calibrateFile({ { dump.cache }, parseSpec("fisher"), {}, DeviceChoice::Cpu, 0 }, calibration);
    }
    const std::string prediction = parseSpec(loadCalibration(calibration).header.spec).params.text("prediction");
    for (const char* step : { "4", "8", "16" })
        for (const bool shared : { true, false })
            for (const Way way : { Way::Encode, Way::Decode }) {
                std::string spec = std::string("fisher:step=") + step;
                const std::string name
                    = spec + (shared ? "/shared" : "/own") + (way == Way::Encode ? "/encode" : "/decode");
                spec += shared ? ",shared=" + calibration + ",prediction=" + prediction : "";
                benchmark::RegisterBenchmark(
                    name.c_str(), [&dump, spec, way](benchmark::State& state) { timed(state, dump, spec, way); })
                    ->Unit(benchmark::kMillisecond)
                    ->MeasureProcessCPUTime();
            }
    benchmark::Initialize(&own, argv);
    benchmark::RunSpecifiedBenchmarks();
    if (own + 2 >= argc)
        std::filesystem::remove(calibration);
}
