// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytesource.h"

namespace pikv {

/// What a file is by its first bytes; names and extensions are not trusted.
enum class FileKind {
    Empty,
    Safetensors,
    Gguf,
    OldGgml,
    LlamaSession,
    LlamaSequence,
    Npy,
    Zip,
    LegacyTorchSave,
    Pickle,
    Other
};

/// `Safetensors`: the length word fits the file and a JSON object follows; whether it is sound, its reader says.
FileKind detectFile(const ByteSource& file);

/// Throws Error{Input} that says what the file is and what to do instead; returns for Safetensors and Other, about
/// which the safetensors reader knows more.
void refuseForeignFile(const ByteSource& file);

} // namespace pikv
