// SPDX-License-Identifier: GPL-3.0-or-later
// Texts become numbers or a sentence that says what they lack.
#include "core/formats/toldvalues.h"
#include "core/base/filesource.h"
#include "core/base/text.h"
#include "core/formats/layercheck.h"
#include "core/formats/npyheader.h"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

namespace pikv {
namespace {

template <typename T>
std::optional<T> wholeNumber(std::string_view text)
{
    T value {};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error != std::errc() || end != text.data() + text.size() ? std::nullopt : std::optional(value);
}

/// FIRST, FIRST-LAST or FIRST-, with /STEP; nothing where it is none of them.
std::optional<ToldBase> layersIn(std::string_view text)
{
    ToldBase told;
    if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
        const auto step = wholeNumber<std::int64_t>(text.substr(slash + 1));
        if (!step || *step < 1)
            return {};
        told.step = *step;
        text = text.substr(0, slash);
    }
    const std::size_t dash = text.find('-');
    const auto first = wholeNumber<std::int64_t>(text.substr(0, dash));
    if (!first || *first < 0)
        return {};
    told.first = *first;
    if (dash == std::string_view::npos)
        told.last = told.first;
    else if (const std::string_view end = text.substr(dash + 1); !end.empty()) {
        const auto last = wholeNumber<std::int64_t>(end);
        if (!last || *last < told.first)
            return {};
        told.last = *last;
    }
    return told;
}

bool isBetweenIds(char c)
{
    return c == ',' || c == ';' || c == '[' || c == ']' || (c >= '\t' && c <= '\r') || c == ' ';
}
bool isDigit(char c) { return c >= '0' && c <= '9'; }

constexpr std::size_t mostIds = std::size_t(1) << 24, mostSaid = 4096;

/// `what` begins the sentence that says what is wrong.
std::vector<std::int64_t> idsIn(std::string_view text, const std::string& what)
{
    std::vector<std::int64_t> ids;
    for (std::size_t i = 0; i < text.size();) {
        if (isBetweenIds(text[i])) {
            ++i;
            continue;
        }
        const auto end = static_cast<std::size_t>(
            std::find_if(text.begin() + std::ptrdiff_t(i), text.end(), isBetweenIds) - text.begin());
        constexpr std::size_t shown = 20;
        const auto id = wholeNumber<std::int64_t>(text.substr(i, end - i));
        if (!id || *id < 0 || *id > maxDimension)
            throw inputError(what + inQuotes(std::string(text.substr(i, std::min(shown, end - i))))
                + " where a token id from 0 to 2^31 was expected.");
        if (ids.size() == mostIds)
            throw inputError(what + "more than " + std::to_string(mostIds) + " token ids.");
        ids.push_back(*id);
        i = end;
    }
    if (ids.empty())
        throw inputError(what + "no token id.");
    return ids;
}

std::vector<std::int64_t> idsOfFile(const std::string& path)
{
    constexpr std::uint64_t mostBytes = 16 * mostIds; // of an id and what is around it
    const FileSource file(path);
    if (file.size() > mostBytes)
        throw inputError(path + ": it has " + byteText(file.size()) + ", above the limit of " + byteText(mostBytes)
            + " for token ids.");
    std::string text(file.size(), '\0');
    file.read(0, std::as_writable_bytes(std::span(text)));
    if (!text.starts_with("\x93NUMPY"))
        return idsIn(text, path + ": it holds ");
    NpyArray array = readNpy(file, path, false);
    const DType dtype = array.tensor.dtype;
    if (!array.problem.empty() || array.characters > 0
        || (dtype != DType::I64 && dtype != DType::I32 && dtype != DType::U32))
        throw inputError(path + ": it is an array of " + inQuotes(array.descr)
            + " where integers of 32 or 64 bits, little endian, were expected.");
    array.tensor.name = "array";
    return readIntegers(file, array.tensor);
}

} // namespace

std::optional<double> numberIn(const std::string& text) { return wholeNumber<double>(text); }

std::vector<ToldBase> parseBases(const std::string& text)
{
    std::vector<ToldBase> bases;
    for (const std::string& part : splitTopLevel(text, ',')) {
        const std::size_t colon = part.find(':');
        auto told = colon == std::string::npos ? ToldBase() : layersIn(std::string_view(part).substr(0, colon));
        if (!told)
            throw usageError(inQuotes(part) + " begins with no layers like 5, 0-4, 6- or 5-/6");
        const std::string number = colon == std::string::npos ? part : part.substr(colon + 1);
        const auto base = numberIn(number);
        if (!base || !std::isfinite(*base) || *base <= 0)
            throw usageError(inQuotes(number) + " is no finite number above 0");
        told->base = *base;
        bases.push_back(*told);
    }
    if (bases.empty())
        throw usageError("it is empty");
    return bases;
}

bool isIdList(const std::string& text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return isDigit(c) || isBetweenIds(c); });
}

std::vector<std::int64_t> readTokenIds(const std::string& text)
{
    if (!isIdList(text))
        return idsOfFile(text);
    try {
        std::vector<std::int64_t> ids = idsIn(text, "it holds ");
        if (ids.size() > mostSaid)
            throw usageError(
                "more than " + std::to_string(mostSaid) + " token ids; write them to a file and name that");
        return ids;
    } catch (const Error& error) {
        throw usageError(error.what());
    }
}

std::string keptTokenIds(const std::string& text)
{
    return isIdList(text) ? text : std::filesystem::absolute(text).lexically_normal().string();
}

} // namespace pikv
