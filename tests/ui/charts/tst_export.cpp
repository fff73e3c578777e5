// SPDX-License-Identifier: GPL-3.0-or-later
#include "chartfixture.h"
#include "core/base/error.h"
#include "core/eval/resultsio.h"
#include "testmain.h"
#include "ui/charts/comparisonpanel.h"
#include "ui/charts/layerspanel.h"
#include "ui/charts/plotrenderer.h"
#include "ui/charts/tradeoffchart.h"
#include "ui/charts/tradeoffpanel.h"
#include "ui/charts/trainingpanel.h"
#include "ui/export/chartexporter.h"
#include "ui/export/chartsource.h"
#include "ui/export/exportdialog.h"
#include "ui/export/tableclipboard.h"
#include "ui/models/trainingrun.h"
#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QDir>
#include <QDoubleSpinBox>
#include <QImage>
#include <QLabel>
#include <QLineEdit>
#include <QMimeData>
#include <QPushButton>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>
#include <QXmlStreamReader>

using namespace pikv;
using namespace pikv::ui;
using namespace chartfixture;

namespace {

enum Panel { Tradeoff, Bars, Layers, Training };

std::unique_ptr<ChartPanel> makeTraining()
{
    auto* run = new TrainingRun;
    auto panel = std::make_unique<TrainingPanel>(run);
    run->setParent(panel.get());
    for (int layer : { 0, 1 })
        for (const char* curve : { "keys", "values" })
            for (int step : { 0, 10, 20 })
                run->add(QStringLiteral("MiniLLM"), { curve, layer, 2, step, 0.5 / (1 + step) });
    return panel;
}

std::unique_ptr<ChartPanel> makePanel(int which, Results& results)
{
    switch (which) {
    case Tradeoff:
        return std::make_unique<TradeoffPanel>(&results.model, &results.selection);
    case Bars:
        return std::make_unique<ComparisonPanel>(&results.model, &results.selection);
    case Layers:
        return std::make_unique<LayersPanel>(&results.model, &results.selection);
    default:
        return makeTraining();
    }
}

/// All text of an SVG; empty when it is not well-formed.
QStringList svgTexts(const QByteArray& svg)
{
    QXmlStreamReader reader(svg);
    QStringList texts;
    while (!reader.atEnd()) {
        if (reader.readNext() == QXmlStreamReader::StartElement && reader.name() == QLatin1String("text"))
            texts << reader.readElementText(QXmlStreamReader::IncludeChildElements).trimmed();
    }
    return reader.hasError() ? QStringList() : texts;
}

int colors(const QImage& image)
{
    QSet<QRgb> found;
    for (int y = 0; y < image.height(); y += 3) {
        for (int x = 0; x < image.width(); x += 3)
            found << image.pixel(x, y);
    }
    return int(found.size());
}

} // namespace

class ExportTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void pngHasTheSizeAskedFor_data();
    void pngHasTheSizeAskedFor();
    void svgHasTextAndParses_data() { addPanels(); }
    void svgHasTextAndParses();
    void pdfIsAPdf_data() { addPanels(); }
    void pdfIsAPdf();
    void lightInADarkWindow_data() { addPanels(); }
    void lightInADarkWindow();
    void doesNotShowTheSelection();
    void theScreenStaysAsItWas();
    void unwritablePathLeavesNothing_data();
    void unwritablePathLeavesNothing();
    void refusesHugeImages();
    void dialogGivesWhatItShows();
    void dialogRemembersTheLastExport();
    void dialogRefusesAMissingFolder();
    void dialogFollowsATypedSuffix();
    void zeroIsMarkedInEveryFormat();
    void imageGoesToTheClipboard();
    void csvGoesToTheClipboard();
    void rendersTheUsualCharts_data();
    void rendersTheUsualCharts();
    void rendererNamesTheFolderItCannotMake();

private:
    static void addPanels();
    std::unique_ptr<Results> m_results;
    QTemporaryDir m_folder;
};

void ExportTest::addPanels()
{
    QTest::addColumn<int>("panel");
    QTest::newRow("trade-off") << int(Tradeoff);
    QTest::newRow("bars") << int(Bars);
    QTest::newRow("layers") << int(Layers);
    QTest::newRow("training") << int(Training);
}

void ExportTest::init()
{
    QSettings().clear();
    m_results = std::make_unique<Results>();
    m_results->addTwoSweeps();
    auto layered = makeResult(kBeta, 8, 6, 0.2);
    addLayers(*layered, 4, 3);
    m_results->model.put(layered, true);
}

void ExportTest::pngHasTheSizeAskedFor_data()
{
    QTest::addColumn<int>("panel");
    QTest::addColumn<int>("unit");
    QTest::addColumn<double>("width");
    QTest::addColumn<double>("height");
    QTest::addColumn<int>("dpi");
    QTest::addColumn<QSize>("expected");
    for (const int panel : { Tradeoff, Bars, Layers, Training }) {
        QTest::addRow("%d, 84 x 60 mm at 300 dpi", panel)
            << panel << int(ExportSpec::Millimetres) << 84.0 << 60.0 << 300 << QSize(992, 709);
        QTest::addRow("%d, 801 x 401 pixels", panel)
            << panel << int(ExportSpec::Pixels) << 801.0 << 401.0 << 96 << QSize(801, 401);
    }
}

void ExportTest::pngHasTheSizeAskedFor()
{
    QFETCH(int, panel);
    QFETCH(int, unit);
    ExportSpec spec;
    spec.unit = ExportSpec::Unit(unit);
    spec.width = *static_cast<double*>(QTest::qData("width", QMetaType::Double));
    spec.height = *static_cast<double*>(QTest::qData("height", QMetaType::Double));
    spec.dpi = *static_cast<int*>(QTest::qData("dpi", QMetaType::Int));
    const auto shown = makePanel(panel, *m_results);
    const QByteArray bytes = ChartExporter(shown->chart(), QPalette(), QFont()).render(spec);
    const QImage image = QImage::fromData(bytes, "PNG");
    QTEST(image.size(), "expected");
    QCOMPARE(qRound(image.dotsPerMeterX() * 0.0254), spec.dpi);
    QVERIFY2(colors(image) > 8, "blank");
    QCOMPARE(image.pixelColor(1, image.height() - 2), QColor(Qt::white));
}

void ExportTest::svgHasTextAndParses()
{
    QFETCH(int, panel);
    ExportSpec spec;
    spec.format = ExportSpec::Svg;
    spec.title = "A <title> & more";
    const auto shown = makePanel(panel, *m_results);
    const QByteArray svg = ChartExporter(shown->chart(), QPalette(), QFont()).render(spec);
    const QStringList texts = svgTexts(svg);
    QVERIFY2(texts.size() > 8, svg.left(400));
    QVERIFY2(texts.contains(spec.title), qPrintable(texts.join('|')));
    if (panel == Training)
        QVERIFY2(texts.contains("keys") && texts.contains("Training step"), qPrintable(texts.join('|')));
    else if (panel != Layers)
        QVERIFY2(texts.contains("Alpha") && texts.contains("Beta"), qPrintable(texts.join('|')));
}

void ExportTest::pdfIsAPdf()
{
    QFETCH(int, panel);
    ExportSpec spec;
    spec.format = ExportSpec::Pdf;
    const auto shown = makePanel(panel, *m_results);
    const QString path = m_folder.filePath("chart.pdf");
    ChartExporter(shown->chart(), QPalette(), QFont()).write(path, spec);
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray bytes = file.readAll();
    QVERIFY(bytes.startsWith("%PDF-"));
    QVERIFY(bytes.trimmed().endsWith("%%EOF"));
    QVERIFY(bytes.contains("/FontFile2")); // text stays text
    const qsizetype box = bytes.indexOf("/MediaBox [");
    QVERIFY(box >= 0);
    const QList<QByteArray> sides = bytes.mid(box + 11, bytes.indexOf(']', box) - box - 11).simplified().split(' ');
    QCOMPARE(qRound(sides[2].toDouble() * 25.4 / 72), 160);
    QCOMPARE(qRound(sides[3].toDouble() * 25.4 / 72), 100);
}

void ExportTest::lightInADarkWindow()
{
    QFETCH(int, panel);
    const auto shown = makePanel(panel, *m_results);
    shown->setPalette(darkPalette());
    ExportSpec spec;
    const auto corner = [&] {
        return QImage::fromData(ChartExporter(shown->chart(), shown->palette(), QFont()).render(spec)).pixelColor(2, 2);
    };
    QCOMPARE(corner(), QColor(Qt::white));
    spec.light = false;
    QCOMPARE(corner(), darkPalette().color(QPalette::Base));
}

void ExportTest::doesNotShowTheSelection()
{
    for (const int panel : { Tradeoff, Bars }) {
        const auto shown = makePanel(panel, *m_results);
        const ChartExporter exporter(shown->chart(), QPalette(), QFont());
        m_results->selection.clearSelection();
        const QByteArray plain = exporter.render({});
        m_results->selection.select(
            m_results->model.index(1, 0), QItemSelectionModel::Select | QItemSelectionModel::Rows);
        QCOMPARE(QImage::fromData(exporter.render({})), QImage::fromData(plain));
    }
}

void ExportTest::theScreenStaysAsItWas()
{
    for (const int panel : { Tradeoff, Bars, Layers, Training }) {
        const auto shown = makePanel(panel, *m_results);
        shown->setPalette(darkPalette());
        shown->resize(600, 400);
        shown->show();
        QVERIFY(QTest::qWaitForWindowExposed(shown.get()));
        QTest::qWait(40);
        const QImage before = shown->grab().toImage();
        ExportSpec spec;
        spec.width = 60;
        spec.height = 120;
        spec.title = "Title";
        ChartExporter(shown->chart(), shown->palette(), QFont()).render(spec);
        QTest::qWait(40);
        QCOMPARE(shown->grab().toImage(), before);
    }
}

void ExportTest::unwritablePathLeavesNothing_data()
{
    QTest::addColumn<QString>("name");
    QTest::newRow("missing folder") << "missing/chart.png";
    QTest::newRow("a file as folder") << "file/chart.png";
    QTest::newRow("a folder as file") << "folder";
}

void ExportTest::unwritablePathLeavesNothing()
{
    QFETCH(QString, name);
    const QTemporaryDir folder;
    QFile file(folder.filePath("file"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    QVERIFY(QDir(folder.path()).mkdir("folder"));
    const QStringList before = QDir(folder.path()).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot);
    const QString path = folder.filePath(name);
    const auto shown = makePanel(Tradeoff, *m_results);
    try {
        ChartExporter(shown->chart(), QPalette(), QFont()).write(path, {});
        QFAIL("no error");
    } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::Resource);
        QVERIFY2(QString::fromUtf8(error.what()).contains(path), error.what());
    }
    QCOMPARE(QDir(folder.path()).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot), before);
    QVERIFY(QDir(folder.filePath("folder")).isEmpty());
}

void ExportTest::refusesHugeImages()
{
    const auto shown = makePanel(Tradeoff, *m_results);
    ExportSpec spec;
    spec.width = spec.height = 2000;
    spec.dpi = 1200;
    QVERIFY_THROWS_EXCEPTION(Error, ChartExporter(shown->chart(), QPalette(), QFont()).render(spec));
}

void ExportTest::dialogGivesWhatItShows()
{
    const auto shown = makePanel(Tradeoff, *m_results);
    ExportDialog dialog(shown->chart());
    dialog.findChild<QLineEdit*>("exportPath")->setText(m_folder.filePath("plot.png"));
    dialog.findChild<QComboBox*>("exportFormat")->setCurrentIndex(ExportSpec::Svg);
    QCOMPARE(dialog.path(), m_folder.filePath("plot.svg"));
    auto* width = dialog.findChild<QDoubleSpinBox*>("exportWidth");
    dialog.findChild<QSpinBox*>("exportDpi")->setValue(254);
    width->setValue(100);
    dialog.findChild<QComboBox*>("exportUnit")->setCurrentIndex(ExportSpec::Pixels);
    QCOMPARE(width->value(), 1000.0);
    QCOMPARE(dialog.spec().pixels().width(), 1000);
    dialog.findChild<QComboBox*>("exportUnit")->setCurrentIndex(ExportSpec::Millimetres);
    QCOMPARE(width->value(), 100.0);
    dialog.findChild<QLineEdit*>("exportTitle")->setText("Mine");
    dialog.findChild<QCheckBox*>("exportLight")->setChecked(false);
    dialog.findChild<QDoubleSpinBox*>("exportFontScale")->setValue(1.5);
    const ExportSpec spec = dialog.spec();
    QCOMPARE(spec.format, ExportSpec::Svg);
    QCOMPARE(spec.title, QString("Mine"));
    QCOMPARE(spec.light, false);
    QCOMPARE(spec.fontScale, 1.5);
    QCOMPARE(spec.dpi, 254);
    for (const QWidget* widget : dialog.findChildren<QWidget*>()) {
        const bool ours = widget->objectName().startsWith("export");
        QVERIFY2(!ours || !widget->accessibleName().isEmpty(), qPrintable(widget->objectName()));
    }
}

void ExportTest::dialogRemembersTheLastExport()
{
    const auto shown = makePanel(Tradeoff, *m_results);
    {
        ExportDialog dialog(shown->chart());
        dialog.findChild<QComboBox*>("exportFormat")->setCurrentIndex(ExportSpec::Pdf);
        dialog.findChild<QDoubleSpinBox*>("exportHeight")->setValue(77);
        dialog.findChild<QLineEdit*>("exportPath")->setText(m_folder.filePath("a.pdf"));
        dialog.accept();
    }
    const ExportDialog again(shown->chart());
    QCOMPARE(again.spec().format, ExportSpec::Pdf);
    QCOMPARE(again.spec().height, 77.0);
    QCOMPARE(QFileInfo(again.path()).absolutePath(), QFileInfo(m_folder.path()).absoluteFilePath());
    QVERIFY(again.path().endsWith(".pdf"));
}

void ExportTest::dialogRefusesAMissingFolder()
{
    const auto shown = makePanel(Tradeoff, *m_results);
    ExportDialog dialog(shown->chart());
    const QPushButton* save = dialog.findChild<QDialogButtonBox*>()->button(QDialogButtonBox::Save);
    dialog.findChild<QLineEdit*>("exportPath")->setText(m_folder.filePath("none/a.png"));
    QVERIFY(!save->isEnabled());
    dialog.findChild<QLineEdit*>("exportPath")->setText(m_folder.filePath("a.png"));
    QVERIFY(save->isEnabled());
}

/// An error of 0 has no place on a logarithmic axis: every file and the clipboard say so by a break and a tick "0".
void ExportTest::zeroIsMarkedInEveryFormat()
{
    const auto shown = makePanel(Tradeoff, *m_results);
    shown->resize(700, 450);
    shown->show();
    QVERIFY(QTest::qWaitForWindowExposed(shown.get()));
    ExportSpec spec;
    const ChartExporter exporter(shown->chart(), QPalette(), QFont());
    spec.format = ExportSpec::Svg;
    QVERIFY(!svgTexts(exporter.render(spec)).contains("0"));
    m_results->model.put(makeResult(kAlpha, 99, 7, 0), false);
    QVERIFY(svgTexts(exporter.render(spec)).contains("0"));
    const auto dashed = [](const QImage& image) { // a row near the lower end that is drawn and left out by turns
        const int y0 = image.height() / 2;
        for (int y = y0; y < image.height(); ++y) {
            int changes = 0;
            for (int x = image.width() / 4; x < image.width() / 2; ++x)
                changes += (image.pixelColor(x, y).lightness() > 200) != (image.pixelColor(x - 1, y).lightness() > 200);
            if (changes > 20)
                return true;
        }
        return false;
    };
    spec.format = ExportSpec::Png;
    spec.dpi = 96;
    QVERIFY(dashed(QImage::fromData(exporter.render(spec))));
    shown->copyImage();
    QVERIFY(dashed(QApplication::clipboard()->image()));
    QVERIFY(shown->findChild<QLabel*>("chartNotes")->text().contains("0"));
}

void ExportTest::dialogFollowsATypedSuffix()
{
    const auto shown = makePanel(Tradeoff, *m_results);
    ExportDialog dialog(shown->chart());
    auto* path = dialog.findChild<QLineEdit*>("exportPath");
    auto* format = dialog.findChild<QComboBox*>("exportFormat");
    QCOMPARE(format->currentIndex(), int(ExportSpec::Png));
    path->clear();
    QTest::keyClicks(path, m_folder.filePath("t.svg"));
    QCOMPARE(format->currentIndex(), int(ExportSpec::Svg));
    QCOMPARE(dialog.path(), m_folder.filePath("t.svg"));
    QVERIFY(dialog.findChild<QLabel*>("exportNote")->text().contains("Vector"));
    path->clear();
    QTest::keyClicks(path, m_folder.filePath("T.PDF"));
    QCOMPARE(format->currentIndex(), int(ExportSpec::Pdf));
    QCOMPARE(dialog.path(), m_folder.filePath("T.PDF"));
    path->clear();
    QTest::keyClicks(path, m_folder.filePath("fig.v2")); // no suffix of a format: the format's is added
    QCOMPARE(format->currentIndex(), int(ExportSpec::Pdf));
    QCOMPARE(dialog.path(), m_folder.filePath("fig.v2.pdf"));
}

void ExportTest::imageGoesToTheClipboard()
{
    const auto shown = makePanel(Tradeoff, *m_results);
    shown->resize(500, 350);
    shown->show();
    QVERIFY(QTest::qWaitForWindowExposed(shown.get()));
    QApplication::clipboard()->clear();
    shown->copyImage();
    const QImage image = QApplication::clipboard()->image();
    QVERIFY(image.width() > 400 && image.height() > 200);
    QVERIFY(colors(image) > 8);
}

void ExportTest::csvGoesToTheClipboard()
{
    const std::vector<EvaluationResult> results { *makeResult(kAlpha, 4, 2, 0.4), *makeResult(kBeta, 8, 4, 0.1) };
    copyResultsCsv(results);
    const QMimeData* data = QApplication::clipboard()->mimeData();
    QCOMPARE(data->data("text/csv"), QByteArray::fromStdString(resultsToCsv(results)));
    QCOMPARE(data->text().count('\n'), 3);
}

void ExportTest::rendersTheUsualCharts_data()
{
    QTest::addColumn<QString>("format");
    for (const char* format : { "png", "svg", "pdf" })
        QTest::newRow(format) << format;
}

void ExportTest::rendersTheUsualCharts()
{
    QFETCH(QString, format);
    std::vector<EvaluationResult> results;
    for (int i = 1; i < 5; ++i)
        results.push_back(*makeResult(i % 2 ? kAlpha : kBeta, i, i + 0.5, 0.5 / i));
    const QTemporaryDir folder;
    ExportSpec spec;
    spec.format = parseExportFormat(format);
    spec.dpi = 96;
    const QStringList files = renderCharts(results, folder.filePath("made/here"), spec);
    QStringList names;
    for (const QString& file : files) {
        const QFileInfo info(file);
        QVERIFY2(info.size() > 1000, qPrintable(file));
        QCOMPARE(info.suffix(), format);
        names << info.completeBaseName();
    }
    QVERIFY(names.contains("tradeoff-attention_error-bits_per_element"));
    QVERIFY(names.contains("tradeoff-key_nmse-compression_ratio"));
    QVERIFY(names.contains("comparison-cosine"));
    QVERIFY(!names.contains("tradeoff-next_token_kl-bits_per_element")); // nothing was measured
    QCOMPARE(QDir(folder.filePath("made/here")).entryList(QDir::Files).size(), files.size());
}

void ExportTest::rendererNamesTheFolderItCannotMake()
{
    QFile file(m_folder.filePath("in-the-way"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    const QString out = m_folder.filePath("in-the-way/plots");
    try {
        renderCharts({ *makeResult(kAlpha, 4, 2, 0.4) }, out, {});
        QFAIL("no error");
    } catch (const Error& error) {
        QVERIFY2(QString::fromUtf8(error.what()).contains(out), error.what());
    }
    QVERIFY_THROWS_EXCEPTION(Error, renderCharts({}, m_folder.path(), {}));
    QVERIFY_THROWS_EXCEPTION(Error, parseExportFormat("gif"));
}

PIKV_TEST(ExportTest)
#include "tst_export.moc"
