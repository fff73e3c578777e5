// SPDX-License-Identifier: GPL-3.0-or-later
// The vocabulary of a tokenizer.json, and the refusal of tokenizers that are not byte-level byte pairs.
#include "core/base/error.h"
#include "core/formats/jsontext.h"
#include "core/model/vocabulary.h"
#include <algorithm>
#include <nlohmann/json.hpp>

namespace pikv {
namespace {

using Json = nlohmann::json;
constexpr std::int64_t kMaxId = std::int64_t { 1 } << 24;

/// The id of a token given as text or as {"content": text}; -1 where there is none.
int idOf(const Vocabulary& vocabulary, const Json& token)
{
    const std::string name = token.is_object() ? token.value("content", "")
        : token.is_string()                    ? token.get<std::string>()
                                               : "";
    const auto it = std::find(vocabulary.tokens.begin(), vocabulary.tokens.end(), name);
    return name.empty() || it == vocabulary.tokens.end() ? -1 : static_cast<int>(it - vocabulary.tokens.begin());
}

/// tokenizer.json with the file's name for messages; a value of the wrong type becomes an Error.
class Reader {
public:
    Reader(const std::string& name, std::string_view text)
        : m_name(name)
        , m_root(parseJson(text, name))
    {
    }
    Vocabulary read()
    {
        m_out.source = m_name;
        const Json& model = m_root.at("model");
        if (model.value("type", std::string("BPE")) != "BPE")
            fail("the tokenizer is of kind '" + model.at("type").get<std::string>() + "'; byte-level BPE is supported");
        m_out.ignoreMerges = model.value("ignore_merges", false);
        readPreTokenizer();
        readTokens(model.at("vocab"));
        readAdded();
        readMerges(model.at("merges"));
        readTemplate();
        return std::move(m_out);
    }

private:
    [[noreturn]] void fail(const std::string& what) const { throw inputError(m_name + ": " + what); }
    void readPreTokenizer();
    void place(std::int64_t id, std::string bytes, TokenKind kind);
    void readTokens(const Json& vocab);
    void readAdded();
    void readMerges(const Json& merges);
    void readTemplate();

    std::string m_name;
    Json m_root;
    Vocabulary m_out;
};

void Reader::readPreTokenizer()
{
    const Json& pre = m_root.at("pre_tokenizer");
    const Json steps
        = pre.is_object() && pre.value("type", "") == "Sequence" ? pre.at("pretokenizers") : Json::array({ pre });
    bool digits = false;
    std::optional<PreTokenizer> rule;
    for (const Json& step : steps) {
        const std::string type = step.value("type", "");
        if (type == "ByteLevel") {
            if (step.value("add_prefix_space", false))
                fail("the pre-tokenizer adds a space before the text, which is not supported");
            if (step.value("use_regex", true))
                rule = PreTokenizer::Gpt2;
        } else if (type == "Digits" && step.value("individual_digits", false)) {
            digits = true;
        } else if (type == "Split" && step.at("pattern").contains("Regex")) {
            rule = preTokenizerFromRegex(step.at("pattern").at("Regex").get<std::string>());
        } else {
            fail("the pre-tokenizer has the unknown step '" + type + "'");
        }
    }
    if (!rule || (digits && *rule != PreTokenizer::Gpt2))
        fail("the pre-tokenizer is none of gpt-2, smollm, llama-bpe and qwen2");
    m_out.pre = digits ? PreTokenizer::SmolLm : *rule;
}

void Reader::place(std::int64_t id, std::string bytes, TokenKind kind)
{
    if (id < 0 || id >= kMaxId)
        fail("token id " + std::to_string(id) + " is out of bounds");
    const auto at = static_cast<std::size_t>(id);
    if (at >= m_out.tokens.size()) {
        m_out.tokens.resize(at + 1);
        m_out.kinds.resize(at + 1, TokenKind::Unused);
    }
    if (m_out.kinds[at] == TokenKind::Normal && kind == TokenKind::Normal)
        fail("token id " + std::to_string(id) + " stands twice");
    m_out.tokens[at] = std::move(bytes);
    m_out.kinds[at] = kind;
}

void Reader::readTokens(const Json& vocab)
{
    for (const auto& [text, id] : vocab.items())
        place(id.get<std::int64_t>(), bytesFromAlphabet(text), TokenKind::Normal);
    if (m_out.tokens.size() > vocab.size() + vocab.size() / 10 + 1024)
        fail("the vocabulary has more holes than a tenth of its tokens");
}

void Reader::readAdded()
{
    if (!m_root.contains("added_tokens"))
        return;
    for (const Json& token : m_root.at("added_tokens")) {
        std::string content = token.at("content").get<std::string>();
        if (token.value("lstrip", false) || token.value("rstrip", false) || token.value("single_word", false))
            fail("the added token '" + content + "' takes white space beside it, which is not supported");
        place(token.at("id").get<std::int64_t>(), std::move(content),
            token.value("special", false) ? TokenKind::Control : TokenKind::UserDefined);
    }
}

void Reader::readMerges(const Json& merges)
{
    for (const Json& merge : merges) {
        std::string left, right;
        if (merge.is_array() && merge.size() == 2) {
            left = merge[0].get<std::string>();
            right = merge[1].get<std::string>();
        } else {
            const std::string text = merge.get<std::string>();
            const std::size_t space = text.find(' ', 1);
            if (space == std::string::npos)
                fail("the merge '" + text + "' has no second part");
            left = text.substr(0, space);
            right = text.substr(space + 1);
        }
        m_out.merges.emplace_back(bytesFromAlphabet(left), bytesFromAlphabet(right));
    }
}

/// A template that puts a special token before the text names the bos token.
void Reader::readTemplate()
{
    if (!m_root.contains("post_processor") || !m_root.at("post_processor").is_object())
        return;
    const Json& post = m_root.at("post_processor");
    const Json steps = post.value("type", "") == "Sequence" ? post.at("processors") : Json::array({ post });
    for (const Json& step : steps) {
        if (step.value("type", "") != "TemplateProcessing" || step.at("single").empty())
            continue;
        const Json& first = step.at("single").front();
        if (first.contains("SpecialToken"))
            m_out.bos = idOf(m_out, first.at("SpecialToken").at("id"));
        m_out.addBos = m_out.bos >= 0;
    }
}

} // namespace

Vocabulary vocabularyFromJson(const std::string& tokenizerJson, std::string_view text, std::string_view configText)
{
    try {
        Reader reader(tokenizerJson, text);
        Vocabulary out = reader.read();
        const Json config = configText.empty() ? Json::object() : parseJson(configText, "tokenizer_config.json");
        if (out.bos < 0)
            out.bos = idOf(out, config.value("bos_token", Json()));
        out.eos = idOf(out, config.value("eos_token", Json()));
        out.unknown = idOf(out, config.value("unk_token", Json()));
        const Json chat = config.value("chat_template", Json());
        out.chatTemplate = chat.is_string() ? chat.get<std::string>() : "";
        return out;
    } catch (const Json::exception& error) {
        throw inputError(tokenizerJson + ": not the form of a tokenizer.json: " + error.what());
    }
}

} // namespace pikv
