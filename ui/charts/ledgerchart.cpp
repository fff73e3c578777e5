// SPDX-License-Identifier: GPL-3.0-or-later
// The stacked bars by QCustomPlot, their colours, tooltips and keys.
#include "ui/charts/ledgerchart.h"
#include "ui/charts/chartticker.h"
#include "ui/charts/comparedrows.h"
#include "ui/charts/qcp.h"
#include "ui/charts/qcpaxis.h"
#include "ui/charts/qcpsheet.h"
#include "ui/models/metrictext.h"
#include "ui/models/utf8.h"
#include <QItemSelectionModel>
#include <algorithm>
#include <array>

namespace pikv::ui {
namespace {

constexpr double kThickness = 0.62; // of a bar's place
constexpr double kRoom = 1.16; // of the axis, for the figure behind the longest bar

struct PartColor {
    QRgb onLight, onDark;
    Qt::BrushStyle pattern;
};
/// Okabe & Ito's colours in the ledger's order; what is kept at 16 bits and the header are hatched as well.
constexpr std::array<PartColor, ledgerPartCount> partColors { {
    { 0xff0072b2, 0xff4a90ff, Qt::SolidPattern },
    { 0xffe69f00, 0xffe9b43c, Qt::SolidPattern },
    { 0xff009e73, 0xff2fc79c, Qt::SolidPattern },
    { 0xffcc79a7, 0xffe39cc3, Qt::SolidPattern },
    { 0xffd55e00, 0xffff8a3d, Qt::BDiagPattern },
    { 0xffa03000, 0xffffb58a, Qt::FDiagPattern },
    { 0xff5a5a5a, 0xffc4c4c4, Qt::Dense4Pattern },
} };

double bitsOf(std::uint64_t bytes, const EvaluationResult& result)
{
    return result.originalBytes ? 16.0 * double(bytes) / double(result.originalBytes) : 0;
}

void addFigure(QCustomPlot& plot, double end, double place, const QString& text, const ChartStyle& style)
{
    auto* item = new QCPItemText(&plot);
    item->setClipToAxisRect(false);
    item->setPositionAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    item->position->setCoords(end, place);
    item->setPadding({ 4, 0, 4, 0 });
    item->setText(text);
    item->setFont(style.font);
    item->setColor(style.text);
}

} // namespace

LedgerChart::LedgerChart(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent)
    : ResultBars(model, selection, QStringLiteral("ledgerChart"), tr("Byte ledger"),
        tr("Check methods on the left to see what their bytes are for"), parent)
    , m_plot(new QCustomPlot(this))
{
    m_plot->setObjectName(QStringLiteral("ledgerChartPlot"));
    putLegendAbove(*m_plot);
    setView(m_plot);
    refreshNow();
}

void LedgerChart::draw(QCustomPlot& plot, const ChartStyle& style, QSize size, bool onScreen) const
{
    plot.clearItems();
    plot.clearPlottables();
    stylePlot(plot, style);
    auto names = QSharedPointer<QCPAxisTickerText>::create();
    double longest = 0;
    QCPBars* below = nullptr;
    for (const LedgerPartInfo& part : ledgerParts()) {
        const PartColor& color = partColors[static_cast<std::size_t>(part.part)];
        const QColor paint = QColor::fromRgba(style.dark ? color.onDark : color.onLight);
        auto* bars = new QCPBars(plot.yAxis, plot.xAxis);
        bars->setName(utf8(part.label));
        bars->setAntialiased(false);
        bars->setWidth(kThickness);
        bars->setBrush(QBrush(paint, color.pattern));
        bars->setPen(QPen(paint, pen::kFine * style.scale));
        bool any = false;
        for (qsizetype i = 0; i < rows().size(); ++i) {
            const EvaluationResult& result = *m_ledger.rows().at(i).result;
            bars->addData(double(i), bitsOf(result.ledger[part.part], result));
            any = any || result.ledger[part.part] > 0;
        }
        if (below)
            bars->moveAbove(below);
        below = bars;
        if (!any)
            bars->removeFromLegend();
    }
    const bool hasRoom = size.height() > double(2 * rows().size()) * QFontMetrics(style.font).height();
    for (qsizetype i = 0; i < rows().size(); ++i) {
        const EvaluationResult& result = *m_ledger.rows().at(i).result;
        const double end = bitsOf(result.ledger.total(), result), place = double(i);
        longest = std::max(longest, end);
        names->addTick(place, m_ledger.rows().at(i).name);
        if (hasRoom)
            addFigure(plot, end, place, tr("%1 bits").arg(shortNumber(end)), style);
        if (const double published = 16 * result.publishedRatio(); published < end) {
            auto* mark = new QCPItemLine(&plot);
            mark->start->setCoords(published, place - kThickness * 0.65);
            mark->end->setCoords(published, place + kThickness * 0.65);
            mark->setPen(QPen(style.text, pen::kFrame * style.scale));
        }
        const bool selected = onScreen && selection().isRowSelected(rows().at(i), {});
        if (selected || (onScreen && rows().at(i) == cursorRow())) {
            auto* frame = new QCPItemRect(&plot);
            frame->topLeft->setCoords(0, place - kThickness * 0.6);
            frame->bottomRight->setCoords(end, place + kThickness * 0.6);
            frame->setPen(selected ? QPen(style.highlight, pen::kFrame) : QPen(style.text, pen::kLine, Qt::DashLine));
        }
    }
    plot.xAxis->setLabel(tr("Bits per element, by what they are for; the mark: as published"));
    plot.xAxis->setTicker(QSharedPointer<ChartTicker>::create(false, false));
    plot.xAxis->setRange(0, longest > 0 ? longest * kRoom : 1);
    plot.yAxis->setTicker(names);
    plot.yAxis->setTickLength(0);
    plot.yAxis->setSubTicks(false);
    plot.yAxis->grid()->setVisible(false);
    plot.yAxis->setRangeReversed(true);
    plot.yAxis->setRange(-0.5, double(std::max<qsizetype>(1, rows().size())) - 0.5);
    for (QCPAxis* axis : { plot.xAxis, plot.yAxis })
        styleAxis(*axis, style);
    wrapLegend(plot, size);
}

void LedgerChart::refresh(const ChartStyle& style)
{
    QList<LedgerModel::Row> shown;
    QList<int> at;
    for (const int row : comparedRows(model())) {
        const auto& result = model().row(row).result;
        if (result->ledger.total() == 0)
            continue; // a file of results from before bytes were counted
        shown << LedgerModel::Row { comparedLabel(model(), row), result };
        at << row;
    }
    m_ledger.setRows(shown);
    setRows(at);
    draw(*m_plot, style, size(), true);
    if (isVisible())
        m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void LedgerChart::resizeEvent(QResizeEvent* event)
{
    ResultBars::resizeEvent(event);
    scheduleRefresh(); // the legend wraps anew
}

QString LedgerChart::chartTitle() const { return tr("What the bytes are for"); }

void LedgerChart::paintChart(const ChartSheet& sheet)
{
    refreshNow();
    QCustomPlot plot;
    putLegendAbove(plot);
    draw(plot, sheet.style, sheet.size, false);
    addPlotTitle(plot, sheet.title, sheet.style);
    paintPlot(plot, sheet);
}

QString LedgerChart::description() const
{
    QStringList bars;
    for (const LedgerModel::Row& row : m_ledger.rows()) {
        QStringList parts;
        for (const LedgerPartInfo& part : ledgerParts())
            if (const std::uint64_t bytes = row.result->ledger[part.part])
                parts << QStringLiteral("%1 %2").arg(utf8(part.label), shortNumber(bitsOf(bytes, *row.result)));
        bars << QStringLiteral("%1: %2").arg(row.name, parts.join(QStringLiteral(", ")));
    }
    return tr("Bits per element. %1").arg(bars.join(QStringLiteral("; ")));
}

QRectF LedgerChart::plotArea() const { return QRectF(m_plot->axisRect()->rect()).translated(m_plot->pos()); }

QString LedgerChart::tooltipOf(int row) const
{
    const qsizetype at = rows().indexOf(row);
    if (at < 0)
        return {};
    QString table;
    for (int column = 1; column < m_ledger.columnCount(); ++column) {
        const QString value = m_ledger.index(int(at), column).data().toString();
        if (value != QStringLiteral("–"))
            table += tooltipRow(m_ledger.headerData(column, Qt::Horizontal, Qt::DisplayRole).toString(), value, false);
    }
    const QString spec = m_ledger.index(int(at), 0).data(Qt::ToolTipRole).toString();
    return QStringLiteral("<b>%1</b><br>%2<table>%3</table>")
        .arg(m_ledger.rows().at(at).name.toHtmlEscaped(), spec.toHtmlEscaped(), table);
}

QString LedgerChart::spoken(qsizetype bar) const { return m_ledger.rows().at(bar).name; }

} // namespace pikv::ui
