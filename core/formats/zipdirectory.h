// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/formats/ziparchive.h"

namespace pikv {

/// The members that the central directory lists, each checked against its local header. Throws Error{Input}.
std::vector<ZipMember> readZipDirectory(const ByteSource& file);

} // namespace pikv
