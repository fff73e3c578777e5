// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/model.h"
#include <filesystem>
#include <map>
#include <mutex>

namespace pikv {
namespace {

namespace fs = std::filesystem;

/// Where a model lies and when it was last changed: a file that was replaced is another model.
std::string identityOf(const std::string& path)
{
    std::error_code ignored;
    const auto changed = fs::last_write_time(path, ignored).time_since_epoch().count();
    return fs::weakly_canonical(path, ignored).string() + "@" + std::to_string(changed);
}

} // namespace

ModelPtr openSharedModel(const std::string& path, const JobControl& job)
{
    static std::mutex mutex;
    static std::map<std::string, std::weak_ptr<const LanguageModel>> open;
    const std::lock_guard lock(mutex); // two who ask at once must not both load
    std::weak_ptr<const LanguageModel>& known = open[identityOf(path)];
    if (ModelPtr model = known.lock())
        return model;
    ModelPtr model = openModel(path, job);
    known = model;
    return model;
}

} // namespace pikv
