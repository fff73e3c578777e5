// SPDX-License-Identifier: GPL-3.0-or-later
// A colour map with its colour bar and a frame around one cell.
#include "ui/charts/heatmap.h"
#include "ui/charts/chartticker.h"
#include "ui/charts/qcp.h"
#include "ui/charts/qcpaxis.h"
#include "ui/charts/qcpsheet.h"
#include <QVBoxLayout>

namespace pikv::ui {
namespace {

constexpr int kScaleBar = 14; // pixels that the colour bar is wide

/// cividis (Nuñez, Anderton, Renslow 2018): even in lightness, and alike for the common colour vision deficiencies.
QCPColorGradient cividis()
{
    static constexpr QRgb stops[]
        = { 0x00224e, 0x123570, 0x3b496c, 0x575d6d, 0x707173, 0x8a8678, 0xa59c74, 0xc3b369, 0xe1cc55, 0xfee838 };
    QCPColorGradient gradient;
    gradient.clearColorStops();
    constexpr int last = int(std::size(stops)) - 1;
    for (int i = 0; i <= last; ++i)
        gradient.setColorStopAt(double(i) / last, QColor(stops[i]));
    gradient.setNanHandling(QCPColorGradient::nhTransparent);
    return gradient;
}

QSharedPointer<QCPAxisTicker> indexTicker()
{
    auto ticker = QSharedPointer<QCPAxisTickerFixed>::create();
    ticker->setTickStep(1);
    ticker->setScaleStrategy(QCPAxisTickerFixed::ssMultiples);
    return ticker;
}

/// QCPColorMap wants the centres of the outer cells; of a single cell it draws the range itself.
QCPRange cellRange(int cells) { return cells > 1 ? QCPRange(0, cells - 1) : QCPRange(-0.5, 0.5); }

} // namespace

HeatMap::HeatMap(QWidget* parent)
    : QWidget(parent)
    , m_plot(new QCustomPlot(this))
    , m_map(new QCPColorMap(m_plot->xAxis, m_plot->yAxis))
    , m_scale(new QCPColorScale(m_plot))
    , m_cursor(new QCPItemRect(m_plot))
{
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_plot);
    m_plot->setFocusPolicy(Qt::NoFocus);
    m_plot->plotLayout()->addElement(0, 1, m_scale);
    m_scale->setBarWidth(kScaleBar);
    m_map->setColorScale(m_scale);
    m_map->setGradient(cividis());
    m_map->setInterpolate(false);
    m_map->setAntialiased(false);
    auto* group = new QCPMarginGroup(m_plot);
    m_plot->axisRect()->setMarginGroup(QCP::msTop | QCP::msBottom, group);
    m_scale->setMarginGroup(QCP::msTop | QCP::msBottom, group);
    m_plot->axisRect()->setMinimumMargins({ 10, 8, 6, 6 });
    m_plot->yAxis->setRangeReversed(true);
    for (QCPAxis* axis : { m_plot->xAxis, m_plot->yAxis }) {
        axis->setTicker(indexTicker());
        axis->setSubTicks(false);
        axis->setTickLength(0, 4);
        axis->grid()->setVisible(false);
    }
    m_cursor->setVisible(false);
    m_cursor->setBrush(Qt::NoBrush);
}

void HeatMap::setData(const HeatMapData& data, const ChartStyle& style)
{
    m_data = data;
    fillMap();
    applyStyle(style, {});
    m_style = style;
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void HeatMap::fillMap()
{
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const double value : m_data.values) {
        if (std::isfinite(value) && (!m_data.log || value > 0)) {
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
    if (low > high)
        low = high = 1;
    if (low == high) {
        low = m_data.log || low > 0 ? low * 0.9 : low - 0.5;
        high = m_data.log || high > 0 ? high * 1.1 : high + 0.5;
    }
    QCPColorMapData* cells = m_map->data();
    cells->setSize(m_data.columns, m_data.rows);
    cells->setRange(cellRange(m_data.columns), cellRange(m_data.rows));
    for (int row = 0; row < m_data.rows; ++row) {
        for (int column = 0; column < m_data.columns; ++column) {
            const double value = m_data.at(row, column);
            cells->setCell(column, row, std::isnan(value) ? value : std::clamp(value, low, high));
        }
    }
    m_scale->setDataScaleType(m_data.log ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    m_scale->setDataRange({ low, high });
    m_scale->axis()->setTicker(QSharedPointer<ChartTicker>::create(m_data.log, false));
    m_plot->xAxis->setRange(-0.5, m_data.columns - 0.5);
    m_plot->yAxis->setRange(-0.5, m_data.rows - 0.5);
    m_plot->xAxis->setLabel(m_data.columnTitle);
    m_plot->yAxis->setLabel(m_data.rowTitle);
    m_scale->setLabel(m_data.valueTitle);
}

void HeatMap::applyStyle(const ChartStyle& style, const QString& title)
{
    m_plot->setBackground(QBrush(style.background));
    for (QCPAxis* axis : { m_plot->xAxis, m_plot->yAxis, m_scale->axis() })
        styleAxis(*axis, style);
    m_scale->setBarWidth(qRound(kScaleBar * style.scale));
    m_cursor->setPen(QPen(style.highlight, pen::kFrame * style.scale));
    auto* layout = m_plot->plotLayout();
    const bool titled = layout->rowCount() > 1;
    if (titled) {
        layout->removeAt(layout->rowColToIndex(0, 0));
        layout->simplify();
    }
    addPlotTitle(*m_plot, title, style);
}

void HeatMap::paint(const ChartSheet& sheet)
{
    const ChartStyle screen = m_style;
    const bool framed = m_cursor->visible();
    m_cursor->setVisible(false);
    applyStyle(sheet.style, sheet.title);
    paintPlot(*m_plot, sheet);
    applyStyle(screen, {});
    m_cursor->setVisible(framed);
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

QPoint HeatMap::cellAt(QPointF position) const
{
    const QPointF at = position - m_plot->pos();
    if (!QRectF(m_plot->axisRect()->rect()).contains(at))
        return { -1, -1 };
    const QPoint cell(qRound(m_plot->xAxis->pixelToCoord(at.x())), qRound(m_plot->yAxis->pixelToCoord(at.y())));
    return QRect(0, 0, m_data.columns, m_data.rows).contains(cell) ? cell : QPoint(-1, -1);
}

QRectF HeatMap::cellRect(QPoint cell) const
{
    const auto corner = [this](double column, double row) {
        return QPointF(m_plot->xAxis->coordToPixel(column), m_plot->yAxis->coordToPixel(row)) + m_plot->pos();
    };
    return QRectF(corner(cell.x() - 0.5, cell.y() - 0.5), corner(cell.x() + 0.5, cell.y() + 0.5));
}

void HeatMap::setCursorCell(QPoint cell)
{
    m_cursor->setVisible(cell.x() >= 0);
    m_cursor->topLeft->setCoords(cell.x() - 0.5, cell.y() - 0.5);
    m_cursor->bottomRight->setCoords(cell.x() + 0.5, cell.y() + 0.5);
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

} // namespace pikv::ui
