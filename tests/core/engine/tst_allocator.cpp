// SPDX-License-Identifier: GPL-3.0-or-later
// LibTorch's large CPU tensors come from the process's pool and return to it, whichever way they are asked for.
#include "core/base/blockpool.h"
#include "core/eval/tensorallocator.h"
#include "testmain.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/randn.h>
#include <QTest>
#include <c10/core/CPUAllocator.h>
#include <cmath>

using namespace pikv;

class TestAllocator : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { installTensorAllocator(); }

    void tensorsReturnToThePoolWhereItIsOn()
    {
        const std::size_t before = BlockPool::process().bytesInUse();
        {
            const at::Tensor large = at::empty({ 1 << 22 }, at::kFloat);
            const std::size_t taken = BlockPool::process().bytesInUse() - before;
            QCOMPARE(taken >= large.nbytes(), BlockPool::enabled());
            QCOMPARE(taken > 0, BlockPool::enabled());
        }
        QCOMPARE(BlockPool::process().bytesInUse(), before);
    }

    void rawBlocksGoBackWhereTheyCameFrom_data()
    {
        QTest::addColumn<qulonglong>("bytes");
        QTest::newRow("small, LibTorch's own") << 4096ULL;
        QTest::newRow("large, the pool's") << (16ULL << 20);
    }
    void rawBlocksGoBackWhereTheyCameFrom()
    {
        QFETCH(qulonglong, bytes);
        const std::size_t before = BlockPool::process().bytesInUse();
        c10::Allocator* allocator = c10::GetCPUAllocator();
        void* block = allocator->raw_allocate(bytes);
        QVERIFY(block);
        std::fill_n(static_cast<char*>(block), bytes, 'x');
        allocator->raw_deallocate(block);
        QCOMPARE(BlockPool::process().bytesInUse(), before);
    }

    /// On contiguous tensors oneDNN's, where LibTorch has it; it takes scratch memory by raw_allocate().
    void geluOfContiguousTensors()
    {
        const at::Tensor x = at::randn({ 64, 16 });
        const at::Tensor wanted = x * 0.5 * ((x / std::sqrt(2.0)).erf() + 1);
        QVERIFY((at::gelu(x) - wanted).abs().max().item<float>() < 1e-5f);
    }
};

PIKV_TEST(TestAllocator)
#include "tst_allocator.moc"
