// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/model/pretokenizer.h"
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pikv {

class GgufHeader;

enum class TokenKind : std::uint8_t { Normal = 1, Unknown, Control, UserDefined, Unused, Byte };

/// A byte-level BPE vocabulary as a model file carries it.
struct Vocabulary {
    std::string source; ///< file, for messages
    std::vector<std::string> tokens; ///< raw bytes of every token; special ones literally; "" for a hole
    std::vector<TokenKind> kinds; ///< as many as tokens
    std::vector<std::pair<std::string, std::string>> merges; ///< raw bytes; the rank is the index
    PreTokenizer pre = PreTokenizer::Gpt2;
    int bos = -1, eos = -1, unknown = -1; ///< ids; -1: none
    bool addBos = false; ///< a text begins with bos
    bool ignoreMerges = false; ///< a piece that is a token is taken whole
    std::string chatTemplate; ///< Jinja text, not run
};

/// Throws Error{Input}: a tokenizer that is no byte-level BPE, an unknown pre-tokenizer, lists of different lengths.
Vocabulary vocabularyFromGguf(const GgufHeader& header);
/// Reads tokenizer.json (and bos/eos from tokenizer_config.json, where it stands beside it). Throws Error{Input}.
Vocabulary vocabularyFromJson(const std::string& tokenizerJson, std::string_view text, std::string_view configText);

/// GPT-2's byte alphabet: printable characters for the 256 bytes. Text with other characters comes back as it is.
std::string bytesFromAlphabet(std::string_view text);
std::string bytesToAlphabet(std::string_view bytes);

} // namespace pikv
