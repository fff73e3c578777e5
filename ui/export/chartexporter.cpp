// SPDX-License-Identifier: GPL-3.0-or-later
// A chart as PNG, SVG or PDF at a given size, in light colours if asked for, whole or not at all.
#include "ui/export/chartexporter.h"
#include "core/base/error.h"
#include "core/eval/resultsio.h"
#include "ui/export/chartsource.h"
#include <QBuffer>
#include <QClipboard>
#include <QFile>
#include <QGuiApplication>
#include <QImage>
#include <QPageSize>
#include <QPdfWriter>
#include <QSvgGenerator>

namespace pikv::ui {
namespace {

constexpr qint64 kMaxPixels = 100'000'000;
constexpr int kPdfResolution = 1200;

QImage blankImage(QSize pixels, const QColor& background)
{
    if (qint64(pixels.width()) * pixels.height() > kMaxPixels)
        throw resourceError("An image of " + std::to_string(pixels.width()) + " x " + std::to_string(pixels.height())
            + " pixels is above the limit of 100 megapixels");
    QImage image(pixels, QImage::Format_ARGB32_Premultiplied);
    if (image.isNull())
        throw resourceError("Not enough memory for an image of " + std::to_string(pixels.width()) + " x "
            + std::to_string(pixels.height()) + " pixels");
    image.fill(background);
    return image;
}

} // namespace

ChartExporter::ChartExporter(ChartSource& chart, const QPalette& palette, const QFont& font)
    : m_chart(chart)
    , m_palette(palette)
    , m_font(font)
{
}

QByteArray ChartExporter::render(const ExportSpec& spec) const
{
    switch (spec.format) {
    case ExportSpec::Svg:
        return svg(spec);
    case ExportSpec::Pdf:
        return pdf(spec);
    case ExportSpec::Png:
        break;
    }
    return png(spec);
}

QByteArray ChartExporter::png(const ExportSpec& spec) const
{
    const ChartStyle style = paperStyle(spec.light ? lightPalette() : m_palette, m_font, spec.fontScale);
    QImage image = blankImage(spec.pixels(), style.background);
    m_chart.paintChart(
        { &image, spec.sheet(), double(image.width()) / spec.sheet().width(), false, style, spec.title });
    image.setDotsPerMeterX(qRound(spec.dpi / 0.0254));
    image.setDotsPerMeterY(qRound(spec.dpi / 0.0254));
    QByteArray bytes;
    QBuffer buffer(&bytes);
    if (!buffer.open(QIODevice::WriteOnly) || !image.save(&buffer, "PNG"))
        throw resourceError("The PNG image could not be encoded");
    return bytes;
}

QByteArray ChartExporter::svg(const ExportSpec& spec) const
{
    QByteArray bytes;
    QBuffer buffer(&bytes);
    QSvgGenerator generator;
    generator.setOutputDevice(&buffer);
    generator.setResolution(96);
    generator.setSize(spec.sheet());
    generator.setViewBox(QRect(QPoint(), spec.sheet()));
    generator.setTitle((spec.title.isEmpty() ? m_chart.chartTitle() : spec.title).toHtmlEscaped()); // Qt writes it raw
    generator.setDescription(QStringLiteral("PiKV Explorer"));
    const ChartStyle style = paperStyle(spec.light ? lightPalette() : m_palette, m_font, spec.fontScale);
    m_chart.paintChart({ &generator, spec.sheet(), 1, true, style, spec.title });
    return bytes;
}

QByteArray ChartExporter::pdf(const ExportSpec& spec) const
{
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    QPdfWriter writer(&buffer);
    writer.setCreator(QStringLiteral("PiKV Explorer"));
    writer.setTitle(spec.title.isEmpty() ? m_chart.chartTitle() : spec.title);
    writer.setResolution(kPdfResolution);
    const QSizeF points = QSizeF(spec.sheet()) * 72 / 96;
    writer.setPageSize(QPageSize(points, QPageSize::Point, QString(), QPageSize::ExactMatch));
    writer.setPageMargins(QMarginsF());
    const ChartStyle style = paperStyle(spec.light ? lightPalette() : m_palette, m_font, spec.fontScale);
    m_chart.paintChart({ &writer, spec.sheet(), kPdfResolution / 96.0, true, style, spec.title });
    return bytes;
}

void ChartExporter::write(const QString& path, const ExportSpec& spec) const
{
    const QByteArray bytes = render(spec);
    writeFileAtomic(QFile::encodeName(path).toStdString(), { bytes.constData(), std::size_t(bytes.size()) });
}

void ChartExporter::copyImage(QSize size, qreal devicePixelRatio) const
{
    const ChartStyle style = screenStyle(m_palette, m_font);
    QImage image = blankImage(size * devicePixelRatio, style.background);
    m_chart.paintChart({ &image, size, devicePixelRatio, false, style, m_chart.chartTitle() });
    QGuiApplication::clipboard()->setImage(image);
}

} // namespace pikv::ui
