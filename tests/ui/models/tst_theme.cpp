// SPDX-License-Identifier: GPL-3.0-or-later
// Colours: contrast by WCAG 2.1, distance by CIE 1976 (L*a*b*, D65).
#include "core/codec/registry.h"
#include "testmain.h"
#include "ui/theme/markerpath.h"
#include "ui/theme/markersprites.h"
#include "ui/theme/methodstyle.h"
#include "ui/theme/theme.h"
#include <QApplication>
#include <QCheckBox>
#include <QEvent>
#include <QPainter>
#include <QTest>
#include <QWidget>
#include <array>
#include <cmath>

using namespace pikv;
using namespace pikv::ui;

namespace {

double linear(double channel)
{
    return channel <= 0.04045 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
}

double luminance(const QColor& c)
{
    return 0.2126 * linear(c.redF()) + 0.7152 * linear(c.greenF()) + 0.0722 * linear(c.blueF());
}

double contrast(const QColor& a, const QColor& b)
{
    const double x = luminance(a), y = luminance(b);
    return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

std::array<double, 3> lab(const QColor& c)
{
    const double r = linear(c.redF()), g = linear(c.greenF()), b = linear(c.blueF());
    const auto f = [](double t) { return t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116; };
    const double x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505), y = f(0.2126 * r + 0.7152 * g + 0.0722 * b),
                 z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
    return { 116 * y - 16, 500 * (x - y), 200 * (y - z) };
}

double distance(const QColor& a, const QColor& b)
{
    const auto p = lab(a), q = lab(b);
    return std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

QStringList methodIds()
{
    QStringList ids;
    for (const MethodInfo& method : Registry::instance().methods())
        ids << QString::fromStdString(method.id);
    return ids;
}

constexpr const char* ourMethods[] = { "identity", "recompute", "lora", "lora_plus", "fastv", "fastvideo", "pyramid",
    "minillm", "kivi", "q4_0", "q8_0", "turboquant" };

class PaletteCounter : public QWidget {
public:
    int changes = 0;

protected:
    void changeEvent(QEvent* event) override
    {
        changes += event->type() == QEvent::PaletteChange;
        QWidget::changeEvent(event);
    }
};

} // namespace

class ThemeTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void themesAreReadable_data();
    void themesAreReadable();
    void widgetsHearOfAChange();
    void namesComeBack();
    void markersStandOut_data() { themesAreReadable_data(); }
    void markersStandOut();
    void noTwoMethodsLookAlike();
    void neighboursDifferInColour();
    void styleDependsOnTheIdAlone();
    void emptyCheckBoxesAreSeen();
    void iconsAreDrawn();
    void copiedMarkersLookAsDrawnOnes();
};

void ThemeTest::themesAreReadable_data()
{
    QTest::addColumn<int>("mode");
    QTest::addColumn<bool>("dark");
    QTest::newRow("light") << int(ThemeMode::Light) << false;
    QTest::newRow("dark") << int(ThemeMode::Dark) << true;
}

void ThemeTest::themesAreReadable()
{
    QFETCH(int, mode);
    QFETCH(bool, dark);
    applyTheme(ThemeMode(mode));
    const QPalette palette = QApplication::palette();
    QCOMPARE(isDarkPalette(palette), dark);
    const auto check = [&](const QColor& text, QPalette::ColorRole background, const char* what) {
        QVERIFY2(contrast(text, palette.color(background)) >= 4.5, what);
    };
    check(palette.color(QPalette::Text), QPalette::Base, "text");
    check(palette.color(QPalette::WindowText), QPalette::Window, "window text");
    check(palette.color(QPalette::ButtonText), QPalette::Button, "button text");
    check(palette.color(QPalette::ToolTipText), QPalette::ToolTipBase, "tool tip");
    check(palette.color(QPalette::PlaceholderText), QPalette::Base, "muted text");
    check(palette.color(QPalette::PlaceholderText), QPalette::AlternateBase, "muted text in tables");
    check(palette.color(QPalette::Link), QPalette::Base, "link");
    check(palette.color(QPalette::HighlightedText), QPalette::Highlight, "selected text");
    check(errorColor(palette), QPalette::Base, "error");
    check(warningColor(palette), QPalette::Base, "warning");
}

void ThemeTest::widgetsHearOfAChange()
{
    applyTheme(ThemeMode::Light);
    PaletteCounter widget;
    widget.show();
    applyTheme(ThemeMode::Dark);
    QTRY_VERIFY(widget.changes > 0);
    QVERIFY(isDarkPalette(widget.palette()));
    applyTheme(ThemeMode::System);
    QTRY_VERIFY(widget.changes > 1);
}

void ThemeTest::namesComeBack()
{
    for (ThemeMode mode : { ThemeMode::System, ThemeMode::Light, ThemeMode::Dark })
        QCOMPARE(themeFromName(themeName(mode)), mode);
    QCOMPARE(themeFromName("from another version"), ThemeMode::System);
}

void ThemeTest::markersStandOut()
{
    QFETCH(int, mode);
    QFETCH(bool, dark);
    applyTheme(ThemeMode(mode));
    const QPalette palette = QApplication::palette();
    for (const QString& id : methodIds()) {
        const QColor color = methodStyle(id, dark).color;
        for (QPalette::ColorRole role : { QPalette::Base, QPalette::AlternateBase })
            QVERIFY2(contrast(color, palette.color(role)) >= 3, qPrintable(id + ' ' + color.name()));
    }
}

void ThemeTest::noTwoMethodsLookAlike()
{
    QVERIFY(methodIds().size() >= 18);
    for (const bool dark : { false, true }) {
        QSet<QString> looks;
        for (const QString& id : methodIds()) {
            const MethodStyle style = methodStyle(id, dark);
            looks.insert(QStringLiteral("%1 %2").arg(style.color.name()).arg(int(style.marker)));
        }
        QCOMPARE(looks.size(), methodIds().size());
    }
    // Without colour, too: bars and prints in grey tell the methods of this version apart by their markers.
    QSet<int> markers;
    for (const char* id : ourMethods)
        markers.insert(int(methodStyle(id, false).marker));
    QCOMPARE(markers.size(), std::size(ourMethods));
}

void ThemeTest::neighboursDifferInColour()
{
    for (const bool dark : { false, true }) {
        QList<QColor> colors;
        for (const QString& id : methodIds())
            if (const QColor color = methodStyle(id, dark).color; !colors.contains(color))
                colors << color;
        QVERIFY(colors.size() >= 7);
        for (int i = 0; i < colors.size(); ++i)
            for (int j = 0; j < i; ++j)
                QVERIFY2(distance(colors[i], colors[j]) >= 20,
                    qPrintable(QStringLiteral("%1 and %2: %3")
                                   .arg(colors[i].name(), colors[j].name())
                                   .arg(distance(colors[i], colors[j]))));
    }
}

void ThemeTest::styleDependsOnTheIdAlone()
{
    for (const QString& id : methodIds()) {
        const MethodStyle light = methodStyle(id, false), dark = methodStyle(id, true);
        QCOMPARE(light.marker, dark.marker);
        QCOMPARE(light.line, dark.line);
    }
    QVERIFY(methodStyle("unknown_to_the_registry", false).color.isValid()); // results of another version's CSV
    // Figures of last year's paper and of this one's look alike, whatever methods came in between.
    QCOMPARE(methodStyle("kivi", false).color, QColor(0, 90, 156));
    QCOMPARE(methodStyle("kivi", false).marker, Marker::CircleFilled);
    QCOMPARE(methodStyle("turboquant", false).marker, Marker::TriangleFilled);
    QCOMPARE(methodStyle("lora", false).color, QColor(213, 94, 0));
}

void ThemeTest::emptyCheckBoxesAreSeen()
{
    for (const ThemeMode mode : { ThemeMode::Light, ThemeMode::Dark }) {
        applyTheme(mode);
        QCheckBox box;
        box.resize(20, 20);
        const QImage image = box.grab().toImage();
        const QColor around = image.pixelColor(image.width() - 1, image.height() - 1);
        double most = 1;
        for (int x = 0; x < image.width(); ++x)
            most = std::max(most, contrast(image.pixelColor(x, image.height() / 2), around));
        QVERIFY2(most >= (mode == ThemeMode::Dark ? 3 : 1.5), qPrintable(QString::number(most)));
    }
    applyTheme(ThemeMode::Light);
}

void ThemeTest::iconsAreDrawn()
{
    for (const QString& id : methodIds()) {
        const QImage image = methodIcon(id, false).pixmap(32, 32).toImage();
        int covered = 0;
        for (int y = 0; y < image.height(); ++y)
            for (int x = 0; x < image.width(); ++x)
                covered += image.pixelColor(x, y).alpha() > 128;
        QVERIFY2(covered > image.width() * image.height() / 20, qPrintable(id));
    }
}

/// Wherever within a pixel, on screens of either density.
void ThemeTest::copiedMarkersLookAsDrawnOnes()
{
    for (const qreal ratio : { 1.0, 1.5, 2.0 })
        for (const QString& id : methodIds()) {
            const MethodStyle style = methodStyle(id, false);
            MarkerSprites sprites;
            sprites.setLook({ style.marker, 8, style.color, Qt::white, ratio });
            for (const QPointF at : { QPointF(20, 20), QPointF(20.37, 19.81), QPointF(19.99, 20.5) }) {
                const auto draw = [&](const auto& how) {
                    QImage image(QSize(40, 40) * ratio, QImage::Format_ARGB32_Premultiplied);
                    image.setDevicePixelRatio(ratio);
                    image.fill(Qt::white);
                    QPainter painter(&image);
                    painter.setRenderHint(QPainter::Antialiasing);
                    how(painter);
                    painter.end();
                    return image;
                };
                const QImage drawn
                    = draw([&](QPainter& p) { drawMarker(p, style.marker, at, 8, style.color, Qt::white); });
                const QImage copied = draw([&](QPainter& p) { sprites.draw(p, at); });
                double ink = 0, difference = 0;
                for (int y = 0; y < drawn.height(); ++y)
                    for (int x = 0; x < drawn.width(); ++x) {
                        ink += 255 - qGreen(drawn.pixel(x, y));
                        difference += std::abs(qGreen(drawn.pixel(x, y)) - qGreen(copied.pixel(x, y)));
                    }
                QVERIFY2(
                    ink > 0 && difference < 0.2 * ink, qPrintable(QString("%1: %2").arg(id).arg(difference / ink)));
            }
        }
}

PIKV_TEST(ThemeTest)
#include "tst_theme.moc"
