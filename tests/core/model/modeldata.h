// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QByteArray>
#include <QString>

/// A file below tests/data; the test ends when it is not there.
QByteArray testFile(const QString& name);
QString testPath(const QString& name);
/// The SmolLM2 model's file: $PIKV_MODEL, else in the user's data folder; "" where there is none.
QString realModel();
/// Skips a test that needs the real model.
#define PIKV_NEEDS_MODEL()                                                                                             \
    if (realModel().isEmpty())                                                                                         \
    QSKIP("SmolLM2-135M-Instruct.Q4_1.gguf is not here; set PIKV_MODEL or run the set-up script")
