// SPDX-License-Identifier: GPL-3.0-or-later
// Views gathered run by run, against LibTorch's own.
#include "core/formats/stridedread.h"
#include "foreignfiles.h"
#include "testmain.h"
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>

using namespace pikv;

class StridedReadTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void runsAreThoseOfTheView_data();
    void runsAreThoseOfTheView();
    void othersAreLeft();
};

using Numbers = std::vector<std::int64_t>;

void StridedReadTest::runsAreThoseOfTheView_data()
{
    QTest::addColumn<Numbers>("shape");
    QTest::addColumn<Numbers>("strides");
    QTest::addColumn<qint64>("first");
    const auto row = [](const char* name, Numbers shape, Numbers strides, qint64 first = 0) {
        QTest::newRow(name) << shape << strides << first;
    };
    row("heads behind tokens", { 1, 8, 2000, 64 }, { 0, 64, 512, 1 });
    row("a part of each row", { 1, 1, 3000, 64 }, { 0, 0, 576, 1 }, 512);
    row("layers cut in pairs", { 2, 4, 500, 32 }, { 256000, 32, 256, 1 }, 128);
    row("one head for all", { 1, 6, 900, 40 }, { 0, 0, 40, 1 }, 7);
    row("overlapping rows", { 1, 2, 400, 100 }, { 0, 3, 10, 1 });
    row("a row longer than the window", { 1, 1, 2, 200'000 }, { 0, 0, 200'001, 1 });
    row("one run", { 1, 1, 1, 50 }, { 9, 9, 9, 1 });
}

void StridedReadTest::runsAreThoseOfTheView()
{
    QFETCH(Numbers, shape);
    QFETCH(Numbers, strides);
    QFETCH(qint64, first);
    std::int64_t extent = 1;
    for (std::size_t i = 0; i < shape.size(); ++i)
        extent += (shape[i] - 1) * strides[i];
    const at::Tensor all
        = at::arange(double(first + extent), at::kFloat); // nothing behind: a read beyond it would throw
    StoredTensor stored;
    stored.shape = shape;
    stored.strides = strides;
    stored.begin = std::uint64_t(first) * 4;
    stored.bytes = std::uint64_t(extent) * 4;
    at::Tensor gathered = at::empty(shape, at::kFloat);
    const MemorySource file(asBytes(all.data_ptr(), all.nbytes()), "f");
    QVERIFY(gatherRuns(file, stored, { static_cast<std::byte*>(gathered.data_ptr()), gathered.nbytes() }));
    QVERIFY(gathered.equal(all.as_strided(shape, strides, first)));
}

void StridedReadTest::othersAreLeft()
{
    Bytes out(4 * 6 * 16);
    const MemorySource file(out, "f");
    StoredTensor stored;
    stored.bytes = out.size();
    for (const auto& [shape, strides] : { std::pair { Numbers { 4, 6, 4 }, Numbers { 24, 4, 1 } }, // short runs
             { Numbers { 4, 4, 6 }, Numbers { 24, 1, 4 } } }) { // columns
        stored.shape = shape;
        stored.strides = strides;
        QVERIFY(!gatherRuns(file, stored, out));
    }
}

PIKV_TEST(StridedReadTest)
#include "stridedread_test.moc"
