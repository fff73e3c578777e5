// SPDX-License-Identifier: GPL-3.0-or-later
// Runs a fuzz target without libFuzzer: on every file of the folders given, on each of their beginnings, and with each
// of their bytes changed. So that the corpus is a test with any compiler. Memory is counted meanwhile: what a parser
// takes is bounded by the size of what it parses.
#include "countedmemory.h"
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// Bytes that a target may hold at once for an input of that size. Of those that say nothing else: a value a byte of
/// the input, the buffers of a decompressor, and what the target itself decodes.
[[gnu::weak]] std::uint64_t fuzzMemoryBound(std::size_t size)
{
    return (std::uint64_t(2) << 20) + 512 * std::uint64_t(size);
}

int main(int argc, char** argv)
{
    fuzz::countAllMemory();
    std::size_t files = 0, runs = 0;
    const auto run = [&](const std::vector<std::uint8_t>& bytes, std::size_t size) {
        // Copied, so that a read past the end leaves the allocation and sanitizers see it.
        const std::vector<std::uint8_t> exact(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        const std::uint64_t before = fuzz::startCounting();
        LLVMFuzzerTestOneInput(exact.data(), exact.size());
        const std::uint64_t taken = fuzz::mostHeld() - before;
        if (taken > fuzzMemoryBound(size)) {
            std::printf("%llu bytes were held for an input of %zu\n", static_cast<unsigned long long>(taken), size);
            std::abort();
        }
        ++runs;
    };
    for (int i = 1; i < argc; ++i)
        for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
            std::ifstream in(entry.path(), std::ios::binary);
            std::vector<std::uint8_t> bytes { std::istreambuf_iterator<char>(in), {} };
            std::printf("%s\n", entry.path().c_str());
            std::fflush(stdout); // so that a crash says where
            ++files;
            for (std::size_t size = 0; size <= bytes.size(); ++size)
                run(bytes, size);
            for (std::uint8_t& byte : bytes)
                for (const int change : { 0x01, 0x02, 0x10, 0x20, 0x80, 0xFF }) {
                    byte ^= static_cast<std::uint8_t>(change);
                    run(bytes, bytes.size());
                    byte ^= static_cast<std::uint8_t>(change);
                }
        }
    std::printf("%zu files, %zu runs\n", files, runs);
    return files == 0;
}
