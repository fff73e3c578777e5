// SPDX-License-Identifier: GPL-3.0-or-later
// Runs the chart tests with a QApplication, on settings of their own and with two methods that only they know.
#include "chartfixture.h"
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

void registerMethod(const char* id, const char* label)
{
    pikv::MethodInfo info;
    info.id = id;
    info.label = label;
    info.family = pikv::methodFamilies().front();
    info.sentence = "Exists in the chart tests alone";
    info.params = { pikv::param::integer("rank", "Rank", 8, 1, 1000, "", "Size of the method") };
    pikv::Registry::instance().add(std::move(info));
}

} // namespace

int main(int argc, char** argv)
{
    const pikvtest::Home home;
    QApplication app(argc, argv);
    QApplication::setApplicationName(QStringLiteral("pikv-chart-tests"));
    QApplication::setStyle(QStringLiteral("Fusion"));
    registerMethod(chartfixture::kAlpha, "Alpha");
    registerMethod(chartfixture::kBeta, "Beta");
    return pikvtest::runAll(argc, argv) == 0 ? 0 : 1;
}
