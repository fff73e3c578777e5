// SPDX-License-Identifier: GPL-3.0-or-later
// Planes of a layer: their rows, their place in the sections, and sections of another size.
#include "core/codec/parts/headrows.h"
#include "core/codec/parts/planecodec.h"
#include "testcache.h"
#include "testmain.h"
#include <QTest>
#include <cmath>
#include <limits>

using namespace pikv;

namespace {

/// Stores the first channel of every row as a float, and where it stands: enough to see which plane went where.
struct FirstChannel : PlaneCodec {
    std::int64_t seq;
    explicit FirstChannel(std::int64_t rows)
        : seq(rows)
    {
    }
    std::vector<PlaneSection> sections() const override { return { { "first", std::size_t(seq) * 4 }, { "none", 0 } }; }
    void encode(const PlaneRows& rows, std::span<const std::span<std::byte>> parts, const JobControl&) const override
    {
        std::vector<float> all(std::size_t(seq * rows.dim()));
        rows.load(0, seq, all.data());
        for (std::int64_t t = 0; t < seq; ++t)
            std::memcpy(parts[0].data() + 4 * t, all.data() + t * rows.dim(), 4);
    }
    void decode(std::span<const ByteSpan> parts, const PlaneRows& rows, const JobControl&) const override
    {
        std::vector<float> row(std::size_t(rows.dim()));
        for (std::int64_t t = 0; t < seq; ++t) {
            row[0] = loadLe<float>(parts[0].data() + 4 * t);
            rows.store(t, 1, row.data());
        }
    }
};

class Firsts : public PlanewiseCompressor {
public:
    using PlanewiseCompressor::PlanewiseCompressor;

protected:
    std::unique_ptr<PlaneCodec> planeCodec(const LayerShape& shape, bool, std::uint64_t) const override
    {
        return std::make_unique<FirstChannel>(shape.seq);
    }
};

const MethodRegistration registration { withFactory<Firsts>({
    .id = "firsts",
    .label = "Firsts",
    .family = "Reference",
    .sentence = "Keeps the first channel.",
    .reference = "test",
    .checkedByDefault = false,
}) };

EncodedCache encoded(const KvCache& cache, const char* spec)
{
    const JobControl job;
    return makeCompressor(parseSpec(spec))->encode(cache, {}, { job });
}

} // namespace

class PlaneCodecTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void planesFollowEachOther()
    {
        const auto cache = pikvtest::makeCache({ .layers = 1, .batch = 2, .kvHeads = 3, .seq = 5, .keyDim = 4 });
        const EncodedCache bytes = encoded(*cache, "firsts");
        const ByteSpan first = bytes.layers[0].get("k.first", 2 * 3 * 5 * 4);
        QCOMPARE(bytes.layers[0].get("v.none").size(), std::size_t(0));
        const at::Tensor key = cache->layer(0).key;
        for (int b = 0; b < 2; ++b)
            for (int h = 0; h < 3; ++h)
                for (int t = 0; t < 5; ++t)
                    QCOMPARE(loadLe<float>(first.data() + 4 * ((b * 3 + h) * 5 + t)), key[b][h][t][0].item<float>());
    }

    /// Decoded rows land between protected ones, in the dump's type.
    void decodeFillsTheLayer()
    {
        const auto cache = pikvtest::makeCache({ .layers = 1, .batch = 2, .seq = 12, .type = at::kFloat });
        const JobControl job;
        const EncodedCache bytes = encoded(*cache, "firsts:sinks=2,recent=3");
        const at::Tensor value = cache->layer(0).value;
        const at::Tensor back = makeCompressor(parseSpec(bytes.header.spec))->decode(bytes, { job })->layer(0).value;
        QVERIFY(back.narrow(2, 2, 7).select(3, 0).equal(value.narrow(2, 2, 7).select(3, 0)));
        QCOMPARE(back.narrow(2, 2, 7).narrow(3, 1, 63).abs().max().item<float>(), 0.0f);
        QVERIFY(back.narrow(2, 9, 3).equal(value.narrow(2, 9, 3).to(at::kHalf).to(at::kFloat)));
    }

    void sectionsOfAnotherSizeAreRefused()
    {
        const auto cache = pikvtest::makeCache({ .layers = 1 });
        EncodedCache bytes = encoded(*cache, "firsts");
        SectionSet shorter;
        for (const auto& [name, content] : bytes.layers[0].all())
            shorter.add(name, name == "v.first" ? Bytes(content.size() - 1) : content);
        bytes.layers[0] = shorter;
        const JobControl job;
        QVERIFY_EXCEPTION_THROWN(makeCompressor(parseSpec("firsts"))->decode(bytes, { job }), Error);
    }

    void rowsAreKeptAtSixteenBits()
    {
        constexpr float infinity = std::numeric_limits<float>::infinity();
        float values[6] = { 1.0f, -70000.0f, infinity, std::nanf(""), 1e-9f, 3.14159f }, back[6] = {};
        Bytes kept(PlaneRows(values, DType::F32, 3, 2).keptBytes(3));
        QCOMPARE(kept.size(), std::size_t(12));
        PlaneRows(values, DType::F32, 3, 2).keep(0, 3, kept.data());
        PlaneRows(back, DType::F32, 3, 2).restore(0, 3, kept.data());
        QCOMPARE(back[0], 1.0f);
        QCOMPARE(back[1], -65504.0f);
        QCOMPARE(back[2], 65504.0f);
        QVERIFY(std::isnan(back[3]));
        QVERIFY(std::abs(back[5] - values[5]) < 2e-3f);
    }

    void clampingComesBeforeSquares()
    {
        float values[4] = { std::nanf(""), 1e30f, -2.0f, -1e30f }, out[4];
        PlaneRows(values, DType::F32, 2, 2).loadFinite(0, 2, out);
        QCOMPARE(out[0], 0.0f);
        QCOMPARE(out[1], 65504.0f);
        QCOMPARE(out[2], -2.0f);
        QCOMPARE(out[3], -65504.0f);
    }
};

PIKV_TEST(PlaneCodecTest)
#include "planecodec_test.moc"
