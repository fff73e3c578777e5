// SPDX-License-Identifier: GPL-3.0-or-later
// The next-token bars: which tokens are shown, what each cache gives them, and how that is told.
#include "ui/nexttoken/tokenbars.h"
#include "ui/models/metrictext.h"
#include "ui/nexttoken/nexttokencontroller.h"
#include "ui/nexttoken/nexttokenmodel.h"
#include "ui/nexttoken/positionkeys.h"
#include <QKeyEvent>
#include <algorithm>
#include <cmath>

namespace pikv::ui {
namespace {

using Ids = QList<std::int64_t>;

double probability(const NextTokenPosition& position, std::int64_t id, bool original)
{
    for (const TokenProbability& token : position.top)
        if (token.id == id)
            return original ? token.original : token.compressed;
    return kNoValue;
}

constexpr int mostBars = 40; ///< that are still readable

/// The original's most likely tokens, fewer where there are many bars a token, and behind them what a method holds for
/// the most likely one instead.
Ids tokensToShow(const QList<NextTokenEntry>& entries, int cursor)
{
    Ids ids;
    const auto count = std::size_t(std::clamp(mostBars / int(entries.size() + 1), 3, Scoring::topCount));
    for (const NextTokenEntry& entry : entries) {
        const NextTokenPosition* position = NextTokenModel::positionOf(entry, cursor);
        if (!position || entry.isControl()) // as the original
            continue;
        if (entry.method.isEmpty())
            for (std::size_t i = 0; i < position->top.size() && i < count; ++i)
                ids << position->top[i].id;
        else if (!ids.contains(position->topCompressed))
            ids << position->topCompressed;
    }
    return ids;
}

/// What the original gives a token that is not among its own most likely ones: every method's position knows it of its
/// own tokens.
double originalProbability(const QList<NextTokenEntry>& entries, int cursor, std::int64_t id)
{
    for (const NextTokenEntry& entry : entries) {
        const NextTokenPosition* position = NextTokenModel::positionOf(entry, cursor);
        const double known = position ? probability(*position, id, true) : kNoValue;
        if (!std::isnan(known))
            return known;
    }
    return kNoValue;
}

} // namespace

BarChartData tokenBarChart(const TokenBarData& data, const ChartStyle& style)
{
    BarChartData bars { data.axisTitle, {} };
    if (data.sets.isEmpty())
        return bars;
    bars.groups = data.tokens;
    for (const TokenBarData::Set& set : data.sets)
        bars.legend << BarLegendEntry { set.name, staleColor(set.color, style, set.stale), set.marker };
    for (qsizetype token = 0; token < data.tokens.size(); ++token) {
        for (qsizetype i = 0; i < data.sets.size(); ++i)
            bars.bars << Bar { data.tokens[token] + QStringLiteral("  ") + data.sets[i].name,
                shortNumber(data.sets[i].values[token]), data.sets[i].values[token], bars.legend[i].brush,
                QPen(Qt::NoPen), data.sets[i].marker };
    }
    return bars;
}

TokenBars::TokenBars(NextTokenController* controller, QWidget* parent)
    : Chart(QStringLiteral("nextTokenBars"), tr("Most likely next tokens"), {}, parent)
    , m_controller(controller)
    , m_view(makeBarChart(this))
{
    setView(m_view);
    const auto later = [this] { scheduleRefresh(); };
    connect(controller, &NextTokenController::cursorChanged, this, later);
    connect(controller, &NextTokenController::stateChanged, this, later);
    connect(controller->figures(), &NextTokenModel::figuresChanged, this, later);
    refreshNow();
}

QString TokenBars::emptyText() const { return tr("Scoring the uncompressed cache first…"); }

TokenBarData TokenBars::makeData(const ChartStyle& style) const
{
    TokenBarData data;
    data.axisTitle = tr("Probability of the next token");
    if (m_controller->state() != NextTokenController::State::Ready)
        return data;
    const auto& entries = m_controller->figures()->entries();
    const int cursor = m_controller->cursor();
    const Ids ids = tokensToShow(entries, cursor);
    for (const std::int64_t id : ids)
        data.tokens << m_controller->tokenText(id);
    for (const NextTokenEntry& entry : entries) {
        const NextTokenPosition* position = NextTokenModel::positionOf(entry, cursor);
        if (!position || entry.isControl())
            continue;
        const QColor color = entry.method.isEmpty() ? style.text : methodStyle(entry.method, style.dark).color;
        const bool old = entry.stale && !(entry.preview && std::size_t(cursor) < entry.preview->positions.size());
        TokenBarData::Set set { NextTokenModel::nameOf(entry.method), color, {}, old };
        if (!entry.method.isEmpty())
            set.marker = methodStyle(entry.method, style.dark).marker;
        for (const std::int64_t id : ids)
            set.values << (entry.method.isEmpty() ? originalProbability(entries, cursor, id)
                                                  : probability(*position, id, false));
        data.sets << set;
    }
    return data;
}

void TokenBars::refresh(const ChartStyle& style)
{
    m_data = makeData(style);
    m_view->setData(tokenBarChart(m_data, style), style);
}

QString TokenBars::description() const
{
    QStringList tops;
    for (const TokenBarData::Set& set : m_data.sets) {
        const auto top = std::max_element(set.values.begin(), set.values.end(),
            [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; });
        if (top != set.values.end())
            tops
                << QStringLiteral("%1 %2 %3").arg(set.name, m_data.tokens[top - set.values.begin()], shortNumber(*top));
    }
    return tops.join(QStringLiteral(", "));
}

QString TokenBars::chartTitle() const { return tr("Next token at position %1").arg(m_controller->cursor() + 1); }

void TokenBars::paintChart(const ChartSheet& sheet)
{
    refreshNow();
    const std::unique_ptr<BarChart> copy(makeBarChart(nullptr));
    copy->setData(tokenBarChart(makeData(sheet.style), sheet.style), sheet.style);
    copy->paint(sheet);
}

QString TokenBars::tooltipAt(QPointF position) const
{
    const QRectF area = m_view->plotArea().translated(m_view->pos());
    const double share = (position.y() - area.top()) / area.height();
    const auto row = qsizetype(std::floor(share * double(m_data.tokens.size())));
    if (row < 0 || row >= m_data.tokens.size())
        return {};
    QString rows;
    for (const TokenBarData::Set& set : m_data.sets)
        rows += tooltipRow(set.name,
            std::isnan(set.values[row]) ? tr("not among its most likely ones")
                                        : QString::number(set.values[row], 'g', 4),
            false);
    return QStringLiteral("<b>%1</b><table cellspacing=0>%2</table>").arg(m_data.tokens[row].toHtmlEscaped(), rows);
}

void TokenBars::keyPressEvent(QKeyEvent* event)
{
    if (!moveByKey(*m_controller, *event))
        QWidget::keyPressEvent(event);
}

} // namespace pikv::ui
