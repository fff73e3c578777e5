// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/refusal.h"

namespace pikv {
namespace {

using namespace std::string_view_literals;

bool isOldTorchSave(const FormatProbe& probe)
{
    return begins(probe, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e"sv);
}

bool isPickle(const FormatProbe& probe)
{
    return !isOldTorchSave(probe)
        && (begins(probe, "\x80\x02"sv) || begins(probe, "\x80\x03"sv) || begins(probe, "\x80\x04"sv)
            || begins(probe, "\x80\x05"sv));
}

const FormatRegistration old { { .id = "torch-legacy",
    .label = "torch.save file in its old form",
    .refusal = "was written by torch.save in its old form, which may run code" + std::string(saveAgain),
    .detect = isOldTorchSave } };
const FormatRegistration registration { { .id = "pickle",
    .label = "Python pickle",
    .refusal = "is a Python pickle, which may run code" + std::string(saveAgain),
    .detect = isPickle } };

} // namespace
} // namespace pikv
