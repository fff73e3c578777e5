// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/throughbytes.h"
#include "core/codec/compressor.h"
#include "core/eval/importancetensor.h"
#include <chrono>

namespace pikv {

RoundTrip throughBytes(const KvCache& cache, const RoundTripMethod& method, const JobControl& job)
{
    using Clock = std::chrono::steady_clock;
    const auto secondsSince
        = [](Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); };
    const auto encoder = makeCompressor(method.method);
    // A second object decodes: nothing but the bytes and the spec passes from one to the other.
    const auto decoder = makeCompressor(parseSpec(printSpec(method.method)));
    encoder->validate(cache.info());
    const at::Tensor importance = importanceTensor(cache, method.importance, nullptr, job);
    const CodecContext context { job, c10::Device(deviceName(method.device)), method.seed };
    RoundTrip trip;
    auto start = Clock::now();
    const EncodedCache encoded = encoder->encode(cache, importance, context);
    trip.compressSeconds = secondsSince(start);
    trip.storedBytes = encoded.fileBytes();
    trip.sharedBytes = encoder->sharedBytes();
    trip.warnings = encoder->warnings(cache.info());
    start = Clock::now();
    trip.decoded = decoder->decode(encoded, context);
    trip.decompressSeconds = secondsSince(start);
    return trip;
}

} // namespace pikv
