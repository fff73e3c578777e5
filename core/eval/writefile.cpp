// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/atomicfile.h"
#include "core/eval/resultsio.h"

namespace pikv {

void writeFileAtomic(const std::string& path, std::string_view content)
{
    AtomicFile file(path, content.size());
    file.append(asBytes(content.data(), content.size()));
    file.commit();
}

} // namespace pikv
