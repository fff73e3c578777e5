// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/filesource.h"
#include "core/dumps/dumps.h"
#include "core/dumps/filecache.h"
#include "core/dumps/openencoded.h"
#include "core/formats/formatregistry.h"

namespace pikv {

CachePtr openCache(const std::string& path)
{
    auto file = std::make_unique<FileSource>(path);
    const FormatProbe probe(*file);
    const DumpFormat& format = detectFormat(probe);
    requireReadable(format, path);
    if (!format.read)
        return openEncoded(path);
    DumpLayout layout = format.read(probe);
    return std::make_shared<FileCache>(std::move(file), std::move(layout));
}

} // namespace pikv
