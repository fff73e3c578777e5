// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/error.h"
#include <QString>

/// What the Error says that `work` throws; "" where it throws none.
template <typename Work>
QString refusalOf(Work&& work)
{
    try {
        work();
    } catch (const pikv::Error& error) {
        return QString::fromStdString(error.what());
    }
    return {};
}
