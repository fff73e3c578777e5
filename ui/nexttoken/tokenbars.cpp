// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/nexttoken/tokenbars.h"
#include "ui/charts/refreshtimer.h"
#include "ui/models/metrictext.h"
#include "ui/nexttoken/nexttokencontroller.h"
#include "ui/nexttoken/nexttokenmodel.h"
#include "ui/theme/methodstyle.h"
#include <QMouseEvent>
#include <QToolTip>
#include <QVBoxLayout>
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
    const auto count = std::size_t(std::clamp(mostBars / int(entries.size() + 1), 3, NextTokenEngine::topCount));
    for (const NextTokenEntry& entry : entries) {
        const NextTokenPosition* position = NextTokenModel::positionOf(entry, cursor);
        if (!position)
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

TokenBars::TokenBars(NextTokenController* controller, QWidget* parent)
    : QWidget(parent)
    , m_controller(controller)
    , m_view(makeTokenBarView(this))
{
    setObjectName(QStringLiteral("nextTokenBars"));
    setAccessibleName(tr("Most likely next tokens"));
    setMouseTracking(true);
    m_view->setAttribute(Qt::WA_TransparentForMouseEvents);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_view);
    m_refresh = new RefreshTimer(this, [this] { refreshNow(); });
    const auto later = [this] { m_refresh->schedule(); };
    connect(controller, &NextTokenController::cursorChanged, this, later);
    connect(controller, &NextTokenController::stateChanged, this, later);
    connect(controller->figures(), &NextTokenModel::figuresChanged, this, later);
    refreshNow();
}

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
        if (!position)
            continue;
        const QColor color = entry.method.isEmpty() ? style.text : methodStyle(entry.method, style.dark).color;
        const bool old = entry.stale && !(entry.preview && std::size_t(cursor) < entry.preview->positions.size());
        TokenBarData::Set set { NextTokenModel::nameOf(entry.method), color, {}, old };
        for (const std::int64_t id : ids)
            set.values << (entry.method.isEmpty() ? originalProbability(entries, cursor, id)
                                                  : probability(*position, id, false));
        data.sets << set;
    }
    return data;
}

void TokenBars::refreshNow()
{
    m_refresh->cancel();
    const ChartStyle style = screenStyle(palette(), font());
    m_data = makeData(style);
    m_view->setData(m_data, style);
    QStringList tops;
    for (const TokenBarData::Set& set : std::as_const(m_data.sets)) {
        const auto top = std::max_element(set.values.begin(), set.values.end(),
            [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; });
        if (top != set.values.end())
            tops
                << QStringLiteral("%1 %2 %3").arg(set.name, m_data.tokens[top - set.values.begin()], shortNumber(*top));
    }
    setAccessibleDescription(tops.join(QStringLiteral(", ")));
    Q_EMIT refreshed();
}

QString TokenBars::chartTitle() const { return tr("Next token at position %1").arg(m_controller->cursor() + 1); }

void TokenBars::paintChart(const ChartSheet& sheet)
{
    refreshNow();
    const std::unique_ptr<TokenBarView> copy(makeTokenBarView(nullptr));
    copy->setData(makeData(sheet.style), sheet.style);
    copy->paint(sheet);
}

void TokenBars::mouseMoveEvent(QMouseEvent* event)
{
    const QRectF area = m_view->plotArea().translated(m_view->pos());
    const double share = (event->position().y() - area.top()) / area.height();
    const auto row = qsizetype(std::floor(share * double(m_data.tokens.size())));
    if (m_data.tokens.isEmpty() || row < 0 || row >= m_data.tokens.size())
        return QToolTip::hideText();
    QString rows;
    for (const TokenBarData::Set& set : std::as_const(m_data.sets))
        rows += tooltipRow(set.name,
            std::isnan(set.values[row]) ? tr("not among its most likely ones")
                                        : QString::number(set.values[row], 'g', 4),
            false);
    QToolTip::showText(event->globalPosition().toPoint(),
        QStringLiteral("<b>%1</b><table cellspacing=0>%2</table>").arg(m_data.tokens[row].toHtmlEscaped(), rows), this);
}

void TokenBars::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange)
        refreshNow();
}

} // namespace pikv::ui
