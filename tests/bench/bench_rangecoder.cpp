// SPDX-License-Identifier: GPL-3.0-or-later
// The range coder on one thread: bytes per second are symbols per second. Arguments: a model's standard deviation in
// quarter octaves of a step; whether symbols alternate between two tables as those of keyframes and predicted tokens
// do.
#include "core/kernels/residualmodel.h"
#include <benchmark/benchmark.h>
#include <random>

namespace {

using namespace pikv;

constexpr std::size_t count = 1 << 17; // a block of 2,048 tokens of 64 channels

struct Input {
    const FrequencyTable* tables[2];
    std::vector<std::uint8_t> symbols, contexts;
    Bytes coded;

    explicit Input(const benchmark::State& state)
        : symbols(count)
        , contexts(count)
    {
        const ResidualModel model(static_cast<std::uint8_t>(1 + state.range(0) - ResidualModel::lowestScale));
        const FrequencyTable& table = model.table(0).frequencies;
        tables[0] = tables[1] = &table;
        std::vector<double> weights;
        for (std::size_t s = 0; s < table.alphabet(); ++s)
            weights.push_back(table.frequency(s));
        std::mt19937 engine(1);
        std::discrete_distribution<int> pick(weights.begin(), weights.end());
        for (std::size_t i = 0; i < count; ++i) {
            symbols[i] = static_cast<std::uint8_t>(pick(engine));
            contexts[i] = i % 8 == 0;
        }
        encode(coded, state.range(1));
    }
    void encode(Bytes& out, bool alternating) const
    {
        out.clear();
        const SymbolRun run { symbols, tables, alternating ? contexts.data() : nullptr };
        rangeEncode({ &run, 1 }, out);
    }
};

void encodeSymbols(benchmark::State& state)
{
    const Input input(state);
    Bytes out;
    for (auto _ : state) {
        input.encode(out, state.range(1));
        benchmark::DoNotOptimize(out.data());
    }
    state.SetBytesProcessed(state.iterations() * std::int64_t(count));
}

void decodeSymbols(benchmark::State& state)
{
    const Input input(state);
    std::vector<std::uint8_t> out(count);
    for (auto _ : state) {
        RangeDecoder decoder(input.coded);
        decoder.decode(out, input.tables, state.range(1) ? input.contexts.data() : nullptr);
        decoder.finish();
        benchmark::DoNotOptimize(out.data());
    }
    state.SetBytesProcessed(state.iterations() * std::int64_t(count));
}

BENCHMARK(encodeSymbols)->ArgsProduct({ { -6, 0, 8, 16 }, { 0, 1 } });
BENCHMARK(decodeSymbols)->ArgsProduct({ { -6, 0, 8, 16 }, { 0, 1 } });

} // namespace

BENCHMARK_MAIN();
