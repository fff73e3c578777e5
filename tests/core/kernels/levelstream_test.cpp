// SPDX-License-Identifier: GPL-3.0-or-later
// The adaptive stream of levels: what was put comes back, at about the entropy, and damage is no crash.
#include "core/base/error.h"
#include "core/kernels/levelstream.h"
#include "testmain.h"
#include <QTest>
#include <cmath>
#include <hwy/targets.h>
#include <random>

using namespace pikv;

namespace {

struct Levels {
    std::vector<std::int16_t> sizes, levels;
    std::vector<std::int8_t> classes;
    LevelLayout layout() const { return { sizes.size(), sizes, classes }; }
    Bytes encoded() const
    {
        Bytes out;
        encodeLevels(layout(), levels.data(), out, {});
        return out;
    }
    std::vector<std::int16_t> decoded(ByteSpan bytes) const
    {
        std::vector<std::int16_t> out(levels.size());
        decodeLevels({ layout(), bytes, out.data() }, {});
        return out;
    }
};

/// Laplacian levels; component j has the mean size 2^((20 - 2 j) / 4), and tokens have steps of several classes.
Levels laplacian(std::size_t tokens, std::size_t components, double& entropy)
{
    Levels out;
    std::mt19937 engine(3);
    entropy = 0;
    for (std::size_t j = 0; j < components; ++j)
        out.sizes.push_back(static_cast<std::int16_t>(20 - 2 * int(j)));
    for (std::size_t t = 0; t < tokens; ++t)
        out.classes.push_back(static_cast<std::int8_t>(int(t % 5) - 2));
    for (std::size_t t = 0; t < tokens; ++t)
        for (std::size_t j = 0; j < components; ++j) {
            // Two-sided geometric: P(n) = (1 - r) / (1 + r) r^|n|, whose mean size is 2 r / (1 - r²).
            const double mean = std::exp2(out.sizes[j] / 4.0 - out.classes[t] / 2.0);
            const double r = (std::sqrt(1 + mean * mean) - 1) / mean;
            std::geometric_distribution<int> pick(1 - r);
            const int level = std::clamp(pick(engine) - pick(engine), -32767, 32767);
            out.levels.push_back(static_cast<std::int16_t>(level));
            entropy -= std::log2((1 - r) / (1 + r)) + std::abs(level) * std::log2(r);
        }
    return out;
}

} // namespace

class LevelStreamTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void levelsComeBackAtTheirEntropy()
    {
        double entropy = 0;
        const Levels data = laplacian(1500, 24, entropy);
        const Bytes bytes = data.encoded();
        QVERIFY(data.decoded(bytes) == data.levels);
        QVERIFY2(double(bytes.size()) * 8 < 1.03 * entropy,
            qPrintable(QStringLiteral("%1 bits for %2").arg(bytes.size() * 8).arg(entropy)));
        QVERIFY(double(bytes.size()) * 8 > 0.99 * entropy); // no code is shorter on the average
    }

    void extremesComeBack()
    {
        Levels data;
        data.sizes = { 200, 0, -200 }; // beyond what there is
        const std::int16_t values[] = { 32767, -32767, 0, 1, -1, 16384, 255, -256, 14, 15, 16, -17 };
        for (int t = 0; t < 400; ++t) {
            data.classes.push_back(static_cast<std::int8_t>(t % 29 - 14));
            for (int j = 0; j < 3; ++j)
                data.levels.push_back(values[static_cast<std::size_t>((t * 5 + j * 7) % 12)]);
        }
        QVERIFY(data.decoded(data.encoded()) == data.levels);
        Levels silent = data;
        silent.sizes = { 0, -4, -200 };
        std::fill(silent.levels.begin(), silent.levels.end(), std::int16_t(0));
        const Bytes few = silent.encoded();
        QVERIFY(silent.decoded(few) == silent.levels);
        QVERIFY2(few.size() < 50, qPrintable(QString::number(few.size())));
        Levels none;
        none.sizes = { 0 };
        QVERIFY(none.decoded(none.encoded()).empty());
    }

    void twoStreamsAreReadAtOnceAsAlone()
    {
        double entropy = 0;
        const std::vector<Levels> all { laplacian(700, 24, entropy), laplacian(700, 9, entropy),
            laplacian(300, 24, entropy), laplacian(0, 24, entropy), laplacian(1, 1, entropy) };
        for (const Levels& a : all)
            for (const Levels& b : all) {
                const Bytes bytesOfA = a.encoded(), bytesOfB = b.encoded();
                std::vector<std::int16_t> ofA(a.levels.size()), ofB(b.levels.size());
                decodeLevels({ a.layout(), bytesOfA, ofA.data() }, { b.layout(), bytesOfB, ofB.data() }, {});
                QVERIFY(ofA == a.levels);
                QVERIFY(ofB == b.levels);
                if (b.levels.size() > 20)
                    QVERIFY_THROWS_EXCEPTION(Error,
                        decodeLevels({ a.layout(), bytesOfA, ofA.data() },
                            { b.layout(), ByteSpan(bytesOfB).first(bytesOfB.size() - 3), ofB.data() }, {}));
            }
    }

    void longStreamsComeInBlocks()
    {
        double entropy = 0;
        const Levels data = laplacian(40000, 16, entropy); // above 2^18 levels twice
        const Bytes bytes = data.encoded();
        QVERIFY(data.decoded(bytes) == data.levels);
        QVERIFY(double(bytes.size()) * 8 < 1.02 * entropy);
    }

    /// What a machine wrote every other one reads: the bytes depend on integers alone.
    void bytesAreTheSameEverywhere()
    {
        Levels data;
        std::mt19937 engine(9);
        for (int j = 0; j < 21; ++j)
            data.sizes.push_back(static_cast<std::int16_t>(20 - 2 * j));
        for (int t = 0; t < 300; ++t) {
            data.classes.push_back(static_cast<std::int8_t>(t % 7 - 3));
            for (int j = 0; j < 21; ++j)
                data.levels.push_back(static_cast<std::int16_t>(
                    (static_cast<int>(engine() % 256) - 128) * static_cast<int>(engine() % 4) / (1 << (j / 2))));
        }
        for (std::int64_t targets = hwy::SupportedTargets(); targets != 0; targets &= targets - 1) {
            hwy::SetSupportedTargetsForTest(targets & -targets);
            hwy::GetChosenTarget().Update(hwy::SupportedTargets());
            const Bytes bytes = data.encoded();
            QVERIFY(data.decoded(bytes) == data.levels);
            std::uint64_t hash = 0xCBF29CE484222325; // FNV-1a
            for (const std::byte byte : bytes)
                hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001B3;
            QCOMPARE(QString::number(hash, 16), QStringLiteral("d5724f3c84e4fd0e"));
        }
    }
    void cleanup()
    {
        hwy::SetSupportedTargetsForTest(0);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    }

    void damageIsRefusedOrRead()
    {
        double entropy = 0;
        const Levels data = laplacian(60, 8, entropy);
        const Bytes bytes = data.encoded();
        for (std::size_t size = 0; size < bytes.size(); ++size)
            QVERIFY_THROWS_EXCEPTION(Error, data.decoded(ByteSpan(bytes).first(size)));
        Bytes longer = bytes;
        longer.push_back(std::byte(0));
        QVERIFY_THROWS_EXCEPTION(Error, data.decoded(longer));
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            Bytes other = bytes;
            other[at] ^= std::byte(0x55);
            try {
                for (const std::int16_t level : data.decoded(other))
                    QVERIFY(level >= -32767);
            } catch (const Error&) { // as good
            }
        }
    }

    void stopsWhenAsked()
    {
        double entropy = 0;
        const Levels data = laplacian(200, 8, entropy);
        std::stop_source stop;
        stop.request_stop();
        const JobControl job(stop.get_token());
        Bytes out;
        QVERIFY_THROWS_EXCEPTION(Error, encodeLevels(data.layout(), data.levels.data(), out, job));
    }
};

PIKV_TEST(LevelStreamTest)
#include "levelstream_test.moc"
