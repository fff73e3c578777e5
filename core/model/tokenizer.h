// SPDX-License-Identifier: GPL-3.0-or-later
// Text to token ids and back; the vocabulary comes from a GGUF file or a tokenizer.json.
#pragma once
#include "core/model/vocabulary.h"
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pikv {

struct EncodeOptions {
    bool special = true; ///< special tokens written in the text become their ids
    std::size_t maxTokens = 0; ///< stop after that many; 0: never
};

struct Encoding {
    std::vector<std::int64_t> ids;
    std::size_t droppedBytes = 0; ///< bytes for which the vocabulary has no token (rare control characters)
};

/// Byte-level byte-pair encoding (Sennrich et al. 2016; GPT-2's bytes). Safe to use from several threads at once.
class Tokenizer {
public:
    /// Throws Error{Input} for merges that name unknown tokens.
    explicit Tokenizer(Vocabulary vocabulary);

    /// The ids of a text; begins with bos where the model asks for it. Throws Error{Input} with the byte offset where
    /// the text is not UTF-8.
    Encoding encode(std::string_view text, const EncodeOptions& options = {}) const;
    /// The bytes behind the ids; decode(encode(text)) is the text where nothing was dropped.
    std::string decode(std::span<const std::int64_t> ids) const;
    /// Throws Error{Usage} for an id outside the vocabulary.
    const std::string& tokenBytes(std::int64_t id) const;
    /// For the eye: spaces as ␣, newlines as ↵, tabs as ⇥, bytes that are no text by themselves as <E4>.
    std::string visibleToken(std::int64_t id) const;

    std::size_t size() const { return m_vocabulary.tokens.size(); }
    const Vocabulary& vocabulary() const { return m_vocabulary; }
    bool isSpecial(std::int64_t id) const;

private:
    struct Merge {
        int rank, result;
    };
    void buildMerges();
    void encodePiece(std::string_view piece, Encoding& out) const;
    void encodePlain(std::string_view text, const EncodeOptions& options, Encoding& out) const;
    int specialAt(std::string_view text) const;

    Vocabulary m_vocabulary;
    PieceSplitter m_splitter;
    std::array<int, 256> m_byteToken {}; ///< -1: the vocabulary lacks that byte
    std::unordered_map<std::string_view, int> m_ids; ///< keys point into m_vocabulary.tokens
    std::unordered_map<std::uint64_t, Merge> m_merges; ///< by left id << 32 | right id
    std::array<std::vector<int>, 256> m_specials; ///< by first byte, longest first
};

} // namespace pikv
