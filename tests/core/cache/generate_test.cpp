// SPDX-License-Identifier: GPL-3.0-or-later
// Synthetic caches: the same numbers everywhere, and the structure that their description promises.
#include "core/base/error.h"
#include "core/cache/importance.h"
#include "core/cache/kvcache.h"
#include "core/cache/rope.h"
#include "core/dumps/dumps.h"
#include "core/dumps/generate.h"
#include "testmain.h"
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/linalg_eigvalsh.h>
#include <ATen/ops/matmul.h>
#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <algorithm>

using namespace pikv;

namespace {
QByteArray contents(const std::string& path)
{
    QFile file(QString::fromStdString(path));
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

/// Keys of one head before rotation, the sinks left out: [seq - 4, head_dim] f64.
at::Tensor plainKeys(const KvCache& cache, int layer, int head)
{
    const at::Tensor key = cache.layer(layer).key[0][head];
    const std::int64_t seq = key.size(0);
    return undoRope(key, at::arange(seq, at::kLong), cache.info().rope).narrow(0, 4, seq - 4).to(at::kDouble);
}

double correlationOfNeighbours(const at::Tensor& rows)
{
    const at::Tensor x = rows - rows.mean(0, true);
    const std::int64_t n = x.size(0);
    return (x.narrow(0, 0, n - 1) * x.narrow(0, 1, n - 1)).sum().item<double>() / (x * x).sum().item<double>();
}

/// Share of the energy in the first quarter of the principal axes.
double energyInFirstQuarter(const at::Tensor& rows)
{
    const at::Tensor x = rows - rows.mean(0, true);
    const at::Tensor values = at::linalg_eigvalsh(at::matmul(x.t(), x));
    const std::int64_t d = values.size(0);
    return values.narrow(0, d - d / 4, d / 4).sum().item<double>() / values.sum().item<double>();
}
}

class GenerateTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void fileAndMemoryAgree_data();
    void fileAndMemoryAgree();
    void threadsDoNotMatter();
    void seedsMatter();
    void valuesFollowTheirDescription();
    void keysHaveTheirStructure();
    void sinksDrawAttention();
    void badOptionsAreRefused_data();
    void badOptionsAreRefused();
    void cancelLeavesNothing();
};

void GenerateTest::fileAndMemoryAgree_data()
{
    QTest::addColumn<int>("seq");
    QTest::addColumn<int>("headDim");
    QTest::addColumn<int>("valueDim");
    QTest::addColumn<int>("queries");
    QTest::addColumn<int>("dtype");
    QTest::newRow("usual") << 600 << 64 << 0 << 32 << int(DType::F16);
    QTest::newRow("bf16, unequal head dims") << 100 << 64 << 32 << 8 << int(DType::BF16);
    QTest::newRow("f32, head_dim 100") << 70 << 100 << 0 << 0 << int(DType::F32);
    QTest::newRow("odd head_dim") << 33 << 7 << 5 << 4 << int(DType::F64);
    QTest::newRow("one token") << 1 << 64 << 0 << 32 << int(DType::F16);
    QTest::newRow("one channel") << 20 << 1 << 1 << 2 << int(DType::F16);
}

void GenerateTest::fileAndMemoryAgree()
{
    QFETCH(int, seq);
    QFETCH(int, headDim);
    QFETCH(int, valueDim);
    QFETCH(int, queries);
    QFETCH(int, dtype);
    GenerateOptions o { .layers = 3,
        .batch = 2,
        .kvHeads = 2,
        .seq = seq,
        .headDim = headDim,
        .valueDim = valueDim,
        .queries = queries,
        .queryHeads = 4,
        .dtype = DType(dtype),
        .seed = 3 };
    QTemporaryDir folder;
    const std::string path = folder.filePath("g.safetensors").toStdString();
    generateCacheFile(o, path);
    const CachePtr file = openCache(path), memory = generateCache(o);
    QVERIFY(file->info().layers == memory->info().layers);
    QVERIFY(file->info().rope == memory->info().rope);
    QCOMPARE(file->info().queryPositions, memory->info().queryPositions);
    for (int i = 0; i < 3; ++i) {
        const LayerKv a = file->layer(i), b = memory->layer(i);
        QVERIFY(a.key.equal(b.key));
        QVERIFY(a.value.equal(b.value));
        QVERIFY(queries == 0 ? !a.query.defined() : a.query.equal(b.query));
    }
    QVERIFY(scanNonFinite(*file).clean());
    const std::string copy = folder.filePath("copy.safetensors").toStdString(); // not over the open one
    saveCache(*memory, copy);
    QVERIFY(openCache(copy)->layer(2).key.equal(memory->layer(2).key));
}

void GenerateTest::threadsDoNotMatter()
{
    QTemporaryDir folder;
    const GenerateOptions o { .layers = 2, .seq = 700 };
    const int threads = at::get_num_threads();
    QByteArray first;
    for (int n : { 1, 2, 4 }) {
        at::set_num_threads(n);
        const std::string path = folder.filePath(QString::number(n)).toStdString();
        generateCacheFile(o, path);
        if (first.isEmpty())
            first = contents(path);
        QVERIFY(contents(path) == first);
    }
    at::set_num_threads(threads);
}

void GenerateTest::seedsMatter()
{
    const CachePtr a = generateCache({ .layers = 2, .seq = 50, .seed = 1 });
    const CachePtr b = generateCache({ .layers = 2, .seq = 50, .seed = 2 });
    QVERIFY(!a->layer(0).key.equal(b->layer(0).key));
    QVERIFY(!a->layer(0).key.equal(a->layer(1).key));
    QVERIFY(!a->layer(0).value[0][0].equal(a->layer(0).value[0][1]));
    // A longer cache begins with the shorter one.
    const CachePtr longer = generateCache({ .layers = 2, .seq = 80, .seed = 1 });
    QVERIFY(longer->layer(1).key.narrow(2, 0, 50).equal(a->layer(1).key));
}

void GenerateTest::valuesFollowTheirDescription()
{
    // Rows 0 (a sink) and 5 of seed 5, layer 1, head 1, from an implementation of the description in Python.
    const std::vector<double> expected { -0.017329, -0.009291, 0.094919, 0.005690, 0.064153, 0.000001, 0.072108,
        1.325041, -0.862686, -0.595783, 0.260923, 1.250561 };
    const CachePtr cache
        = generateCache({ .layers = 2, .kvHeads = 2, .seq = 6, .headDim = 6, .dtype = DType::F32, .seed = 5 });
    const at::Tensor value = cache->layer(1).value[0][1].to(at::kDouble);
    for (int c = 0; c < 6; ++c) {
        QVERIFY(std::abs(value[0][c].item<double>() - expected[std::size_t(c)]) < 1e-4);
        QVERIFY(std::abs(value[5][c].item<double>() - expected[std::size_t(6 + c)]) < 1e-4);
    }
}

void GenerateTest::keysHaveTheirStructure()
{
    const CachePtr cache = generateCache({ .layers = 1, .seq = 4096, .headDim = 64, .dtype = DType::F32 });
    for (int head = 0; head < 4; ++head) {
        const at::Tensor keys = plainKeys(*cache, 0, head);
        const at::Tensor values = cache->layer(0).value[0][head].narrow(0, 4, 4092).to(at::kDouble);
        QVERIFY(std::abs(correlationOfNeighbours(keys) - 0.9) < 0.03);
        QVERIFY(std::abs(correlationOfNeighbours(values) - 0.5) < 0.03);
        // Spectra (i + 1)^-1 and (i + 1)^-0.5 hold 71 % and 44 % in their first 16 of 64 axes.
        QVERIFY(std::abs(energyInFirstQuarter(keys) - 0.71) < 0.05);
        QVERIFY(std::abs(energyInFirstQuarter(values) - 0.44) < 0.05);
        const at::Tensor mean = keys.mean(0).abs();
        for (int channel : { 30, 31, 62, 63 })
            QVERIFY(std::abs(mean[channel].item<double>() - 8) < 1.5);
        QVERIFY(mean.narrow(0, 0, 30).max().item<double>() < 2);
        QVERIFY((keys - keys.mean(0, true)).var(0).mean().item<double>() < 1.3);
    }
}

void GenerateTest::sinksDrawAttention()
{
    const CachePtr cache = generateCache({ .layers = 2, .kvHeads = 2, .seq = 1024, .queryHeads = 4 });
    std::vector<float> importance = computeImportance(*cache, { ImportanceSpec::Source::Attention }, {});
    for (int t = 0; t < 4; ++t)
        QVERIFY(importance[std::size_t(t)] > 0.95f);
    QVERIFY(importance.back() > 0.7f);
    std::sort(importance.begin(), importance.end());
    QVERIFY(importance[512] < 0.4f);
    const at::Tensor norms = cache->layer(0).value.to(at::kFloat).pow(2).sum(-1).sqrt();
    QVERIFY(norms.narrow(2, 0, 4).max().item<float>() < norms.narrow(2, 4, 1020).min().item<float>());
}

void GenerateTest::badOptionsAreRefused_data()
{
    QTest::addColumn<QString>("named");
    QTest::addColumn<GenerateOptions>("options");
    QTest::newRow("no layers") << "layers=0" << GenerateOptions { .layers = 0 };
    QTest::newRow("too many layers") << "layers=5000" << GenerateOptions { .layers = 5000 };
    QTest::newRow("no tokens") << "seq=0" << GenerateOptions { .seq = 0 };
    QTest::newRow("negative batch") << "batch=-1" << GenerateOptions { .batch = -1 };
    QTest::newRow("query heads") << "query-heads=6" << GenerateOptions { .kvHeads = 4, .queryHeads = 6 };
    QTest::newRow("dtype") << "dtype=i64" << GenerateOptions { .dtype = DType::I64 };
    QTest::newRow("theta") << "rope-theta" << GenerateOptions { .ropeTheta = 0 };
    QTest::newRow("larger than any disk")
        << "1 PiB"
        << GenerateOptions { .layers = 4096, .batch = 65536, .kvHeads = 65536, .seq = 1 << 30, .headDim = 65536 };
}

void GenerateTest::badOptionsAreRefused()
{
    QFETCH(QString, named);
    QFETCH(GenerateOptions, options);
    QTemporaryDir folder;
    try {
        generateCacheFile(options, folder.filePath("x").toStdString());
        QFAIL("accepted");
    } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::Usage);
        QVERIFY2(QString(error.what()).contains(named), error.what());
    }
    QVERIFY(QDir(folder.path()).isEmpty(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot));
}

void GenerateTest::cancelLeavesNothing()
{
    QTemporaryDir folder;
    std::stop_source stop;
    const JobControl job(stop.get_token(), [&](const Progress& p) {
        if (p.done == 1)
            stop.request_stop();
    });
    const std::string path = folder.filePath("g").toStdString();
    QVERIFY_THROWS_EXCEPTION(Error, generateCacheFile({ .layers = 4, .seq = 2000 }, path, job));
    const CachePtr cache = generateCache({ .layers = 4, .seq = 20 });
    QVERIFY_THROWS_EXCEPTION(Error, saveCache(*cache, path, job));
    QVERIFY(QDir(folder.path()).isEmpty(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot));
}

PIKV_TEST(GenerateTest)
#include "generate_test.moc"
