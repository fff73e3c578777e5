// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/alike.h"
#include "core/base/text.h"
#include <cstdio>
#include <map>
#include <set>

namespace pikv {
namespace {

std::string sixDigits(double value)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.6g ", value);
    return text;
}

std::string figuresOf(const EvaluationResult& r)
{
    std::string key;
    for (const double value : { double(r.storedBytes - r.ledger[LedgerPart::Header]), r.quality.keyNmse,
             r.quality.valueNmse, r.quality.attentionError })
        key += sixDigits(value);
    return key;
}

std::string nameOf(const EvaluationResult& r)
{
    return printSpec(r.method)
        + (r.importance == ImportanceSpec {} ? "" : " with importance " + printImportance(r.importance));
}

} // namespace

std::string alikeWarning(std::span<const EvaluationResult> results)
{
    std::map<std::string, const EvaluationResult*> first;
    std::set<std::string> seen;
    std::string example;
    std::size_t alike = 0;
    for (const EvaluationResult& r : results) {
        if (r.control || r.preview || !(r.quality.keyNmse > 0 || r.quality.valueNmse > 0))
            continue;
        if (!seen.insert(nameOf(r)).second)
            continue;
        const auto [at, isNew] = first.emplace(figuresOf(r), &r);
        if (isNew)
            continue;
        if (alike++ == 0)
            example = nameOf(*at->second) + " and " + nameOf(r);
    }
    if (alike == 0)
        return {};
    return countText(alike, "setting") + (alike == 1 ? " gives" : " give")
        + " the same figures as another, to six digits: " + example + (alike == 1 ? "" : ", for one");
}

} // namespace pikv
