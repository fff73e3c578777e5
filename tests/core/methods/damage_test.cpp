// SPDX-License-Identifier: GPL-3.0-or-later
// A damaged file of any method is refused; a section that is too short is refused even where its checksum fits.
#include "methodcases.h"
#include "testmain.h"
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <random>

using namespace pikv;
using namespace pikvtest;

class DamageTest : public QObject {
    Q_OBJECT
    /// Of every method, and of the formats that its defaults do not write.
    static void formatRows()
    {
        acceptingMethodRows();
        for (const char* spec : { "pyramid:coding=adaptive", "pyramid:coding=adaptive,transform=none" })
            QTest::newRow(spec) << spec;
    }
private Q_SLOTS:
    void damagedFilesAreRefused_data() { formatRows(); }
    void damagedFilesAreRefused()
    {
        QFETCH(QString, method);
        const QByteArray bytes = encodedFile(method);
        QVERIFY(!bytes.isEmpty());
        quint64 header = 0;
        memcpy(&header, bytes.constData(), sizeof header);
        const qsizetype payload = qsizetype(header) + 8;
        QVERIFY(payload < bytes.size());
        for (qsizetype i = 0; i < bytes.size(); i += i < payload ? 1 : 211) {
            QByteArray damaged = bytes;
            damaged[i] = char(damaged[i] ^ (1 << (i % 8)));
            QVERIFY2(refused(damaged), qPrintable(QString("byte %1 flipped").arg(i)));
        }
        for (qsizetype length = 0; length < bytes.size(); length += length < payload ? 37 : 401)
            QVERIFY2(refused(bytes.left(length)), qPrintable(QString("cut at %1").arg(length)));
        QVERIFY(!refused(bytes));
    }

    void shortSectionsAreRefused_data() { formatRows(); }
    void shortSectionsAreRefused()
    {
        QFETCH(QString, method);
        const EncodedCache encoded = encodedCache(method);
        for (const auto& [name, bytes] : encoded.layers[0].all())
            for (const std::size_t length : { std::size_t(0), bytes.size() / 2, bytes.size() - 1 }) {
                if (length >= bytes.size())
                    continue;
                EncodedCache cut = encoded;
                cut.layers[0]
                    = replaced(encoded.layers[0], name, Bytes(bytes.begin(), bytes.begin() + std::ptrdiff_t(length)));
                QVERIFY2(decodeRefuses(cut), qPrintable(QString("%1 cut to %2 bytes").arg(name.c_str()).arg(length)));
            }
    }

    /// Garbage of the right length may decode to garbage, but neither crashes nor changes the shape.
    void garbageDoesNotCrash_data() { formatRows(); }
    void garbageDoesNotCrash()
    {
        QFETCH(QString, method);
        const EncodedCache encoded = encodedCache(method);
        std::mt19937 engine(7);
        for (const auto& [name, bytes] : encoded.layers[0].all())
            for (int round = 0; round < 4; ++round) {
                Bytes noise = bytes;
                for (std::byte& b : noise)
                    b = std::byte(engine() & 0xff);
                EncodedCache damaged = encoded;
                damaged.layers[0] = replaced(encoded.layers[0], name, std::move(noise));
                try {
                    const LayerKv kv = decode(damaged)->layer(0);
                    QCOMPARE(kv.key.numel(), m_keyElements);
                } catch (const Error& e) {
                    QCOMPARE(e.kind(), ErrorKind::Input);
                }
            }
    }

private:
    EncodedCache encodedCache(const QString& method)
    {
        GenerateOptions options = smallCache();
        options.layers = 1;
        const CachePtr cache = generateCache(options);
        m_keyElements = cache->layer(0).key.numel();
        return encode(*fitting(method, cache->info()), *cache);
    }

    QByteArray encodedFile(const QString& method)
    {
        encodedCache(method).save(path());
        QFile file(QString::fromStdString(path()));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }

    bool refused(const QByteArray& bytes) const
    {
        QFile file(QString::fromStdString(path()));
        if (!file.open(QIODevice::WriteOnly | QIODevice::Truncate) || file.write(bytes) != bytes.size())
            return false;
        file.close();
        try {
            EncodedCache::load(path());
            return false;
        } catch (const Error& e) {
            return e.kind() == ErrorKind::Input;
        }
    }

    static SectionSet replaced(const SectionSet& sections, const std::string& name, Bytes bytes)
    {
        SectionSet out;
        for (const auto& [n, b] : sections.all())
            out.add(n, n == name ? bytes : b);
        return out;
    }

    static bool decodeRefuses(const EncodedCache& encoded)
    {
        try {
            decode(encoded);
            return false;
        } catch (const Error& e) {
            return e.kind() == ErrorKind::Input;
        }
    }

    std::string path() const { return m_dir.filePath("damage.pikv").toStdString(); }
    QTemporaryDir m_dir;
    std::int64_t m_keyElements = 0;
};

PIKV_TEST(DamageTest)
#include "damage_test.moc"
