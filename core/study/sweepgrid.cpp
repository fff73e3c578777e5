// SPDX-License-Identifier: GPL-3.0-or-later
// Grids as text: words of a shell, and the few options of pikv sweep that say what is measured.
#include "core/study/sweepgrid.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/codec/methodspec.h"
#include "core/codec/registry.h"
#include <algorithm>
#include <utility>

namespace pikv {

std::vector<ImportanceSpec> parseImportances(std::string_view text)
{
    std::vector<ImportanceSpec> importances;
    for (const std::string& part : splitTopLevel(text, ','))
        if (const ImportanceSpec one = parseImportance(part);
            std::find(importances.begin(), importances.end(), one) == importances.end())
            importances.push_back(one);
    return importances;
}

std::string printImportances(const std::vector<ImportanceSpec>& importances)
{
    std::string text;
    for (const ImportanceSpec& one : importances)
        text += (text.empty() ? "" : ",") + printImportance(one);
    return text;
}

std::vector<std::string> shellWords(std::string_view text)
{
    std::vector<std::string> words;
    std::string word;
    bool isWord = false;
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool isEscape = c == '\\' && quote != '\'' && i + 1 < text.size();
        const bool isBlank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
        if (isEscape && text[i + 1] == '\n' && quote == 0) {
            ++i; // the line goes on
        } else if (isEscape && (quote == 0 || text[i + 1] == '"' || text[i + 1] == '\\')) {
            word += text[++i];
            isWord = true;
        } else if (quote != 0 ? c == quote : c == '\'' || c == '"') {
            quote = quote ? 0 : c;
            isWord = true;
        } else if (quote != 0 || !isBlank) {
            word += c;
            isWord = true;
        } else if (std::exchange(isWord, false)) {
            words.push_back(std::exchange(word, {}));
        }
    }
    if (quote != 0)
        throw usageError("the text ends within " + std::string(1, quote) + " quotes");
    if (isWord)
        words.push_back(word);
    return words;
}

std::string shellWord(std::string_view word)
{
    const auto isPlain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
            || std::string_view("_-./:,=+@%").find(c) != std::string_view::npos;
    };
    if (!word.empty() && std::all_of(word.begin(), word.end(), isPlain))
        return std::string(word);
    std::string quoted = "'";
    for (const char c : word)
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

std::string printSweepCommand(const SweepCommand& command)
{
    std::string text = "pikv sweep " + (command.dump.empty() ? "DUMP" : shellWord(command.dump));
    for (const std::string& other : command.others)
        text += " " + shellWord(other);
    for (const std::string& spec : command.grid.specs)
        text += " --with " + shellWord(spec);
    if (!command.grid.importances.empty())
        text += " --importance " + shellWord(printImportances(command.grid.importances));
    if (command.grid.nextToken)
        text += " --model " + (command.model.empty() ? "default" : shellWord(command.model));
    return text + " -o results";
}

namespace {

/// Reads the words one after the other; `--option=value` is two.
class Words {
public:
    explicit Words(std::string_view text)
    {
        for (std::string& word : shellWords(text)) {
            const auto equals = word.find('=');
            if (word.starts_with("--") && equals != std::string::npos) {
                m_words.push_back(word.substr(0, equals));
                m_words.push_back(word.substr(equals + 1));
            } else {
                m_words.push_back(std::move(word));
            }
        }
    }
    bool isEnd() const { return m_at == m_words.size(); }
    const std::string& peek() const { return m_words[m_at]; }
    const std::string& next() { return m_words[m_at++]; }
    bool skip(std::string_view word)
    {
        const bool isThere = !isEnd() && m_words[m_at] == word;
        m_at += isThere ? 1 : 0;
        return isThere;
    }
    const std::string& valueOf(const std::string& option)
    {
        if (isEnd())
            throw usageError(option + " needs a value");
        return next();
    }

private:
    std::vector<std::string> m_words;
    std::size_t m_at = 0;
};

/// A dump's name stands at the same place.
bool isSpec(const std::string& word) { return Registry::instance().find(word.substr(0, word.find(':'))) != nullptr; }

void takeSpec(SweepGrid& grid, const std::string& spec)
{
    (void)expandSpec(spec); // says what is wrong
    grid.specs.push_back(spec);
}

} // namespace

SweepCommand parseSweepCommand(std::string_view text)
{
    Words words(text);
    SweepCommand command;
    (void)words.skip("$"); // as it is shown in documentation
    (void)words.skip("pikv");
    if (words.skip("sweep") && !words.isEnd()) {
        const std::string dump = words.next();
        if (dump.starts_with('-'))
            throw usageError("pikv sweep names its dump first, got " + inQuotes(dump));
        command.dump = dump == "DUMP" ? "" : dump;
        while (!words.isEnd() && !words.peek().starts_with('-') && !isSpec(words.peek()))
            command.others.push_back(words.next());
    }
    while (!words.isEnd()) {
        const std::string word = words.next();
        if (word == "--with") {
            takeSpec(command.grid, words.valueOf(word));
        } else if (word == "--importance") {
            command.grid.importances = parseImportances(words.valueOf(word));
        } else if (word == "--model") {
            const std::string& model = words.valueOf(word);
            command.grid.nextToken = true;
            command.model = model == "default" ? "" : model;
        } else if (word == "-o" || word == "--output") {
            (void)words.valueOf(word); // what is measured does not depend on where it goes
        } else if (word.starts_with('-')) {
            throw usageError("a grid has no option " + inQuotes(word) + "; it has --with, --importance and --model");
        } else {
            takeSpec(command.grid, word);
        }
    }
    if (command.grid.specs.empty())
        throw usageError("the text names no method; it is like: --with 'lora:rank=[4,8,16]' --importance none");
    return command;
}

} // namespace pikv
