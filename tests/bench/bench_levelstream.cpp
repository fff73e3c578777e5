// SPDX-License-Identifier: GPL-3.0-or-later
// The level coder on one thread: items are levels. Two streams of 1,024 tokens with 192 components of Laplacian levels,
// one after the other and side by side. Argument: log2 of the strongest component's size in quarters.
#include "core/kernels/levelstream.h"
#include <algorithm>
#include <array>
#include <benchmark/benchmark.h>
#include <cmath>
#include <random>
#include <vector>

namespace {

using namespace pikv;

constexpr std::size_t tokens = 1024, components = 192;

struct Stream {
    std::vector<std::int16_t> sizes, levels, decoded;
    std::vector<std::int8_t> classes = std::vector<std::int8_t>(tokens);
    Bytes coded;

    Stream(int strongest, unsigned seed)
        : decoded(tokens * components)
    {
        std::mt19937 engine(seed);
        std::vector<std::geometric_distribution<int>> picks;
        for (std::size_t j = 0; j < components; ++j) {
            sizes.push_back(static_cast<std::int16_t>(strongest - static_cast<int>(j) / 4));
            const double mean = std::exp2(sizes.back() / 4.0);
            picks.emplace_back(1 - (std::sqrt(1 + mean * mean) - 1) / mean);
        }
        for (std::size_t t = 0; t < tokens; ++t)
            for (auto& pick : picks)
                levels.push_back(static_cast<std::int16_t>(std::clamp(pick(engine) - pick(engine), -32767, 32767)));
        encode();
    }
    LevelLayout layout() const { return { components, sizes, classes }; }
    void encode()
    {
        coded.clear();
        encodeLevels(layout(), levels.data(), coded, {});
    }
    StoredLevels stored() { return { layout(), coded, decoded.data() }; }
};

enum class Way { Encode, DecodeAlone, DecodeBoth };

void levels(benchmark::State& state, Way way)
{
    std::array<Stream, 2> streams { Stream(static_cast<int>(state.range(0)), 1),
        Stream(static_cast<int>(state.range(0)), 2) };
    for (auto _ : state)
        if (way == Way::DecodeBoth)
            decodeLevels(streams[0].stored(), streams[1].stored(), {});
        else
            for (Stream& stream : streams)
                way == Way::Encode ? stream.encode() : decodeLevels(stream.stored(), {});
    for (const Stream& stream : streams)
        if (way != Way::Encode && stream.decoded != stream.levels)
            state.SkipWithError("other levels");
    state.SetItemsProcessed(state.iterations() * std::int64_t(2 * tokens * components));
    state.counters["bits/level"] = 8.0 * static_cast<double>(streams[0].coded.size()) / (tokens * components);
}

BENCHMARK_CAPTURE(levels, encode, Way::Encode)->Arg(14)->Arg(6);
BENCHMARK_CAPTURE(levels, alone, Way::DecodeAlone)->Arg(14)->Arg(6);
BENCHMARK_CAPTURE(levels, both, Way::DecodeBoth)->Arg(14)->Arg(6);

} // namespace

BENCHMARK_MAIN();
