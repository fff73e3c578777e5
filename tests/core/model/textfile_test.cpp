// SPDX-License-Identifier: GPL-3.0-or-later
// Texts to prefill: the same words in any file give the same text, and what is not UTF-8 is named.
#include "core/base/error.h"
#include "core/model/textfile.h"
#include "testmain.h"
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <functional>
#include <vector>

using namespace pikv;

class TextFileTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;

    std::string write(const QByteArray& bytes) const
    {
        QFile file(m_folder.filePath("text.txt"));
        return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size() ? file.fileName().toStdString()
                                                                                    : std::string();
    }

private Q_SLOTS:
    void lineEnds_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("LF") << QByteArray("eins\n\nzwei\n");
        QTest::newRow("CR LF") << QByteArray("eins\r\n\r\nzwei\r\n");
        QTest::newRow("CR") << QByteArray("eins\r\rzwei\r");
        QTest::newRow("mixed") << QByteArray("eins\r\n\nzwei\r");
    }
    void lineEnds()
    {
        QFETCH(QByteArray, bytes);
        const std::string path = write(bytes);
        QCOMPARE(readPrompt(path), std::string("eins\n\nzwei\n"));
        QCOMPARE(readPromptStart(path, 1000), std::string("eins\n\nzwei\n"));
    }

    void notUtf8_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QString>("place");
        QTest::newRow("Latin-1") << QByteArray("Caf\xe9 noir") << "byte 3 (0xe9)";
        QTest::newRow("UTF-16") << QByteArray("\xff\xfe"
                                              "a\0",
            4) << "byte 0 (0xff)";
        QTest::newRow("cut at the end") << QByteArray("abc\xc3") << "byte 3 (0xc3)";
    }
    void notUtf8()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QString, place);
        const std::string path = write(bytes);
        for (const auto& read : { std::function([&] { return readPrompt(path); }),
                 std::function([&] { return readPromptStart(path, 1000); }) }) {
            try {
                read();
                QFAIL("the text was accepted");
            } catch (const Error& e) {
                QCOMPARE(e.kind(), ErrorKind::Input);
                QVERIFY2(QString(e.what()).contains("text.txt: " + place), e.what());
            }
        }
    }

    void theStartEndsWithAWholeCharacter()
    {
        const std::string path = write("aä€𝄞"); // 1, 2, 3 and 4 bytes
        const std::vector<std::string> starts { "", "a", "a", "aä", "aä", "aä", "aä€", "aä€", "aä€", "aä€", "aä€𝄞" };
        for (std::size_t limit = 1; limit < starts.size(); ++limit)
            QCOMPARE(readPromptStart(path, limit), starts[limit]);
    }
};

PIKV_TEST(TextFileTest)
#include "textfile_test.moc"
