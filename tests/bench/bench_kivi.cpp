// SPDX-License-Identifier: GPL-3.0-or-later
// kivi's rate on 256 MB of f16 keys and values, one thread, beside the memory-copy rate of the same run. Bytes per
// second count the 16-bit side: input of encode, output of decode.
#include "core/base/half.h"
#include "core/codec/methods/kivi/kiviplane.h"
#include "core/kernels/bitpack.h"
#include "core/kernels/floatrows.h"
#include <benchmark/benchmark.h>
#include <random>

namespace {

using namespace pikv;

constexpr std::size_t dim = 128, tokens = 4096, planes = 256; // 256 planes x 1 MB

const std::vector<std::uint16_t>& cache()
{
    static const std::vector<std::uint16_t> values = [] {
        std::vector<std::uint16_t> list(planes * tokens * dim);
        std::mt19937 engine(1);
        std::normal_distribution<float> normal;
        for (std::size_t i = 0; i < tokens * dim; ++i)
            list[i] = floatToHalf(normal(engine) * float(1 + i % dim % 7));
        for (std::size_t p = 1; p < planes; ++p)
            std::copy_n(list.begin(), tokens * dim, list.begin() + std::ptrdiff_t(p * tokens * dim));
        return list;
    }();
    return values;
}

constexpr std::int64_t cacheBytes = std::int64_t(planes * tokens * dim * 2);

/// Half of the planes are keys, half are values.
KiviPlane plane(std::size_t p, int bits) { return { tokens, tokens, dim, 32, bits, p % 2 == 0 }; }

/// Plane p of a cache of half precision at `data`.
PlaneRows rowsOf(const void* data, std::size_t p)
{
    auto* halves = static_cast<std::uint16_t*>(const_cast<void*>(data));
    return { halves + p * tokens * dim, DType::F16, std::int64_t(tokens), std::int64_t(dim) };
}

struct Encoded {
    std::vector<Bytes> codes, scales;
    explicit Encoded(int bits)
    {
        for (std::size_t p = 0; p < planes; ++p) {
            codes.emplace_back(plane(p, bits).codeBytes());
            scales.emplace_back(plane(p, bits).scaleBytes());
        }
    }
    std::vector<std::span<std::byte>> parts(std::size_t p) { return { codes[p], scales[p], {} }; }
    std::vector<ByteSpan> stored(std::size_t p) const { return { codes[p], scales[p], {} }; }
};

void copyMemory(benchmark::State& state)
{
    std::vector<std::uint16_t> target(cache().size());
    for (auto _ : state) {
        std::memcpy(target.data(), cache().data(), std::size_t(cacheBytes));
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * cacheBytes);
}

void kiviEncode(benchmark::State& state)
{
    const int bits = int(state.range(0));
    Encoded out(bits);
    for (auto _ : state) {
        for (std::size_t p = 0; p < planes; ++p)
            plane(p, bits).encode(rowsOf(cache().data(), p), out.parts(p), {});
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * cacheBytes);
}

void kiviDecode(benchmark::State& state)
{
    const int bits = int(state.range(0));
    Encoded in(bits);
    for (std::size_t p = 0; p < planes; ++p)
        plane(p, bits).encode(rowsOf(cache().data(), p), in.parts(p), {});
    std::vector<std::uint16_t> target(cache().size());
    for (auto _ : state) {
        for (std::size_t p = 0; p < planes; ++p)
            plane(p, bits).decode(in.stored(p), rowsOf(target.data(), p), {});
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * cacheBytes);
}

BENCHMARK(copyMemory)->Unit(benchmark::kMillisecond)->Name("memory copy");
BENCHMARK(kiviEncode)->Arg(2)->Arg(4)->Unit(benchmark::kMillisecond)->Name("kivi encode, bits");
BENCHMARK(kiviDecode)->Arg(2)->Arg(4)->Unit(benchmark::kMillisecond)->Name("kivi decode, bits");

} // namespace

BENCHMARK_MAIN();
