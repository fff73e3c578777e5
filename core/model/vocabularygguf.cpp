// SPDX-License-Identifier: GPL-3.0-or-later
// The vocabulary of a GGUF file: tokens, kinds, merges, and which pre-tokenizer it names.
#include "core/base/error.h"
#include "core/formats/gguf.h"
#include "core/model/vocabulary.h"

namespace pikv {
namespace {

int idOr(const GgufHeader& header, const char* key, std::size_t size)
{
    if (!header.has(key))
        return -1;
    const std::int64_t id = header.integer(key);
    if (id < 0 || static_cast<std::size_t>(id) >= size)
        throw inputError(header.name() + ": " + key + " is " + std::to_string(id) + ", outside the vocabulary of "
            + std::to_string(size) + " tokens");
    return static_cast<int>(id);
}

bool flagOr(const GgufHeader& header, const char* key, bool fallback)
{
    return header.has(key) ? header.integer(key) != 0 : fallback;
}

PreTokenizer preTokenizerOf(const GgufHeader& header)
{
    const std::string& model = header.text("tokenizer.ggml.model");
    if (model != "gpt2")
        throw inputError(header.name() + ": the tokenizer is of kind '" + model
            + "'; text can be read with byte-level BPE ('gpt2') only");
    const std::string name = header.has("tokenizer.ggml.pre") ? header.text("tokenizer.ggml.pre") : "default";
    if (const auto rule = preTokenizerFromGguf(name))
        return *rule;
    throw inputError(
        header.name() + ": unknown pre-tokenizer '" + name + "'; known are gpt-2, smollm, llama-bpe and qwen2");
}

void readTokens(const GgufHeader& header, Vocabulary& out)
{
    const auto& tokens = header.texts("tokenizer.ggml.tokens");
    const auto& types = header.integers("tokenizer.ggml.token_type");
    if (tokens.size() != types.size())
        throw inputError(header.name() + ": " + std::to_string(tokens.size()) + " tokens but "
            + std::to_string(types.size()) + " token types");
    out.tokens.reserve(tokens.size());
    out.kinds.reserve(tokens.size());
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (types[i] < 1 || types[i] > 6)
            throw inputError(
                header.name() + ": token " + std::to_string(i) + " is of the unknown type " + std::to_string(types[i]));
        const auto kind = static_cast<TokenKind>(types[i]);
        out.kinds.push_back(kind);
        out.tokens.push_back(
            kind == TokenKind::Normal || kind == TokenKind::Byte ? bytesFromAlphabet(tokens[i]) : tokens[i]);
    }
}

void readMerges(const GgufHeader& header, Vocabulary& out)
{
    for (const std::string& merge : header.texts("tokenizer.ggml.merges")) {
        const std::size_t space = merge.find(' ', 1);
        if (space == std::string::npos)
            throw inputError(header.name() + ": the merge '" + merge + "' has no second part");
        out.merges.emplace_back(bytesFromAlphabet(merge.substr(0, space)), bytesFromAlphabet(merge.substr(space + 1)));
    }
}

} // namespace

Vocabulary vocabularyFromGguf(const GgufHeader& header)
{
    Vocabulary out;
    out.source = header.name();
    out.pre = preTokenizerOf(header);
    readTokens(header, out);
    readMerges(header, out);
    const std::size_t size = out.tokens.size();
    out.bos = idOr(header, "tokenizer.ggml.bos_token_id", size);
    out.eos = idOr(header, "tokenizer.ggml.eos_token_id", size);
    out.unknown = idOr(header, "tokenizer.ggml.unknown_token_id", size);
    const bool llama = out.pre == PreTokenizer::LlamaBpe;
    out.addBos = flagOr(header, "tokenizer.ggml.add_bos_token", llama);
    out.ignoreMerges = llama;
    if (header.has("tokenizer.chat_template"))
        out.chatTemplate = header.text("tokenizer.chat_template");
    return out;
}

} // namespace pikv
