// SPDX-License-Identifier: GPL-3.0-or-later
// The list of formats, and that the desktop's files follow it.
#include "core/formats/formatregistry.h"
#include "testmain.h"
#include <QFile>
#include <QTest>
#include <set>

using namespace pikv;

class FormatRegistryTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyEntryIsWhole();
    void desktopKnowsTheTypes();
    void safetensorsWinsOverAMagicInItsLength();
};

void FormatRegistryTest::everyEntryIsWhole()
{
    QVERIFY(dumpFormats().size() >= 10);
    std::set<std::string> ids;
    for (const DumpFormat& format : dumpFormats()) {
        QVERIFY2(ids.insert(format.id).second, format.id.c_str());
        QVERIFY2(format.detect && !format.label.empty(), format.id.c_str());
        QVERIFY2(format.refusal.empty() || (format.patterns.empty() && !format.read), format.id.c_str());
        QVERIFY2(format.patterns.empty() == format.tells.empty(), format.id.c_str());
        QVERIFY2(!format.refusal.ends_with("."), format.id.c_str());
    }
    const std::vector<std::string> patterns = dumpPatterns();
    QCOMPARE(patterns,
        (std::vector<std::string> { "*.bin", "*.data", "*.ggsn", "*.gz", "*.npy", "*.npz", "*.pikv", "*.pt", "*.pth",
            "*.safetensors", "*.safetensors.index.json", "*.zst" }));
}

void FormatRegistryTest::desktopKnowsTheTypes()
{
    const auto text = [](const char* name) {
        QFile file(QStringLiteral(PIKV_SOURCE_DIR "/packaging/desktop/") + QLatin1String(name));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    };
    const QByteArray types = text("pikv-explorer.xml"), entry = text("pikv-explorer.desktop");
    for (const DumpFormat& format : dumpFormats()) {
        if (format.mimeType.empty())
            continue;
        const QByteArray type = QByteArray::fromStdString(format.mimeType);
        const qsizetype begin = types.indexOf("<mime-type type=\"" + type + "\">");
        QVERIFY2(begin >= 0 && entry.contains(type + ";"), type.constData());
        const QByteArray section = types.mid(begin, types.indexOf("</mime-type>", begin) - begin);
        for (const std::string& pattern : format.patterns)
            QVERIFY2(
                section.contains("<glob pattern=\"" + QByteArray::fromStdString(pattern) + "\"/>"), pattern.c_str());
    }
}

void FormatRegistryTest::safetensorsWinsOverAMagicInItsLength()
{
    // A header of 0x0280 bytes begins as a pickle of protocol 2 does.
    std::string file("\x80\x02\0\0\0\0\0\0{", 9);
    file += std::string(0x0280 - 2, ' ') + "}";
    const MemorySource source(asBytes(file.data(), file.size()), "f");
    QCOMPARE(detectFormat(FormatProbe(source)).id, std::string("safetensors"));
}

PIKV_TEST(FormatRegistryTest)
#include "formatregistry_test.moc"
