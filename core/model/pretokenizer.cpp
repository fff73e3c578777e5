// SPDX-License-Identifier: GPL-3.0-or-later
// Cuts a text into the pieces within which byte pairs merge: the regular expressions that llama.cpp and tokenizers
// name, run by PCRE2.
#include "core/model/pretokenizer.h"
#include "core/base/error.h"
#include <array>
#include <stdexcept>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace pikv {
namespace {

struct Rule {
    PreTokenizer rule;
    std::string_view name;
    std::vector<std::string_view> published; ///< as tokenizer.json and llama.cpp write the last regex
    bool digitsFirst;
};

const std::vector<Rule>& rules()
{
    static const std::vector<Rule> list {
        { PreTokenizer::Gpt2, "gpt-2",
            { R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
                R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)" },
            false },
        { PreTokenizer::SmolLm, "smollm",
            { R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)" }, true },
        { PreTokenizer::LlamaBpe, "llama-bpe",
            { R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)" },
            false },
        { PreTokenizer::Qwen2, "qwen2",
            { R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)" },
            false },
    };
    return list;
}

const Rule& ruleOf(PreTokenizer rule)
{
    for (const Rule& r : rules())
        if (r.rule == rule)
            return r;
    throw std::invalid_argument("unknown pre-tokenizer");
}

/// The reference tokenizers take `\s` for Unicode's White_Space; PCRE2's own adds U+180E. So the set is written out.
std::string withWhiteSpace(std::string_view regex)
{
    constexpr std::string_view set
        = R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
    std::string out;
    bool inClass = false;
    for (std::size_t i = 0; i < regex.size(); ++i) {
        const char c = regex[i];
        if (c == '\\' && i + 1 < regex.size()) {
            const char next = regex[++i];
            if (next == 's' || next == 'S')
                out.append(inClass ? "" : next == 's' ? "[" : "[^").append(set).append(inClass ? "" : "]");
            else
                out.append({ c, next });
            continue;
        }
        inClass = c == '[' || (inClass && c != ']');
        out.push_back(c);
    }
    return out;
}

std::string pcreMessage(int code)
{
    std::array<unsigned char, 256> text {};
    pcre2_get_error_message(code, text.data(), text.size());
    return reinterpret_cast<const char*>(text.data());
}

struct MatchDataDeleter {
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
using MatchData = std::unique_ptr<pcre2_match_data, MatchDataDeleter>;

} // namespace

/// A compiled regular expression that isolates its matches.
class PieceSplitter::Pattern {
public:
    explicit Pattern(const std::string& regex)
    {
        int code = 0;
        PCRE2_SIZE at = 0;
        m_code.reset(pcre2_compile(
            reinterpret_cast<PCRE2_SPTR>(regex.data()), regex.size(), PCRE2_UTF | PCRE2_UCP, &code, &at, nullptr));
        if (!m_code)
            throw std::logic_error("pre-tokenizer: " + pcreMessage(code) + " at " + std::to_string(at));
        pcre2_jit_compile(m_code.get(), PCRE2_JIT_COMPLETE); // without JIT support the interpreter runs
    }

    bool cut(std::string_view text, const Sink& sink) const
    {
        const MatchData data(pcre2_match_data_create_from_pattern(m_code.get(), nullptr));
        std::size_t from = 0;
        while (from < text.size()) {
            const int found = pcre2_match(m_code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                PCRE2_NO_UTF_CHECK, data.get(), nullptr);
            if (found == PCRE2_ERROR_NOMATCH)
                break;
            if (found < 0)
                throw inputError("The text cannot be cut into pieces: " + pcreMessage(found));
            const PCRE2_SIZE* span = pcre2_get_ovector_pointer(data.get()); // no rule matches the empty string
            if ((span[0] > from && !sink(text.substr(from, span[0] - from)))
                || !sink(text.substr(span[0], span[1] - span[0])))
                return false;
            from = span[1];
        }
        return from == text.size() || sink(text.substr(from));
    }

private:
    struct Deleter {
        void operator()(pcre2_code* code) const { pcre2_code_free(code); }
    };
    std::unique_ptr<pcre2_code, Deleter> m_code;
};

std::optional<PreTokenizer> preTokenizerFromGguf(std::string_view name)
{
    if (name == "llama3" || name == "llama-v3" || name == "falcon3")
        return PreTokenizer::LlamaBpe;
    if (name == "deepseek-r1-qwen")
        return PreTokenizer::Qwen2;
    for (const Rule& r : rules())
        if (r.name == name)
            return r.rule;
    return {};
}

std::optional<PreTokenizer> preTokenizerFromRegex(std::string_view regex)
{
    for (const Rule& r : rules())
        for (const std::string_view published : r.published)
            if (!r.digitsFirst && published == regex)
                return r.rule;
    return {};
}

std::string_view preTokenizerName(PreTokenizer rule) { return ruleOf(rule).name; }

std::optional<std::size_t> firstInvalidUtf8(std::string_view text)
{
    int code = 0;
    PCRE2_SIZE at = 0;
    static const pcre2_code* empty = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(""), 0, PCRE2_UTF, &code, &at, nullptr);
    const MatchData data(pcre2_match_data_create_from_pattern(empty, nullptr));
    const int found = pcre2_match(
        empty, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, PCRE2_ANCHORED, data.get(), nullptr);
    if (found >= 0)
        return {};
    return pcre2_get_startchar(data.get());
}

PieceSplitter::PieceSplitter(PreTokenizer rule)
{
    const Rule& r = ruleOf(rule);
    if (r.digitsFirst)
        m_patterns.emplace_back(R"(\p{N})");
    m_patterns.emplace_back(withWhiteSpace(r.published.front()));
}
PieceSplitter::~PieceSplitter() = default;
PieceSplitter::PieceSplitter(PieceSplitter&&) noexcept = default;
PieceSplitter& PieceSplitter::operator=(PieceSplitter&&) noexcept = default;

void PieceSplitter::split(std::string_view text, const Sink& sink) const { splitFrom(0, text, sink); }

bool PieceSplitter::splitFrom(std::size_t level, std::string_view text, const Sink& sink) const
{
    if (level == m_patterns.size())
        return sink(text);
    return m_patterns[level].cut(text, [&](std::string_view piece) { return splitFrom(level + 1, piece, sink); });
}

} // namespace pikv
