// SPDX-License-Identifier: GPL-3.0-or-later
// The build of this library, from the note that its linker left in it; the processor, from the kernel.
#include "core/eval/engineid.h"
#include "core/base/text.h"
#include "core/eval/engine.h"
#include <chrono>
#include <cstring>
#include <ctime>
#include <fstream>
#include <link.h>
#include <torch/version.h>

namespace pikv {
namespace {

struct Search {
    ElfW(Addr) address; ///< in the library that is looked for
    std::string build;
};

std::string hexDigits(const unsigned char* bytes, std::size_t count)
{
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
        text += { digits[bytes[i] >> 4], digits[bytes[i] & 15] };
    return text;
}

/// The NT_GNU_BUILD_ID of one segment of notes; "" where it has none. Notes are padded to four bytes.
std::string buildIn(const char* at, std::size_t size)
{
    const auto padded = [](std::size_t n) { return (n + 3) & ~std::size_t(3); };
    const char* end = at + size;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
        ElfW(Nhdr) note;
        std::memcpy(&note, at, sizeof note);
        const char* name = at + sizeof note;
        const char* content = name + padded(note.n_namesz);
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0)
            return hexDigits(reinterpret_cast<const unsigned char*>(content), note.n_descsz);
        at = content + padded(note.n_descsz);
    }
    return {};
}

int visit(dl_phdr_info* library, std::size_t, void* data)
{
    auto& search = *static_cast<Search*>(data);
    bool isIt = false;
    for (int i = 0; i < library->dlpi_phnum; ++i) {
        const auto& segment = library->dlpi_phdr[i];
        const ElfW(Addr) begin = library->dlpi_addr + segment.p_vaddr;
        isIt = isIt
            || (segment.p_type == PT_LOAD && search.address >= begin && search.address < begin + segment.p_memsz);
    }
    for (int i = 0; isIt && search.build.empty() && i < library->dlpi_phnum; ++i)
        if (const auto& segment = library->dlpi_phdr[i]; segment.p_type == PT_NOTE)
            search.build
                = buildIn(reinterpret_cast<const char*>(library->dlpi_addr + segment.p_vaddr), segment.p_memsz);
    return isIt ? 1 : 0;
}

std::string processorName()
{
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name"))
            return trimmed(std::string_view(line).substr(line.find(':') + 1));
    return "unknown processor";
}

} // namespace

const std::string& engineId()
{
    static const std::string id = [] {
        Search search { reinterpret_cast<ElfW(Addr)>(&visit), {} };
        ::dl_iterate_phdr(&visit, &search);
        return "" PIKV_VERSION " build " + (search.build.empty() ? "unknown" : search.build)
            + " LibTorch " TORCH_VERSION;
    }();
    return id;
}

std::string machineText() { return processorName() + ", " + countText(std::uint64_t(engineThreads()), "thread"); }

std::string timeText()
{
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm parts {};
    ::gmtime_r(&now, &parts);
    char text[32];
    return { text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) };
}

} // namespace pikv
