// SPDX-License-Identifier: GPL-3.0-or-later
// Views of caches, and views of views.
#include "core/cache/cacheview.h"
#include "core/dumps/generate.h"
#include "core/dumps/prefixcache.h"
#include "testmain.h"
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <QTest>
#include <stdexcept>

using namespace pikv;

class CacheViewTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aSubsetKnowsTheModelsLayers()
    {
        const CachePtr whole = generateCache({ .layers = 6, .seq = 20 });
        const auto some = std::make_shared<const LayerSubset>(whole, std::vector<int> { 1, 3, 5 });
        QCOMPARE(some->layerCount(), 3);
        QCOMPARE(some->sourceLayer(2), 5);
        QCOMPARE(some->sourceLayerCount(), 6);
        QVERIFY(some->layer(1).key.equal(whole->layer(3).key));
    }

    void aSubsetOfASubsetToo()
    {
        const CachePtr whole = generateCache({ .layers = 6, .seq = 20 });
        const auto some = std::make_shared<const LayerSubset>(whole, std::vector<int> { 1, 3, 5 });
        const LayerSubset nested(some, { 2, 0 });
        QCOMPARE(nested.sourceLayer(0), 5);
        QCOMPARE(nested.sourceLayer(1), 1);
        QCOMPARE(nested.sourceLayerCount(), 6);
        QVERIFY(nested.layer(0).value.equal(whole->layer(5).value));
        QVERIFY(nested.info().layers.at(1) == whole->info().layers.at(1));
    }

    void aPrefixOfASubsetToo()
    {
        const CachePtr whole = generateCache({ .layers = 4, .seq = 20 });
        const auto prefix = firstRows(std::make_shared<const LayerSubset>(whole, std::vector<int> { 3, 1 }), 7);
        QCOMPARE(prefix->sourceLayer(0), 3);
        QCOMPARE(prefix->sourceLayerCount(), 4);
        QVERIFY(prefix->layer(1).key.equal(whole->layer(1).key.narrow(2, 0, 7)));
    }

    void companionsAreForwarded()
    {
        const LayerKv kv = generateCache({ .layers = 1, .seq = 20 })->layer(0);
        LayerKv dropped = kv;
        dropped.keep = at::ones({ kv.key.size(0), kv.key.size(1), 20 }, at::kBool);
        const auto inner = std::make_shared<const MemoryCache>(
            CacheInfo(), std::vector<LayerKv> { kv, dropped }, at::full({ 1, 20 }, 0.25f));
        const LayerSubset view(inner, { 1 });
        QVERIFY(view.hasKeep());
        QVERIFY(view.storedImportance().equal(inner->storedImportance()));
        QVERIFY(!view.attentionMask().defined());
    }

    void layersThatAreNotThereAreRefused()
    {
        const CachePtr whole = generateCache({ .layers = 2, .seq = 8 });
        QVERIFY_EXCEPTION_THROWN(LayerSubset(whole, { 0, 2 }), std::out_of_range);
    }
};

PIKV_TEST(CacheViewTest)
#include "cacheview_test.moc"
