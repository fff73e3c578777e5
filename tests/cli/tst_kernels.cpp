// SPDX-License-Identifier: GPL-3.0-or-later
// The launcher's choice of OpenBLAS's kernel.
#include "core/base/blaskernel.h"
#include "runpikv.h"
#include "testmain.h"
#include <QTest>

using namespace pikvtest;

namespace {

/// Sets a variable of the environment while it lives.
class Variable {
public:
    Variable(const char* name, const QByteArray& value)
        : m_name(name)
        , m_before(qgetenv(name))
    {
        value.isNull() ? qunsetenv(name) : qputenv(name, value);
    }
    ~Variable() { m_before.isNull() ? qunsetenv(m_name) : qputenv(m_name, m_before); }

private:
    const char* m_name;
    QByteArray m_before;
};

/// What the OpenBLAS of tests/cli/fake was told, each time that it was loaded.
QStringList toldKernels(const QByteArray& errors)
{
    QStringList told;
    for (const QByteArray& line : errors.split('\n'))
        if (line.startsWith("fake OpenBLAS: "))
            told += QString::fromUtf8(line.mid(15));
    return told;
}

} // namespace

class KernelsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void versionNamesTheKernel()
    {
        const QByteArray version = pikvtest::pikv({ "--version" }).out;
        if (!version.contains("OpenBLAS"))
            QSKIP("this LibTorch has another BLAS");
        const Variable told("OPENBLAS_CORETYPE", "Nehalem");
        const QByteArray again = pikvtest::pikv({ "--version" }).out;
        QVERIFY2(again.contains("OpenBLAS kernel Nehalem,"), again);
    }

    /// Where OpenBLAS does not know the processor the program begins anew with the kernel that the processor can run.
    void unknownProcessor()
    {
        const Variable path("LD_LIBRARY_PATH", PIKV_BIN_DIR "/../fake");
        const Variable unset("OPENBLAS_CORETYPE", {});
        const std::string_view better = pikv::betterBlasKernel("Prescott", pikv::processorFeatures());
        QStringList expected { "nothing" };
        if (!better.empty())
            expected += QString::fromUtf8(better.data(), qsizetype(better.size()));
        QCOMPARE(toldKernels(pikvtest::pikv({ "list" }).err), expected);
    }

    void theUsersWishStands()
    {
        const Variable path("LD_LIBRARY_PATH", PIKV_BIN_DIR "/../fake");
        const Variable told("OPENBLAS_CORETYPE", "Prescott");
        QCOMPARE(toldKernels(pikvtest::pikv({ "list" }).err), QStringList { "Prescott" });
    }
};

PIKV_TEST(KernelsTest)
#include "tst_kernels.moc"
