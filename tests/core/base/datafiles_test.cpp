// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/datafiles.h"
#include "testmain.h"
#include <QFileInfo>
#include <QTemporaryDir>
#include <QTest>

using namespace pikv;

class TestDataFiles : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void cleanup()
    {
        qunsetenv("PIKV_DATA_DIR");
        qunsetenv("XDG_DATA_HOME");
    }

    void theBuildTreeFindsTheSample()
    {
        if (QFileInfo(PIKV_BIN_DIR "/../../..").canonicalFilePath() != QFileInfo(PIKV_SOURCE_DIR).canonicalFilePath())
            QSKIP("this build folder is not build/<preset> in the source folder");
        const auto path = QString::fromStdString(shippedFile(sampleDump));
        QCOMPARE(QFileInfo(path).canonicalFilePath(),
            QFileInfo(PIKV_SOURCE_DIR "/resources/samples/smollm2-135m-256.safetensors").canonicalFilePath());
    }

    void theEnvironmentWins()
    {
        const QTemporaryDir dir;
        qputenv("PIKV_DATA_DIR", dir.path().toUtf8());
        QCOMPARE(shippedFile(sampleDump), std::string());
        QFile file(dir.filePath("x.txt"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        QCOMPARE(QString::fromStdString(shippedFile("x.txt")), dir.filePath("x.txt"));
    }

    void aFolderIsNoFile() { QCOMPARE(shippedFile("samples"), std::string()); }

    void userData()
    {
        qputenv("XDG_DATA_HOME", "/data");
        QCOMPARE(userDataDir(), std::string("/data/pikv-explorer"));
        qunsetenv("XDG_DATA_HOME");
        QCOMPARE(userDataDir(), qEnvironmentVariable("HOME").toStdString() + "/.local/share/pikv-explorer");
    }
};

PIKV_TEST(TestDataFiles)
#include "datafiles_test.moc"
