// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/calibrate.h"
#include "core/codec/compressor.h"
#include "core/eval/cleanlayers.h"
#include "core/eval/importancetensor.h"
#include <ATen/core/grad_mode.h>

namespace pikv {

bool canCalibrate(const std::string& methodId)
{
    const MethodInfo* method = Registry::instance().find(methodId);
    return method && ParamSet(method->params).has("shared");
}

std::string calibratableMethods()
{
    std::string names;
    for (const MethodInfo& method : Registry::instance().methods())
        if (canCalibrate(method.id))
            names += (names.empty() ? "" : ", ") + method.id;
    return names;
}

void checkCalibratable(const MethodSpec& method)
{
    if (!canCalibrate(method.id))
        throw usageError(method.id + " has nothing to calibrate; these have: " + calibratableMethods());
    if (!method.params.text("shared").empty())
        throw usageError(method.id + ": shared names a finished calibration; leave it out to learn a new one");
}

std::uint64_t calibrateFile(const CalibrationRequest& request, const std::string& path, const JobControl& job)
{
    const at::NoGradGuard noGrad;
    checkCalibratable(request.method);
    const auto compressor = makeCompressor(request.method);
    std::vector<std::shared_ptr<const KvCache>> caches;
    for (const CachePtr& cache : request.caches) {
        compressor->validateLearning(cache->info());
        caches.push_back(withCleanLayers(cache, false));
    }
    at::Tensor importance;
    if (request.caches.size() == 1)
        importance = importanceTensor(*request.caches.front(), { request.caches.front(), request.importance }, job);
    const CodecContext context { job, c10::Device(deviceName(request.device)), request.seed };
    const EncodedCache basis = compressor->calibrate(caches, importance, context);
    job.checkpoint();
    basis.save(path);
    return basis.fileBytes();
}

} // namespace pikv
