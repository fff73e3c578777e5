// SPDX-License-Identifier: GPL-3.0-or-later
// Several texts at several context lengths as dumps, for a next-token test over all of them. Torch-free.
#pragma once
#include "core/base/dtype.h"
#include "core/base/jobcontrol.h"
#include "core/model/model.h"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pikv {

struct TextDumps {
    ModelPtr model;
    std::vector<std::string> files; ///< UTF-8 texts
    std::vector<std::int64_t> contexts; ///< tokens, each at least 1
    std::int64_t positions = 0; ///< predicted behind each context; 0: defaultPositions() of the dump
    std::int64_t queries = 0; ///< last positions whose queries are kept; no more than a dump has tokens
    DType dtype = DType::F16;
    std::string folder; ///< where the dumps go; is made where it is not there
};

/// "512, 1024": each once. Throws Error{Usage} for what is no whole number of at least 1, and for an empty text.
std::vector<std::int64_t> parseContexts(std::string_view text);

/// Tokens of a dump whose next-token test has this context and predicts `positions` positions behind it; 0: as many as
/// defaultPositions() of that dump.
std::int64_t tokensOfContext(std::int64_t context, std::int64_t positions);

/// Captures every text at every context and writes "FOLDER/TEXT-CONTEXT.safetensors"; returns the paths, text by text.
/// A dump of the same tokens, model and type that is there already is taken as it is, any other file is left alone. All
/// texts are read and checked before the first is captured; dumps are whole or not there. Throws Error{Usage}: nothing
/// to capture, two texts of one name, a context beyond the model's; Error{Input}: a text that is too short or
/// unreadable; Error{Resource}: another file stands in the way, no room.
std::vector<std::string> captureTexts(const TextDumps& wish, const JobControl& job = {});

} // namespace pikv
