// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/study/report.h"
#include "core/eval/resultsio.h"
#include "core/study/proxyrows.h"
#include "core/study/tradeoffreport.h"

namespace pikv {

std::vector<std::string> writeReport(const SweepFolder& folder, const CachePtr& cache, const StudySettings& settings,
    bool proxies, const JobControl& job)
{
    std::vector<std::string> written { "analysis.md" };
    std::string analysis = tradeoffReport(cacheInfo(*cache), folder.results());
    const std::string obstacle = proxies ? proxyObstacle(cacheInfo(*cache)) : std::string();
    if (!obstacle.empty())
        analysis += "\n## Next tokens, by proxy\n\nNo model was given (`--model`), and the stand-in cannot be had: "
            + obstacle + ".\n";
    else if (proxies) {
        const auto rows = proxyRows(cache, settings, folder.results(), job);
        analysis += proxySection(rows);
        writeFileAtomic(folder.file("proxy.csv"), proxyCsv(rows));
        written.emplace_back("proxy.csv");
    }
    writeFileAtomic(folder.file("analysis.md"), analysis);
    return written;
}

} // namespace pikv
