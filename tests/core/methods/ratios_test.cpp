// SPDX-License-Identifier: GPL-3.0-or-later
// The methods that are given a ratio meet it, whatever the shape.
#include "methodcases.h"
#include "testmain.h"
#include <ATen/ops/full.h>
#include <QTemporaryDir>
#include <QTest>
#include <cmath>

using namespace pikv;
using namespace pikvtest;

namespace {

struct Case {
    const char* name;
    double ratio;
    int batch, seq, headDim;
    bool weighted = false;
    const char* more = "";
};

constexpr Case cases[] = {
    { "half, small", 0.5, 1, 256, 32 },
    { "quarter, sampled", 0.25, 2, 2000, 64 },
    { "tenth, sampled", 0.1, 1, 3000, 64 },
    { "half, tiny", 0.5, 1, 61, 32 },
    { "quarter, tiny, importance", 0.25, 1, 301, 32, true },
    { "short", 0.2, 1, 200, 64 },
    { "odd sizes", 0.3, 3, 301, 20 },
    { "importance", 0.25, 1, 1500, 64, true },
    { "protected tokens", 0.4, 1, 200, 64, false, ",sinks=4,recent=16" },
};

} // namespace

class RatiosTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void targetIsMet_data()
    {
        rows({ "fastvideo", "pyramid", "pyramid:axis=layer,sinks=0", "pyramid:coding=adaptive" });
    }
    void targetIsMet()
    {
        QFETCH(QString, spec);
        QFETCH(const Case*, shape);
        meets(spec, *shape);
    }

    void targetIsMetWithACalibration_data()
    {
        rows({ "pyramid", "pyramid:axis=layer,sinks=0", "pyramid:transform=none", "pyramid:coding=adaptive",
            "pyramid:coding=adaptive,transform=none" });
    }
    void targetIsMetWithACalibration()
    {
        QFETCH(QString, spec);
        QFETCH(const Case*, shape);
        const QTemporaryDir folder;
        const std::string file = folder.filePath("learned.pikv-basis").toStdString();
        const JobControl job;
        makeCompressor(parseSpec(spec.toStdString()))->calibrate({ cacheOf(*shape, 77) }, {}, { job }).save(file);
        meets(spec + ",shared=" + QString::fromStdString(file), *shape);
    }

private:
    static void rows(std::initializer_list<const char*> methods)
    {
        QTest::addColumn<QString>("spec");
        QTest::addColumn<const Case*>("shape");
        for (const Case& c : cases)
            for (const QString id : methods) {
                if (id.contains("axis") && *c.more)
                    continue; // the last layer's share is less than its protected tokens: it says so
                QTest::addRow("%s, %s", qPrintable(id), c.name)
                    << id + (id.contains(':') ? "," : ":") + "compression_ratio=" + QString::number(c.ratio) + c.more
                    << &c;
            }
    }

    static CachePtr cacheOf(const Case& shape, std::uint64_t seed)
    {
        GenerateOptions options = smallCache();
        options.batch = shape.batch;
        options.seq = shape.seq;
        options.headDim = shape.headDim;
        options.seed = seed;
        return generateCache(options);
    }

    static void meets(const QString& spec, const Case& shape)
    {
        const CachePtr cache = cacheOf(shape, smallCache().seed);
        at::Tensor importance;
        if (shape.weighted) {
            importance = at::full({ shape.batch, shape.seq }, 0.05f);
            importance.narrow(1, 100, 200).fill_(0.9f);
        }
        const auto method = makeCompressor(parseSpec(spec.toStdString()));
        QVERIFY(method->warnings(cache->info()).empty());
        const double stored = double(encode(*method, *cache, importance).fileBytes()),
                     wanted = shape.ratio * double(cache->info().referenceBytes());
        QVERIFY2(std::abs(stored / wanted - 1) < 0.02, qPrintable(QString("%1 of the target").arg(stored / wanted)));
    }
};

PIKV_TEST(RatiosTest)
#include "ratios_test.moc"
