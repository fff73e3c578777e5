// SPDX-License-Identifier: GPL-3.0-or-later
// How fast dumps are opened and their layers read, beside a plain read of the same file in the same run: 256 MB of keys
// and values, written anew in the folder for temporary files and in the page cache when they are read. And what it
// takes to open a dump of 20 GB, which is a file full of holes.
#include "core/base/memory.h"
#include "core/cache/kvcache.h"
#include "core/dumps/dumps.h"
#include "core/formats/safetensorswriter.h"
#include <ATen/ops/randn.h>
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace {

using namespace pikv;
namespace fs = std::filesystem;

constexpr int layers = 8;
constexpr std::int64_t heads = 8, tokens = 8192, dim = 128;

class Folder {
public:
    Folder()
    {
        std::string pattern = (fs::temp_directory_path() / "pikv-bench-XXXXXX").string();
        if (::mkdtemp(pattern.data()))
            m_path = pattern;
    }
    ~Folder()
    {
        std::error_code error;
        fs::remove_all(m_path, error);
    }
    std::string file(const std::string& name) const { return (m_path / name).string(); }

private:
    fs::path m_path;
};

/// A dump of that suffix; the one before it is removed.
const std::string& dump(const std::string& suffix)
{
    static const Folder folder;
    static std::string path;
    if (path.ends_with(suffix))
        return path;
    if (!path.empty())
        fs::remove(path);
    path = folder.file("dump" + suffix);
    const at::Tensor plane = at::randn({ 1, heads, tokens, dim }).to(at::kHalf);
    saveCache(MemoryCache({}, std::vector<LayerKv>(layers, LayerKv { plane, plane, {}, {} })), path);
    return path;
}

/// The least that reading can cost: through one buffer of 1 MiB.
void readPlainly(benchmark::State& state, const std::string& suffix)
{
    const std::string& path = dump(suffix);
    std::vector<char> buffer(1 << 20);
    std::int64_t bytes = 0;
    for (auto _ : state) {
        const int file = ::open(path.c_str(), O_RDONLY);
        for (ssize_t got = 1; got > 0; bytes += got)
            got = ::read(file, buffer.data(), buffer.size());
        ::close(file);
    }
    state.SetBytesProcessed(bytes);
}

/// What the program does: opened, and every layer read once.
void readLayers(benchmark::State& state, const std::string& suffix)
{
    const std::string& path = dump(suffix);
    for (auto _ : state) {
        const CachePtr cache = openCache(path);
        for (int i = 0; i < cache->layerCount(); ++i)
            benchmark::DoNotOptimize(cache->layer(i).key.data_ptr());
    }
    state.SetBytesProcessed(state.iterations() * std::int64_t(fs::file_size(path)));
}

/// 80 layers of 128 Ki tokens, without their numbers.
void openSparse(benchmark::State& state)
{
    const Folder folder;
    const std::string path = folder.file("sparse.safetensors");
    std::vector<TensorEntry> tensors;
    for (int i = 0; i < 80; ++i)
        for (const char* part : { ".key", ".value" })
            tensors.push_back({ "layers." + std::to_string(i) + part, DType::F16, { 1, 4, 131072, dim } });
    const std::string head = layOutSafetensors(tensors, { { "kv_format", "pikv-kv-1" } });
    std::ofstream(path, std::ios::binary) << head;
    fs::resize_file(path, head.size() + tensorBytes(tensors));
    const std::uint64_t before = currentRssBytes();
    for (auto _ : state)
        benchmark::DoNotOptimize(openCache(path));
    state.counters["file_GB"] = double(fs::file_size(path)) / 1e9;
    state.counters["memory_MB"] = (double(currentRssBytes()) - double(before)) / 1e6;
}

const bool registered = [] {
    for (const char* suffix : { ".safetensors", ".pt", ".bin", ".npz" }) {
        using Run = void (*)(benchmark::State&, const std::string&);
        for (const auto& [name, run] :
            { std::pair<std::string, Run> { "plain", readPlainly }, { "layers", readLayers } })
            benchmark::RegisterBenchmark((name + suffix).c_str(), run, std::string(suffix))
                ->Unit(benchmark::kMillisecond)
                ->UseRealTime();
    }
    benchmark::RegisterBenchmark("open_sparse", openSparse)->Unit(benchmark::kMillisecond)->UseRealTime();
    return true;
}();

} // namespace

BENCHMARK_MAIN();
