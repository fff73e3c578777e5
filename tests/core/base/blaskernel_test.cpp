// SPDX-License-Identifier: GPL-3.0-or-later
// Which kernel OpenBLAS is told to take on a processor that it does not know.
#include "core/base/blaskernel.h"
#include "core/eval/engine.h"
#include "core/eval/evaluator.h"
#include "testmain.h"
#include <QTest>

using namespace pikv;

namespace {
struct Processor {
    const char* name;
    ProcessorFeatures features;
    const char* kernel;
};
constexpr Processor processors[] = {
    { "Sapphire Rapids", { .sse42 = true, .avx = true, .avx2 = true, .avx512 = true }, "SkylakeX" },
    { "Raptor Lake", { .sse42 = true, .avx = true, .avx2 = true }, "Haswell" },
    { "Zen 5", { .amd = true, .sse42 = true, .avx = true, .avx2 = true, .avx512 = true }, "SkylakeX" },
    { "Zen 3", { .amd = true, .sse42 = true, .avx = true, .avx2 = true }, "Zen" },
    { "AVX alone, as some virtual machines show it", { .sse42 = true, .avx = true }, "Sandybridge" },
    { "512 bits switched on, 256 off", { .sse42 = true, .avx = true, .avx512 = true }, "Sandybridge" },
    { "Pentium of the newest kind", { .sse42 = true }, "Nehalem" },
    { "AMD without AVX", { .amd = true, .sse42 = true }, "Nehalem" },
    { "a real Prescott", {}, "" },
};
}

class BlasKernelTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void unknownProcessorsGetTheirKernel_data()
    {
        QTest::addColumn<int>("index");
        for (std::size_t i = 0; i < std::size(processors); ++i)
            QTest::newRow(processors[i].name) << int(i);
    }
    void unknownProcessorsGetTheirKernel()
    {
        QFETCH(int, index);
        const Processor& p = processors[index];
        const std::string_view kernel = betterBlasKernel("Prescott", p.features);
        QCOMPARE(std::string(kernel), std::string(p.kernel));
    }

    /// What OpenBLAS knows it knows better, newer kernels than ours among them; another BLAS is left alone.
    void knownProcessorsKeepTheirs()
    {
        for (const Processor& p : processors)
            for (const char* taken : { "Haswell", "Zen", "SkylakeX", "Cooperlake", "Sapphirerapids", "Nehalem", "" })
                QVERIFY2(betterBlasKernel(taken, p.features).empty(), p.name);
    }

    /// The tests themselves begin as the programs do.
    void theTestsHaveTheRightKernel()
    {
        const std::string kernel = blasKernel();
        if (kernel.empty())
            QSKIP("this LibTorch has another BLAS");
        if (!qEnvironmentVariableIsSet("OPENBLAS_CORETYPE"))
            QVERIFY2(betterBlasKernel(kernel, processorFeatures()).empty(), kernel.c_str());
        QVERIFY(engineDescription().find("OpenBLAS kernel " + kernel) != std::string::npos);
    }

    void theUsersWishStands()
    {
        const QByteArray before = qgetenv("OPENBLAS_CORETYPE");
        qputenv("OPENBLAS_CORETYPE", "Prescott");
        QVERIFY(!preferBetterBlasKernel());
        QCOMPARE(qgetenv("OPENBLAS_CORETYPE"), QByteArray("Prescott"));
        before.isNull() ? qunsetenv("OPENBLAS_CORETYPE") : qputenv("OPENBLAS_CORETYPE", before);
    }
};

PIKV_TEST(BlasKernelTest)
#include "blaskernel_test.moc"
