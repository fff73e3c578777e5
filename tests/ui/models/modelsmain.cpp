// SPDX-License-Identifier: GPL-3.0-or-later
// Runs the model tests with a QApplication, on settings of their own and with enough methods to run out of colours.
#include "core/codec/compressor.h"
#include "core/codec/registry.h"
#include "testmain.h"
#include <QApplication>
#include <QStandardPaths>
#include <QTest>

std::vector<pikvtest::Factory>& pikvtest::factories()
{
    static std::vector<Factory> list;
    return list;
}

namespace {

/// Methods beside the program's own, in every family in turn: a registry as large as it may get.
void registerMore(int count)
{
    const auto& families = pikv::methodFamilies();
    for (int i = 0; i < count; ++i) {
        pikv::MethodInfo info;
        info.id = "extra_" + std::to_string(i);
        info.label = "Extra " + std::to_string(i);
        info.family = families[std::size_t(i) % families.size()];
        info.sentence = "Exists in the model tests alone <and> needs escaping";
        info.params = { pikv::param::integer("size", "Size", 8, 1, 100, "", "Size of the method") };
        info.checkedByDefault = i % 2 == 0;
        pikv::Registry::instance().add(std::move(info));
    }
}

} // namespace

int main(int argc, char** argv)
{
    QStandardPaths::setTestModeEnabled(true);
    QApplication app(argc, argv);
    QApplication::setApplicationName(QStringLiteral("pikv-model-tests"));
    registerMore(14);
    int failures = 0;
    for (const auto& make : pikvtest::factories())
        failures += QTest::qExec(make().get(), argc, argv);
    return failures == 0 && !pikvtest::factories().empty() ? 0 : 1;
}
