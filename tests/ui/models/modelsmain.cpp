// SPDX-License-Identifier: GPL-3.0-or-later
// Runs the model tests with a QApplication, on settings of their own and with enough methods to run out of colours.
#include "core/codec/compressor.h"
#include "core/codec/registry.h"
#include "testhome.h"
#include <QApplication>

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
    const pikvtest::Home home;
    QApplication app(argc, argv);
    QApplication::setApplicationName(QStringLiteral("pikv-model-tests"));
    registerMore(14);
    return pikvtest::runAll(argc, argv) == 0 ? 0 : 1;
}
