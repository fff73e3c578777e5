// SPDX-License-Identifier: GPL-3.0-or-later
// Opens, saves and checks dumps; torch-free, for the window and the command line.
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/cachehandle.h"
#include "core/cache/cacheinfo.h"
#include "core/formats/tensorlisting.h"
#include <string>
#include <vector>

namespace pikv {

/// Opens a dump: a file in any format that the readers know, a folder with one file a layer (vLLM), or a `.pikv`
/// container, decoded on demand. Reads the header only, except of a dump that gzip or zstd compressed, which is
/// unpacked into a temporary file: `job` is asked and told meanwhile. `told` says how it is read, and what the file
/// does not say (core/formats/told.h). Throws Error{Input} with what is wrong and where, Error{Usage} for what cannot
/// be told, Error{Resource} where there is no room to unpack.
CachePtr openCache(const std::string& path, const Told& told = {}, const JobControl& job = {});
/// The tensors of a file that a mapping can be made for; their elements cannot be read from it. Throws Error{Input}
/// where there is no such list.
TensorListing listTensors(const std::string& path, const JobControl& job = {});
/// The file that stands for a dump: itself, or of a folder one of its files. Throws Error{Input}.
std::string dumpFile(const std::string& path);
/// Writes a dump, whole or not at all, in the format that the path's suffix asks for (writtenFormat()): the native one,
/// which alone keeps queries and keep-masks, unless another claims it.
void saveCache(const KvCache& cache, const std::string& path, const JobControl& job = {});
/// What the format of that path has no place for, as a sentence; "" where it keeps everything.
std::string leftOutOnSaving(const CacheInfo& info, const std::string& path);

/// NaN and infinity in the key and value tensors.
struct NonFiniteReport {
    std::int64_t nan = 0, infinite = 0;
    std::vector<std::string> where; ///< the first few places: "layer 3 key: 2 NaN, 1 infinite"
    bool clean() const { return nan == 0 && infinite == 0; }
};
NonFiniteReport scanNonFinite(const KvCache& cache, const JobControl& job = {});

} // namespace pikv
