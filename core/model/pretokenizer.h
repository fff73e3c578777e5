// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pikv {

/// The rules that cut a text into pieces before byte-pair merging.
enum class PreTokenizer { Gpt2, SmolLm, LlamaBpe, Qwen2 };

/// From `tokenizer.ggml.pre` of a GGUF file; nothing for a rule that is not known.
std::optional<PreTokenizer> preTokenizerFromGguf(std::string_view name);
/// From the regular expression in a tokenizer.json; nothing for a rule that is not known.
std::optional<PreTokenizer> preTokenizerFromRegex(std::string_view regex);
std::string_view preTokenizerName(PreTokenizer rule);

/// Byte offset of the first breach of UTF-8 (overlong forms, surrogates and values above U+10FFFF included).
std::optional<std::size_t> firstInvalidUtf8(std::string_view text);

/// Cuts valid UTF-8 into pieces; their concatenation is the text. Safe to use from several threads at once.
class PieceSplitter {
public:
    explicit PieceSplitter(PreTokenizer rule);
    ~PieceSplitter();
    PieceSplitter(PieceSplitter&&) noexcept;
    PieceSplitter& operator=(PieceSplitter&&) noexcept;
    using Sink = std::function<bool(std::string_view)>;
    /// Hands over views into `text` until the sink says false. Throws Error{Input} where PCRE2 gives up.
    void split(std::string_view text, const Sink& sink) const;

private:
    class Pattern;
    bool splitFrom(std::size_t level, std::string_view text, const Sink& sink) const;
    std::vector<Pattern> m_patterns; ///< each cuts the pieces that the one before left
};

} // namespace pikv
