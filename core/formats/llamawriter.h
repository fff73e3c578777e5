// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/formats/tensorwriter.h"

namespace pikv {

/// Writes a slot of llama.cpp (ggsq), which `POST /slots/0?action=restore` of its server and
/// llama_state_seq_load_file() take into a context of the same model, type of cache and flash attention: one sequence
/// whose layers all have the same tokens, keys and values f16, bf16 or f32. Of the version of the file that the dump
/// was read from, else of the newest that is known. Keys that pair the halves of a head are put into neighbouring
/// channels where llama.cpp's copy of the model has its weights so. Throws Error{Usage} naming what does not fit,
/// Error{Resource}.
std::unique_ptr<TensorWriter> makeLlamaSlotWriter(
    const std::string& path, std::vector<TensorEntry> tensors, const std::map<std::string, std::string>& metadata);
/// The same as a session (ggsn), which `--prompt-cache` and llama_state_load_file() take; the model's architecture must
/// be known, from the session that the dump was or from its configuration.
std::unique_ptr<TensorWriter> makeLlamaSessionWriter(
    const std::string& path, std::vector<TensorEntry> tensors, const std::map<std::string, std::string>& metadata);

} // namespace pikv
