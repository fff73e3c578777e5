// SPDX-License-Identifier: GPL-3.0-or-later
// Figures rounded to six digits, and the settings that meet there.
#include "core/eval/alike.h"
#include "core/base/text.h"
#include <cmath>
#include <utility>

namespace pikv {
namespace {

double sixDigits(double value)
{
    if (!(std::abs(value) > 0) || std::isinf(value))
        return std::isnan(value) ? -1 : value; // a NaN has no order
    const double scale = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
    return std::round(value * scale) / scale;
}

std::string nameOf(const EvaluationResult& r)
{
    return printSpec(r.method)
        + (r.importance == ImportanceSpec {} ? "" : " with importance " + printImportance(r.importance));
}

} // namespace

void AlikeSettings::add(const EvaluationResult& r)
{
    if (r.control || r.preview || !(r.quality.keyNmse > 0 || r.quality.valueNmse > 0))
        return;
    // The header holds the setting's own name.
    auto& there = m_byFigures[{ sixDigits(double(r.storedBytes - r.ledger[LedgerPart::Header])),
        sixDigits(r.quality.keyNmse), sixDigits(r.quality.valueNmse), sixDigits(r.quality.attentionError) }];
    std::string name = nameOf(r);
    if (there.contains(name))
        return;
    if (!there.empty() && m_alike++ == 0)
        m_example = *there.begin() + " and " + name;
    there.insert(std::move(name));
}

std::string AlikeSettings::warning() const
{
    if (m_alike == 0)
        return {};
    return countText(m_alike, "setting") + (m_alike == 1 ? " gives" : " give")
        + " the same figures as another, to six digits: " + m_example + (m_alike == 1 ? "" : ", for one");
}

std::string alikeWarning(const std::vector<EvaluationResult>& results)
{
    AlikeSettings alike;
    for (const EvaluationResult& result : results)
        alike.add(result);
    return alike.warning();
}

} // namespace pikv
