// SPDX-License-Identifier: GPL-3.0-or-later
// Runs a fuzz target without libFuzzer: on every file of the folders given, on each of their beginnings, and with each
// of their bytes changed. So that the corpus is a test with any compiler.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv)
{
    std::size_t files = 0, runs = 0;
    const auto run = [&](const std::vector<std::uint8_t>& bytes, std::size_t size) {
        // Copied, so that a read past the end leaves the allocation and sanitizers see it.
        const std::vector<std::uint8_t> exact(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        LLVMFuzzerTestOneInput(exact.data(), exact.size());
        ++runs;
    };
    for (int i = 1; i < argc; ++i)
        for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
            std::ifstream in(entry.path(), std::ios::binary);
            std::vector<std::uint8_t> bytes { std::istreambuf_iterator<char>(in), {} };
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
