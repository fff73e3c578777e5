// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/refusal.h"

namespace pikv {
namespace {

using namespace std::string_view_literals;

bool isZip(const FormatProbe& probe) { return begins(probe, "PK\x03\x04"sv) || begins(probe, "PK\x05\x06"sv); }

const FormatRegistration registration { { .id = "zip",
    .label = "zip archive (torch.save or NumPy .npz)",
    .refusal = "is a zip archive (torch.save or NumPy .npz), which this version does not read" + std::string(saveAgain),
    .detect = isZip } };

} // namespace
} // namespace pikv
