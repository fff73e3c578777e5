// SPDX-License-Identifier: GPL-3.0-or-later
// Symbols of changing probabilities and raw bits as one stream, and the models that learn them.
#include "core/base/error.h"
#include "core/kernels/symbolcoder.h"
#include "core/kernels/symbolmodel.h"
#include "testmain.h"
#include <QTest>
#include <cmath>
#include <random>

using namespace pikv;

namespace {

constexpr std::uint32_t whole = 1U << symbolstate::precision;

struct Symbol {
    SymbolSpan span;
    std::uint32_t raw;
    int rawBits;
};

/// Symbols as likely as their spans say: where a random slot lies between two random bounds.
std::vector<Symbol> drawn(std::size_t count, double& bits)
{
    std::mt19937 engine(11);
    std::vector<Symbol> symbols;
    bits = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t bound = 4 + engine() % (whole - 8), slot = engine() % whole;
        const SymbolSpan below { 0, static_cast<std::uint16_t>(bound) },
            above { static_cast<std::uint16_t>(bound), static_cast<std::uint16_t>(whole - bound) };
        const SymbolSpan span = slot < bound ? below : above;
        const int rawBits = static_cast<int>(i % 32);
        symbols.push_back(
            { span, static_cast<std::uint32_t>(engine() & ((std::uint64_t { 1 } << rawBits) - 1)), rawBits });
        bits += std::log2(double(whole) / span.width) + rawBits;
    }
    return symbols;
}

Bytes encoded(const std::vector<Symbol>& symbols, std::size_t inBlock)
{
    Bytes out { std::byte(7) }; // what is there stays
    SymbolEncoder encoder(out, inBlock);
    for (std::size_t i = 0; i < symbols.size(); ++i) {
        encoder.put(symbols[i].span);
        encoder.putRaw(symbols[i].raw, symbols[i].rawBits);
        if ((i + 1) % inBlock == 0 || i + 1 == symbols.size())
            encoder.endBlock();
    }
    encoder.finish();
    return Bytes(out.begin() + 1, out.end());
}

/// Throws Error where `bytes` are not those of the symbols.
void compareDecoded(const std::vector<Symbol>& symbols, ByteSpan bytes, std::size_t inBlock)
{
    const SymbolSource source(bytes, 1);
    SymbolReader reader = source.reader();
    for (std::size_t i = 0; i < symbols.size(); ++i) {
        if (i % inBlock == 0)
            source.beginBlock(reader);
        const std::uint32_t into = reader.slot() - symbols[i].span.start;
        if (into >= symbols[i].span.width)
            throw inputError("another symbol");
        reader.take(symbols[i].span.width, into);
        const int rawBits = symbols[i].rawBits;
        if (rawBits > 0 && reader.raw() >> (64 - rawBits) != symbols[i].raw)
            throw inputError("other bits");
        reader.rawBits += rawBits;
        source.check(reader);
        if ((i + 1) % inBlock == 0 || i + 1 == symbols.size())
            source.endBlock(reader);
    }
    source.finish(reader);
}

} // namespace

class SymbolCoderTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void symbolsComeBackAtTheirEntropy()
    {
        double bits = 0;
        const std::vector<Symbol> symbols = drawn(20000, bits);
        for (const std::size_t inBlock : { std::size_t { 20000 }, std::size_t { 9000 }, std::size_t { 1000 } }) {
            const Bytes bytes = encoded(symbols, inBlock);
            compareDecoded(symbols, bytes, inBlock);
            const double blocks = std::ceil(20000.0 / double(inBlock));
            QVERIFY2(double(bytes.size()) * 8 < 1.001 * bits + 32 * blocks + 8,
                qPrintable(QStringLiteral("%1 bits for %2").arg(bytes.size() * 8).arg(bits)));
        }
    }

    void damageIsFound()
    {
        double bits = 0;
        const std::vector<Symbol> symbols = drawn(100, bits);
        const Bytes bytes = encoded(symbols, 30);
        for (std::size_t size = 0; size < bytes.size(); ++size)
            QVERIFY_THROWS_EXCEPTION(Error, compareDecoded(symbols, ByteSpan(bytes).first(size), 30));
        Bytes longer = bytes;
        longer.insert(longer.begin() + 20, std::byte(1));
        QVERIFY_THROWS_EXCEPTION(Error, compareDecoded(symbols, longer, 30));
    }

    /// Cumulative probabilities stay in order and leave something for every symbol, whatever is learned.
    void modelsStayInOrder()
    {
        std::mt19937 engine(2);
        for (const std::uint32_t zero : { 1U, 16000U, whole - 1 }) {
            SymbolModel model(zero, 20000, 0);
            for (int i = 0; i < 5000; ++i) {
                const std::size_t symbol = i < 2000 ? 7 : i < 4000 ? 0 : engine() % 8;
                const auto& rate = symbolLessons.rates.at(static_cast<std::size_t>(model.state.back()));
                for (std::size_t lane = 0; lane < 8; ++lane)
                    model.state[lane] = static_cast<std::int16_t>(model.state[lane]
                        + ((rate[lane] * (symbolLessons.targets[symbol][lane] - model.state[lane]) + (1 << 14)) >> 15));
                QCOMPARE(int(model.state.back()), std::min(i + 1, SymbolModel::window));
                QVERIFY(model.state[0] >= 0 && model.state[6] <= SymbolModel::rest);
                QVERIFY(std::is_sorted(model.state.begin(), model.state.begin() + 7));
                if (i == 1999)
                    QVERIFY(model.state[6] < 200);
                if (i == 3999)
                    QVERIFY(model.state[0] > SymbolModel::rest - 200);
            }
        }
    }
};

PIKV_TEST(SymbolCoderTest)
#include "symbolcoder_test.moc"
