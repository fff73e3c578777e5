// SPDX-License-Identifier: GPL-3.0-or-later
// Byte-level byte-pair encoding: special tokens first, then pieces, then merges in the order of their ranks.
#include "core/model/tokenizer.h"
#include "core/base/error.h"
#include "core/model/bytepairs.h"
#include "core/model/visibletext.h"
#include <algorithm>

namespace pikv {

Tokenizer::Tokenizer(Vocabulary vocabulary)
    : m_vocabulary(std::move(vocabulary))
    , m_splitter(m_vocabulary.pre)
{
    m_byteToken.fill(-1);
    m_ids.reserve(size());
    for (std::size_t i = 0; i < size(); ++i) {
        const std::string& bytes = m_vocabulary.tokens[i];
        if (bytes.empty())
            continue;
        if (isSpecial(static_cast<std::int64_t>(i))) {
            m_specials[static_cast<unsigned char>(bytes.front())].push_back(static_cast<int>(i));
            continue;
        }
        m_ids.emplace(bytes, static_cast<int>(i));
        if (bytes.size() == 1)
            m_byteToken[static_cast<unsigned char>(bytes.front())] = static_cast<int>(i);
    }
    for (std::vector<int>& list : m_specials)
        std::stable_sort(list.begin(), list.end(), [this](int a, int b) {
            return m_vocabulary.tokens[static_cast<std::size_t>(a)].size()
                > m_vocabulary.tokens[static_cast<std::size_t>(b)].size();
        });
    buildMerges();
}

void Tokenizer::buildMerges()
{
    m_merges.reserve(m_vocabulary.merges.size());
    const auto id = [this](const std::string& bytes) {
        const auto it = m_ids.find(bytes);
        if (it == m_ids.end())
            throw inputError(m_vocabulary.source + ": a merge names the token '" + bytesToAlphabet(bytes)
                + "', which is not in the vocabulary");
        return it->second;
    };
    int rank = 0;
    for (const auto& [left, right] : m_vocabulary.merges)
        m_merges.emplace(BytePairs::key(id(left), id(right)), Merge { rank++, id(left + right) });
    m_vocabulary.merges = {};
}

bool Tokenizer::isSpecial(std::int64_t id) const
{
    const TokenKind kind = m_vocabulary.kinds.at(static_cast<std::size_t>(id));
    return kind == TokenKind::Control || kind == TokenKind::UserDefined || kind == TokenKind::Unknown;
}

int Tokenizer::specialAt(std::string_view text) const
{
    for (const int id : m_specials[static_cast<unsigned char>(text.front())])
        if (text.starts_with(m_vocabulary.tokens[static_cast<std::size_t>(id)]))
            return id;
    return -1;
}

Encoding Tokenizer::encode(std::string_view text, const EncodeOptions& options) const
{
    if (const auto offset = firstInvalidUtf8(text))
        throw inputError("The text is not valid UTF-8 at byte " + std::to_string(*offset));
    Encoding out;
    const bool hasBos = options.special && !text.empty() && specialAt(text) == m_vocabulary.bos;
    if (m_vocabulary.addBos && m_vocabulary.bos >= 0 && !hasBos) // a text that begins with it gets no second one
        out.ids.push_back(m_vocabulary.bos);
    std::size_t from = 0;
    const auto full = [&] { return options.maxTokens > 0 && out.ids.size() >= options.maxTokens; };
    for (std::size_t i = 0; options.special && i < text.size() && !full(); ++i) {
        const int id = specialAt(text.substr(i));
        if (id < 0)
            continue;
        encodePlain(text.substr(from, i - from), options, out);
        out.ids.push_back(id);
        from = i + m_vocabulary.tokens[static_cast<std::size_t>(id)].size();
        i = from - 1;
    }
    encodePlain(text.substr(from), options, out);
    if (options.maxTokens > 0 && out.ids.size() > options.maxTokens)
        out.ids.resize(options.maxTokens);
    return out;
}

void Tokenizer::encodePlain(std::string_view text, const EncodeOptions& options, Encoding& out) const
{
    m_splitter.split(text, [&](std::string_view piece) {
        if (options.maxTokens > 0 && out.ids.size() >= options.maxTokens)
            return false;
        encodePiece(piece, out);
        return true;
    });
}

void Tokenizer::encodePiece(std::string_view piece, Encoding& out) const
{
    if (m_vocabulary.ignoreMerges) {
        if (const auto it = m_ids.find(piece); it != m_ids.end()) {
            out.ids.push_back(it->second);
            return;
        }
    }
    BytePairs pairs;
    for (const char c : piece) {
        const int id = m_byteToken[static_cast<unsigned char>(c)];
        if (id >= 0)
            pairs.append(id);
        else
            ++out.droppedBytes; // as the reference does: the neighbours become adjacent
    }
    pairs.merge([this](std::uint64_t key) -> std::optional<BytePairs::Merge> {
        const auto it = m_merges.find(key);
        if (it == m_merges.end())
            return {};
        return BytePairs::Merge { it->second.rank, it->second.result };
    });
    pairs.appendTo(out.ids);
}

const std::string& Tokenizer::tokenBytes(std::int64_t id) const
{
    if (id < 0 || static_cast<std::size_t>(id) >= size())
        throw usageError("Token " + std::to_string(id) + " is outside the vocabulary of " + std::to_string(size()));
    return m_vocabulary.tokens[static_cast<std::size_t>(id)];
}

std::string Tokenizer::decode(std::span<const std::int64_t> ids) const
{
    std::string out;
    for (const std::int64_t id : ids)
        out += tokenBytes(id);
    return out;
}

std::string Tokenizer::visibleToken(std::int64_t id) const { return visibleText(tokenBytes(id)); }

} // namespace pikv
