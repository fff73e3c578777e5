// SPDX-License-Identifier: GPL-3.0-or-later
// The archive byte by byte, against what APPNOTE says: other programs check what our reader does not need.
#include "core/formats/zipwriter.h"
#include "testmain.h"
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace pikv;

class ZipWriterTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyByteIsInItsPlace()
    {
        const QTemporaryDir folder;
        const QString path = folder.filePath("a.zip");
        ZipWriter writer(path.toStdString(), 6);
        writer.add("x", asBytes("abc", 3));
        writer.add("yz", asBytes("ab", 2), asBytes("c", 1));
        writer.commit();
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray day = "00002100", crc = "c2412435"; // of "abc", as in RFC 3385's tables
        const QByteArray local = "504b03041400000800000000" + day.mid(4) + crc + "0300000003000000";
        QCOMPARE(file.read(34).toHex(), local + "01000000" + "78" + "616263");
        QCOMPARE(file.read(35).toHex(), local + "02000000" + "797a" + "616263");
        const QByteArray central = "504b01022d001400000800000000" + day.mid(4) + crc + "0300000003000000";
        const QByteArray nothing = "0000000000000000"
                                   "00000000"; // extra, comment, disk, attributes
        QCOMPARE(file.read(47).toHex(), central + "0100" + nothing + "00000000" + "78");
        QCOMPARE(file.read(48).toHex(), central + "0200" + nothing + "22000000" + "797a");
        QCOMPARE(file.readAll().toHex(),
            QByteArray("504b0506"
                       "00000000"
                       "0200"
                       "0200"
                       "5f000000"
                       "45000000"
                       "0000"));
    }
};

PIKV_TEST(ZipWriterTest)
#include "zipwriter_test.moc"
