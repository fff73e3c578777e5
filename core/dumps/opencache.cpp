// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/filesource.h"
#include "core/dumps/dumps.h"
#include "core/dumps/filecache.h"
#include "core/dumps/openencoded.h"
#include "core/formats/detect.h"

namespace pikv {

CachePtr openCache(const std::string& path)
{
    auto file = std::make_unique<FileSource>(path);
    refuseForeignFile(*file);
    const SafetensorsHeader header = readSafetensors(*file);
    if (isEncodedContainer(header))
        return openEncoded(path);
    DumpLayout layout = readSafetensorsDump(*file, header);
    return std::make_shared<FileCache>(std::move(file), std::move(layout));
}

} // namespace pikv
