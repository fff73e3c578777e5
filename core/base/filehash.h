// SPDX-License-Identifier: GPL-3.0-or-later
// What a file or a folder holds, and whether it can have changed.
#pragma once
#include "core/base/jobcontrol.h"
#include <string>

namespace pikv {

/// Place, sizes, times of change and inodes of a file, or of every file in a folder: as long as it is the same nothing
/// has been written there. Reads no contents. "" where there is nothing. Throws Error{Input} for a folder that cannot
/// be read.
std::string fileState(const std::string& path);
/// XXH3-128 of a file's bytes, as `xxh128sum` prints it; of a folder: of the names and the hashes of its files, in the
/// order of their names. Throws Error{Input}.
std::string fileHash(const std::string& path, const JobControl& job = {});

} // namespace pikv
