// SPDX-License-Identifier: GPL-3.0-or-later
// The example of resources/docs/format.md is the file that the program writes, byte for byte.
#include "core/codec/compressor.h"
#include "core/dumps/generate.h"
#include "testmain.h"
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace pikv;

namespace {

/// The bytes of the page's one hex dump: lines "00000010  7b 22 …  |{"…|" of 16 bytes.
QByteArray bytesOfThePage()
{
    QFile page(QStringLiteral(PIKV_SOURCE_DIR "/resources/docs/format.md"));
    if (!page.open(QIODevice::ReadOnly))
        return {};
    QByteArray bytes;
    while (!page.atEnd()) {
        const QByteArray line = page.readLine();
        bool isOffset = false;
        if (line.size() > 10 && line.left(8).toInt(&isOffset, 16) == bytes.size() && isOffset)
            bytes += QByteArray::fromHex(line.mid(10, line.indexOf('|') - 10));
    }
    return bytes;
}

} // namespace

class FormatPageTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theExampleIsWhatTheProgramWrites()
    {
        const GenerateOptions options { .layers = 1, .batch = 1, .kvHeads = 1, .seq = 2, .headDim = 2, .queries = 0 };
        const auto cache = generateCache(options);
        const JobControl job;
        const auto identity = makeCompressor(parseSpec("identity"));
        const EncodedCache encoded = identity->encode(*cache, {}, { job });
        const QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("a.pikv"));
        encoded.save(path.toStdString());
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray written = file.readAll(), page = bytesOfThePage();
        QCOMPARE(written.size(), qint64(encoded.fileBytes()));
        QCOMPARE(page.size(), written.size());
        QCOMPARE(page, written);
    }
};

PIKV_TEST(FormatPageTest)
#include "formatpage_test.moc"
