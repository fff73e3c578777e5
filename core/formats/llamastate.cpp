// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/refusal.h"

namespace pikv {
namespace {

using namespace std::string_view_literals;

const FormatRegistration registration { { .id = "llama-state",
    .label = "llama.cpp state file",
    .refusal = "is a llama.cpp state file, which this version does not read" + std::string(saveAgain),
    .detect = [](const FormatProbe& probe) { return begins(probe, "nsgg"sv) || begins(probe, "qsgg"sv); } } };

} // namespace
} // namespace pikv
