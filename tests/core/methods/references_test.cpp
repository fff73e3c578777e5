// SPDX-License-Identifier: GPL-3.0-or-later
// The six methods against two simple ones on structured data: int8 for every token, and sixteen principal components.
#include "methodcases.h"
#include "testmain.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/round.h>
#include <QTest>
#include <cmath>

using namespace pikv;
using namespace pikvtest;

namespace {

constexpr std::int64_t batch = 8, heads = 4, seq = 128, headDim = 64, hidden = heads * headDim;

/// Rows [batch * seq, hidden] of sixteen hidden factors, a little noise, and three channels much larger than the
/// others.
at::Tensor structuredRows()
{
    const at::Tensor mix = at::randn({ 16, hidden });
    mix.slice(1, 20, hidden, 85).mul_(6);
    return at::mm(at::randn({ batch * seq, 16 }), mix) + at::randn({ batch * seq, hidden }) * 0.25;
}

at::Tensor asHeads(const at::Tensor& rows)
{
    return rows.view({ batch, seq, heads, headDim }).permute({ 0, 2, 1, 3 }).contiguous();
}

/// A codec of a few lines: its bytes and what it makes of the rows.
struct Reference {
    std::int64_t bytes = 0;
    at::Tensor decoded;
};

Reference int8PerToken(const at::Tensor& rows)
{
    const at::Tensor scale = rows.abs().amax(1, true) / 127;
    return { rows.size(0) * (rows.size(1) + 4), at::round(rows / scale) * scale };
}

Reference principalComponents(const at::Tensor& rows)
{
    const at::Tensor mean = rows.mean(0);
    const auto [u, s, vh] = at::linalg_svd(rows - mean, false);
    const at::Tensor kept = vh.narrow(0, 0, 16);
    return { 4 * (16 * (rows.size(0) + rows.size(1)) + rows.size(1)),
        at::mm(at::mm(rows - mean, kept.t()), kept) + mean };
}

} // namespace

class TestReferences : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        at::manual_seed(7);
        m_keys = structuredRows();
        m_values = structuredRows();
        m_cache = std::make_unique<MemoryCache>(
            CacheInfo {}, std::vector<LayerKv> { { asHeads(m_keys), asHeads(m_values), {}, {} } });
    }

    void noneLoses_data()
    {
        QTest::addColumn<QString>("spec");
        QTest::addColumn<bool>("toInt8");
        for (const char* spec : { "lora:rank=256,code_bits=6", "lora_plus:ranks=[224,240,256],code_bits=6",
                 "pyramid:compression_ratio=0.5", "fastv:subvector=4,num_centroids=256,stages=2,sinks=1",
                 "fastvideo:compression_ratio=0.5", "minillm:student_size=256,code_bits=6" })
            QTest::addRow("int8 a token, %s", spec) << spec << true;
        for (const char* spec :
            { "lora:rank=64,code_bits=6", "lora_plus:ranks=[32,64,96]", "pyramid:compression_ratio=0.15",
                "fastv:subvector=4,num_centroids=128,coded_share=0.25,sparsity_threshold=0,sinks=0",
                "fastvideo:compression_ratio=0.15", "minillm:student_size=64" })
            QTest::addRow("16 components, %s", spec) << spec << false;
    }
    void noneLoses()
    {
        QFETCH(QString, spec);
        QFETCH(bool, toInt8);
        const auto reference = toInt8 ? int8PerToken : principalComponents;
        const Reference keys = reference(m_keys), values = reference(m_values);
        const EncodedCache encoded = encode(*makeCompressor(parseSpec(spec.toStdString())), *m_cache);
        const LayerKv decoded = decode(encoded)->layer(0);
        const auto share = [](const at::Tensor& original, const at::Tensor& own, const at::Tensor& other) {
            return relativeError(asHeads(original), own) / relativeError(original, other);
        };
        const double keyShare = share(m_keys, decoded.key, keys.decoded),
                     valueShare = share(m_values, decoded.value, values.decoded);
        const double bytes = double(encoded.fileBytes()) / double(keys.bytes + values.bytes);
        qInfo("%.3f of the bytes, %.3f and %.3f of the squared errors of keys and values", bytes, keyShare, valueShare);
        QVERIFY(bytes <= 1);
        QVERIFY(keyShare < 1 && valueShare < 1);
    }

    void dataIsLikeTheProjects()
    {
        // The seed project's own figures on its structured data: relative errors of 0.016 and 0.052.
        QVERIFY(std::abs(std::sqrt(relativeError(m_keys, int8PerToken(m_keys).decoded)) - 0.016) < 0.002);
        QVERIFY(std::abs(std::sqrt(relativeError(m_keys, principalComponents(m_keys).decoded)) - 0.052) < 0.002);
    }

private:
    at::Tensor m_keys, m_values;
    std::unique_ptr<MemoryCache> m_cache;
};

PIKV_TEST(TestReferences)
#include "references_test.moc"
