// SPDX-License-Identifier: GPL-3.0-or-later
// The range coder against the entropy it promises, and against damage.
#include "core/base/error.h"
#include "core/kernels/rangecoder.h"
#include "testmain.h"
#include <QTest>
#include <cmath>
#include <random>

using namespace pikv;

namespace {

/// Symbols drawn with probabilities in proportion to the weights.
std::vector<std::uint8_t> draw(const std::vector<double>& weights, std::size_t count, unsigned seed)
{
    std::mt19937 engine(seed);
    std::discrete_distribution<int> pick(weights.begin(), weights.end());
    std::vector<std::uint8_t> symbols(count);
    for (auto& s : symbols)
        s = std::uint8_t(pick(engine));
    return symbols;
}

std::vector<double> weightsOf(const QString& kind)
{
    std::vector<double> w;
    for (int i = 0; i < 256; ++i) {
        if (kind == "single")
            w = { 3 };
        else if (kind == "two, one rare")
            w = { 0.999, 0.001 };
        else if (kind == "flat")
            w.push_back(1);
        else
            w.push_back(std::exp(-std::abs(i - 127) / 6.0));
    }
    return w;
}

Bytes encodeOne(const std::vector<std::uint8_t>& symbols, const FrequencyTable& table)
{
    const FrequencyTable* tables[] = { &table };
    const SymbolRun run { symbols, tables };
    Bytes out;
    rangeEncode({ &run, 1 }, out);
    return out;
}

std::vector<std::uint8_t> decodeOne(ByteSpan bytes, const FrequencyTable& table, std::size_t count)
{
    const FrequencyTable* tables[] = { &table };
    std::vector<std::uint8_t> symbols(count);
    RangeDecoder decoder(bytes);
    decoder.decode(symbols, tables);
    decoder.finish();
    return symbols;
}

} // namespace

class RangeCoderTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void roundTripsNearTheEntropy_data()
    {
        QTest::addColumn<QString>("kind");
        QTest::addColumn<int>("count");
        for (const QString& kind : { QString("single"), QString("two, one rare"), QString("flat"), QString("peaked") })
            for (int count : { 0, 1, 3, 4, 5, 1000, 100003 })
                QTest::newRow(qPrintable(QString("%1, %2 symbols").arg(kind).arg(count))) << kind << count;
    }
    void roundTripsNearTheEntropy()
    {
        QFETCH(QString, kind);
        QFETCH(int, count);
        const std::vector<double> weights = weightsOf(kind);
        const FrequencyTable table(weights);
        const auto symbols = draw(weights, std::size_t(count), 1);
        const Bytes bytes = encodeOne(symbols, table);
        QVERIFY(decodeOne(bytes, table, symbols.size()) == symbols);
        double sum = 0, ideal = 0;
        for (double w : weights)
            sum += w;
        for (std::uint8_t s : symbols)
            ideal -= std::log2(weights[s] / sum);
        QVERIFY2(double(bytes.size()) <= ideal / 8 * 1.01 + 20,
            qPrintable(QString("%1 bytes for %2").arg(bytes.size()).arg(ideal / 8)));
        QVERIFY(double(bytes.size()) >= ideal / 8 * 0.98);
    }

    void frequenciesKeepRareSymbols()
    {
        std::vector<double> weights(256, 1e-12);
        weights[200] = 1;
        weights[7] = 0;
        const FrequencyTable table(weights);
        std::uint32_t sum = 0;
        for (std::size_t s = 0; s < table.alphabet(); ++s) {
            sum += table.frequency(s);
            QCOMPARE(table.frequency(s) > 0, weights[s] > 0);
        }
        QCOMPARE(sum, FrequencyTable::total);
        QVERIFY(std::isinf(table.bits(7)));
        std::vector<std::uint8_t> symbols;
        for (int s = 0; s < 256; ++s)
            if (s != 7)
                symbols.push_back(std::uint8_t(s));
        QVERIFY(decodeOne(encodeOne(symbols, table), table, symbols.size()) == symbols);
    }

    void runsMayDependOnEachOther()
    {
        const FrequencyTable coin(std::vector<double> { 1, 2 }), wide(weightsOf("peaked"));
        const FrequencyTable* coins[] = { &coin };
        const FrequencyTable* both[] = { &wide, &coin };
        const auto contexts = draw({ 1, 2 }, 5001, 2);
        auto symbols = draw(weightsOf("peaked"), 5001, 3);
        for (std::size_t i = 0; i < symbols.size(); ++i)
            symbols[i] = contexts[i] ? symbols[i] & 1 : symbols[i];
        const SymbolRun runs[] = { { contexts, coins }, { symbols, both, contexts.data() } };
        Bytes bytes;
        rangeEncode(runs, bytes);
        std::vector<std::uint8_t> first(5001), second(5001);
        RangeDecoder decoder(bytes);
        decoder.decode(first, coins);
        decoder.decode(second, both, first.data());
        decoder.finish();
        QVERIFY(first == contexts && second == symbols);
    }

    void truncationIsRefused()
    {
        const FrequencyTable table(weightsOf("peaked"));
        const auto symbols = draw(weightsOf("peaked"), 3000, 4);
        const Bytes bytes = encodeOne(symbols, table);
        for (std::size_t length = 0; length < bytes.size(); length += length < 40 ? 1 : 17) {
            // A copy of just that length, so that a read beyond it is seen by a sanitizer.
            const Bytes cut(bytes.begin(), bytes.begin() + std::ptrdiff_t(length));
            QVERIFY_EXCEPTION_THROWN(decodeOne(cut, table, symbols.size()), Error);
        }
        Bytes longer = bytes;
        longer.resize(bytes.size() + 2);
        QVERIFY_EXCEPTION_THROWN(decodeOne(longer, table, symbols.size()), Error);
    }

    void damageIsNoticedOrHarmless()
    {
        const FrequencyTable table(weightsOf("peaked"));
        const auto symbols = draw(weightsOf("peaked"), 3000, 5);
        const Bytes bytes = encodeOne(symbols, table);
        int refused = 0, tried = 0;
        for (std::size_t i = 0; i < bytes.size(); i += 7, ++tried) {
            Bytes damaged = bytes;
            damaged[i] ^= std::byte(1 << i % 8);
            try {
                for (std::uint8_t s : decodeOne(damaged, table, symbols.size()))
                    QVERIFY(table.frequency(s) > 0);
            } catch (const Error& e) {
                QCOMPARE(e.kind(), ErrorKind::Input);
                ++refused;
            }
        }
        QVERIFY2(refused > tried * 9 / 10, qPrintable(QString("%1 of %2").arg(refused).arg(tried)));
    }
};

PIKV_TEST(RangeCoderTest)
#include "rangecoder_test.moc"
