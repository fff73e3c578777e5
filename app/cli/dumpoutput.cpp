// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/dumpoutput.h"
#include "app/cli/invocation.h"
#include "app/cli/output.h"
#include "core/base/text.h"
#include "core/dumps/dumps.h"
#include "core/formats/formatregistry.h"
#include <filesystem>

namespace pikv::cli {

void saveDump(const KvCache& cache, const std::string& path, const std::string& activity, Invocation& invocation)
{
    checkOutputs({ { "--output", path } });
    if (const std::string loss = leftOutOnSaving(cacheInfo(cache), path); !loss.empty())
        invocation.warn(loss);
    saveCache(cache, path, invocation.job(activity));
    invocation.clearProgress();
}

void writeDump(const KvCache& cache, const std::string& path, const std::string& activity, Invocation& invocation)
{
    saveDump(cache, path, activity, invocation);
    writeOutput(path + ": " + writtenFormat(path).label + ", " + bytesText(std::filesystem::file_size(path)) + ", "
        + cacheInfo(cache).shapeText() + "\n");
}

} // namespace pikv::cli
