// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/detect.h"
#include "core/formats/safetensors.h"
#include <algorithm>
#include <array>
#include <string_view>

namespace pikv {
namespace {

struct Magic {
    std::string_view bytes;
    FileKind kind;
};
using namespace std::string_view_literals;
constexpr std::array magics {
    Magic { "GGUF"sv, FileKind::Gguf },
    Magic { "tjgg"sv, FileKind::OldGgml },
    Magic { "lmgg"sv, FileKind::OldGgml },
    Magic { "fmgg"sv, FileKind::OldGgml },
    Magic { "algg"sv, FileKind::OldGgml },
    Magic { "nsgg"sv, FileKind::LlamaSession },
    Magic { "qsgg"sv, FileKind::LlamaSequence },
    Magic { "\x93NUMPY"sv, FileKind::Npy },
    Magic { "PK\x03\x04"sv, FileKind::Zip },
    Magic { "PK\x05\x06"sv, FileKind::Zip },
    Magic { "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e"sv, FileKind::LegacyTorchSave },
    Magic { "\x80\x02"sv, FileKind::Pickle },
    Magic { "\x80\x03"sv, FileKind::Pickle },
    Magic { "\x80\x04"sv, FileKind::Pickle },
    Magic { "\x80\x05"sv, FileKind::Pickle },
};

const char* const saveAgain
    = "; load it in Python and write its keys and values with resources/exporters/dump_hf.py or "
      "safetensors.torch.save_file";

std::string refusal(FileKind kind)
{
    switch (kind) {
    case FileKind::Empty:
        return "is empty; write the dump again";
    case FileKind::Gguf:
        return "is a GGUF model, not a KV cache; capture a cache with it: pikv capture --model";
    case FileKind::OldGgml:
        return "is a model in a format before GGUF, not a KV cache; convert it to GGUF first";
    case FileKind::LlamaSession:
    case FileKind::LlamaSequence:
        return "is a llama.cpp state file, which this version does not read" + std::string(saveAgain);
    case FileKind::Npy:
        return "is a NumPy array, which this version does not read" + std::string(saveAgain);
    case FileKind::Zip:
        return "is a zip archive (torch.save or NumPy .npz), which this version does not read" + std::string(saveAgain);
    case FileKind::LegacyTorchSave:
        return "was written by torch.save in its old form, which may run code" + std::string(saveAgain);
    case FileKind::Pickle:
        return "is a Python pickle, which may run code" + std::string(saveAgain);
    case FileKind::Safetensors:
    case FileKind::Other:
        break;
    }
    return {};
}

bool looksLikeSafetensors(const std::array<std::byte, 16>& head, std::uint64_t size)
{
    const auto length = loadLe<std::uint64_t>(head.data());
    return size >= 10 && length >= 2 && length <= safetensorsMaxHeader && length <= size - 8
        && std::string_view("{ \t\r\n").find(static_cast<char>(head[8])) != std::string_view::npos;
}

} // namespace

FileKind detectFile(const ByteSource& file)
{
    if (file.size() == 0)
        return FileKind::Empty;
    std::array<std::byte, 16> head {};
    const std::size_t known = std::min<std::uint64_t>(head.size(), file.size());
    file.read(0, std::span(head).first(known));
    // A length word may by chance equal a two-byte magic: what follows it decides.
    if (looksLikeSafetensors(head, file.size()))
        return FileKind::Safetensors;
    const std::string_view text(reinterpret_cast<const char*>(head.data()), known);
    for (const Magic& magic : magics)
        if (text.starts_with(magic.bytes))
            return magic.kind;
    return FileKind::Other;
}

void refuseForeignFile(const ByteSource& file)
{
    if (const std::string text = refusal(detectFile(file)); !text.empty())
        throw inputError(file.name() + " " + text + ".");
}

} // namespace pikv
