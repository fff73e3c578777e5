// SPDX-License-Identifier: GPL-3.0-or-later
// Text is laid out by Qt's rich text from the report's own HTML; charts are painted from their SVG.
#include "ui/export/reportpdf.h"
#include <QAbstractTextDocumentLayout>
#include <QBuffer>
#include <QPainter>
#include <QPdfWriter>
#include <QRegularExpression>
#include <QSvgRenderer>
#include <QTextDocument>
#include <QTextOption>

namespace pikv::ui {
namespace {

constexpr int dpi = 300;
constexpr int chartsAPage = 2;

class Pages {
public:
    explicit Pages(QPdfWriter* writer)
        : m_writer(writer)
        , m_painter(writer)
    {
    }

    void text(const std::string& html, double points, QPageLayout::Orientation orientation)
    {
        turn(orientation);
        QTextDocument document;
        document.setDocumentMargin(0);
        QFont font = document.defaultFont();
        font.setPointSizeF(points);
        document.setDefaultFont(font);
        document.setDefaultStyleSheet(QStringLiteral("td, th { padding: %1px %2px; }")
                                          .arg(QString::number(dpi / 100), QString::number(dpi / 25)));
        document.documentLayout()->setPaintDevice(m_writer);
        static const QRegularExpression style(QStringLiteral("<style>.*</style>")); // it is a browser's
        QTextOption words;
        words.setWrapMode(QTextOption::WordWrap);
        document.setDefaultTextOption(words);
        static const QRegularExpression comma(QStringLiteral(",(?=[a-z])")); // where a method's text may break
        document.setHtml(QString::fromStdString(html).remove(style).replace(comma, QStringLiteral(",&#8203;")));
        const QSizeF page = sheet();
        document.setPageSize(page);
        for (int i = 0; i < document.pageCount(); ++i) {
            if (i > 0)
                m_writer->newPage();
            m_painter.save();
            m_painter.translate(0, -i * page.height());
            document.drawContents(&m_painter, QRectF(QPointF(0, i * page.height()), page));
            m_painter.restore();
        }
    }

    void charts(const std::vector<ReportChart>& charts)
    {
        for (std::size_t i = 0; i < charts.size(); ++i) {
            if (i % chartsAPage == 0)
                turn(QPageLayout::Portrait);
            QSvgRenderer renderer(QByteArray::fromStdString(charts[i].svg));
            const QSizeF room(sheet().width(), sheet().height() / chartsAPage * 0.95);
            const QSizeF size = renderer.defaultSize().scaled(room.toSize(), Qt::KeepAspectRatio);
            renderer.render(
                &m_painter, QRectF(QPointF(0, double(i % chartsAPage) * sheet().height() / chartsAPage), size));
        }
    }

private:
    QSizeF sheet() const { return m_writer->pageLayout().paintRectPixels(dpi).size(); }

    /// A page of its own, which way it lies; the first is there already.
    void turn(QPageLayout::Orientation orientation)
    {
        m_writer->setPageOrientation(orientation);
        if (!std::exchange(m_isFirst, false))
            m_writer->newPage();
    }

    QPdfWriter* m_writer;
    QPainter m_painter;
    bool m_isFirst = true;
};

} // namespace

QByteArray reportPdf(const StudyReport& report)
{
    QBuffer buffer;
    buffer.open(QIODevice::WriteOnly);
    QPdfWriter writer(&buffer);
    writer.setResolution(dpi);
    writer.setPageSize(QPageSize(QPageSize::A4));
    writer.setPageMargins(QMarginsF(15, 15, 15, 15), QPageLayout::Millimeter);
    writer.setTitle(QString::fromStdString(report.title));
    writer.setCreator(QStringLiteral("PiKV Explorer"));
    {
        Pages pages(&writer);
        pages.text(reportHtml({ report.title, report.facts, {}, {} }), 10, QPageLayout::Portrait);
        pages.charts(report.charts);
        if (!report.tables.empty())
            pages.text(reportHtml({ {}, {}, {}, report.tables }), 7, QPageLayout::Landscape);
    }
    return buffer.data();
}

} // namespace pikv::ui
