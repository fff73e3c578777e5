// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/refusal.h"

namespace pikv {
namespace {

using namespace std::string_view_literals;

const FormatRegistration registration { { .id = "empty",
    .label = "empty file",
    .refusal = "is empty; write the dump again",
    .rank = 0,
    .detect = [](const FormatProbe& probe) { return probe.head().empty(); } } };

} // namespace
} // namespace pikv
