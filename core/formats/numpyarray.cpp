// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/refusal.h"

namespace pikv {
namespace {

using namespace std::string_view_literals;

const FormatRegistration registration { { .id = "npy",
    .label = "NumPy array",
    .refusal = "is a NumPy array, which this version does not read" + std::string(saveAgain),
    .detect = [](const FormatProbe& probe) { return begins(probe, "\x93NUMPY"sv); } } };

} // namespace
} // namespace pikv
