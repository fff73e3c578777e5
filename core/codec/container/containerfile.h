// SPDX-License-Identifier: GPL-3.0-or-later
// A `.pikv` file read and written; EncodedCache::load() and save() call these.
#pragma once
#include "core/base/bytesource.h"
#include "core/codec/container/encodedcache.h"
#include <string>

namespace pikv {

/// Checks every section against its checksum before anything is made of it. Takes memory in proportion to the file, and
/// up to 200 MB more where its header names many tokens. Throws Error{Input}: not a .pikv, damaged (which section),
/// unknown version.
EncodedCache readContainer(const ByteSource& file);
/// Whole or not at all; throws Error{Resource} naming the file.
void writeContainer(const EncodedCache& cache, const std::string& path);

} // namespace pikv
