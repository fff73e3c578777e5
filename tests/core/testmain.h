// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <functional>
#include <memory>
#include <vector>

namespace pikvtest {
using Factory = std::function<std::unique_ptr<QObject>()>;
std::vector<Factory>& factories();
struct Registrar {
    explicit Registrar(Factory f) { factories().push_back(std::move(f)); }
};
}

/// Adds a QObject test class to the executable of its folder.
#define PIKV_TEST(Class)                                                                                               \
    static const pikvtest::Registrar s_register##Class([] { return std::unique_ptr<QObject>(new Class); });
