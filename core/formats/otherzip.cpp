// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/refusal.h"

namespace pikv {
namespace {

const FormatRegistration registration { { .id = "zip",
    .label = "zip archive",
    .refusal = "is a zip archive, but neither of torch.save nor of numpy.savez; unpack it and open what is in it",
    .rank = 2, // what none of those that are kept in one claims
    .detect = [](const FormatProbe& probe) { return probe.zip() != nullptr; } } };

} // namespace
} // namespace pikv
