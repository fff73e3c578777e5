// SPDX-License-Identifier: GPL-3.0-or-later
// Every registered method on values at the edges of their dtypes: it ends, and what is finite stays finite.
#include "methodcases.h"
#include "testmain.h"
#include <ATen/ops/isfinite.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/zeros_like.h>
#include <QTemporaryDir>
#include <QTest>

using namespace pikv;
using namespace pikvtest;

class ExtremesTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void finiteStaysFinite_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("content");
        QStringList specs { "lora:rank=1,base_bits=2", "lora:scope=head", "lora:code_bits=16,basis_bits=16",
            "pyramid:transform=klt", "pyramid:coding=adaptive", "fastv:transform=klt,coded_share=0.3",
            "fastv:sparsity_threshold=0" };
        for (const MethodInfo& method : Registry::instance().methods())
            if (!isRefused(method.id, "f16"))
                specs << QString::fromStdString(testedSpec(method.id));
        for (const QString& spec : std::as_const(specs))
            for (const char* content :
                { "zeros", "largest f16", "least f16", "1e30 in f32", "1e30 in bf16", "3e38 in f32" })
                QTest::addRow("%s, %s", qPrintable(spec), content) << spec << QString(content);
    }
    void finiteStaysFinite()
    {
        QFETCH(QString, method);
        QFETCH(QString, content);
        const CachePtr cache = filled(content);
        const auto compressor = fitting(method, cache->info());
        const auto decoded = throughFile(*compressor, *cache, m_dir.filePath("case.pikv").toStdString()).decoded;
        const LayerKv original = cache->layer(0), back = decoded->layer(0);
        for (const auto& [a, b] : { std::pair(original.key, back.key), std::pair(original.value, back.value) }) {
            QVERIFY(at::isfinite(b).all().item<bool>());
            if (content == "zeros")
                QCOMPARE(b.abs().max().item<double>(), 0.0);
            else
                QVERIFY2(relativeError(a, b) < 1.5, qPrintable(QString::number(relativeError(a, b))));
        }
    }

private:
    static CachePtr filled(const QString& content)
    {
        GenerateOptions options = smallCache();
        options.layers = 1;
        options.dtype = content.endsWith("bf16") ? DType::BF16 : content.endsWith("f32") ? DType::F32 : DType::F16;
        const CachePtr plain = generateCache(options);
        const auto scaled = [&](const at::Tensor& t) -> at::Tensor {
            if (content == "zeros")
                return at::zeros_like(t);
            if (content == "largest f16")
                return at::sign(t) * 65504.0;
            if (content == "3e38 in f32")
                return at::sign(t) * 3e38;
            return t * (content == "least f16" ? 1e-7 : 1e30);
        };
        const LayerKv kv = plain->layer(0);
        CacheInfo info = plain->info();
        info.queryPositions.clear();
        return std::make_shared<MemoryCache>(
            info, std::vector<LayerKv> { { scaled(kv.key), scaled(kv.value), {}, {} } });
    }

    QTemporaryDir m_dir;
};

PIKV_TEST(ExtremesTest)
#include "extremes_test.moc"
