// SPDX-License-Identifier: GPL-3.0-or-later
// Decodes a layer: side information, then each head's tokens in order, each predicted from the one before.
#include "core/base/error.h"
#include "core/codec/methods/fastvideo/stepclasses.h"
#include "core/codec/methods/fastvideo/videohead.h"
#include "core/codec/methods/fastvideo/videolayer.h"
#include "core/codec/methods/fastvideo/videostream.h"
#include "core/codec/parts/planes.h"
#include <algorithm>

namespace pikv {
namespace {

constexpr std::size_t chunkRows = 256; ///< rows transformed at once: they stay in the cache

void decodeHead(const VideoModel& model, const KeyframeRule& rule, const std::vector<std::uint8_t>& classes,
    ByteSpan codes, const HeadRows& target, const JobControl& job)
{
    const HeadTransform back(model.basis, HeadTransform::Direction::Back);
    const ResidualQuantiser quantiser = model.quantiser();
    const std::size_t dim = model.dim(), seq = static_cast<std::size_t>(target.seq()),
                      rows = static_cast<std::size_t>(target.batch()) * seq;
    const std::size_t most = std::min(VideoStream::blockRows, rows);
    VideoStream stream(model, rule, target.seq());
    std::vector<std::uint8_t> isKey(most);
    std::vector<std::int16_t> levels(most * dim);
    std::vector<float> values(chunkRows * dim), decoded(chunkRows * dim), state(dim), steps(chunkRows);
    std::size_t at = 0;
    // Pieces end with a block and with a batch item, whose first token is a keyframe.
    for (std::size_t row = 0, count = 0; row < rows; row += count) {
        const std::size_t inBlock = row % VideoStream::blockRows, left = std::min(most, rows - row + inBlock);
        const std::span<const std::uint8_t> all = classes;
        if (inBlock == 0) {
            job.checkpoint();
            stream.decode(codes, at, all.empty() ? all : all.subspan(row, left), { isKey.data(), left }, levels.data());
        }
        count = std::min({ chunkRows, left - inBlock, seq - row % seq });
        for (std::size_t t = 0; t < count; ++t)
            steps[t] = model.step * stepFactor(all.empty() ? 0 : all[row + t]);
        rebuildResiduals(quantiser, { count, steps.data(), isKey.data() + inBlock }, levels.data() + inBlock * dim,
            state.data(), values.data());
        back.apply(values.data(), static_cast<std::int64_t>(count), decoded.data());
        target.store(static_cast<std::int64_t>(row / seq), static_cast<std::int64_t>(row % seq),
            static_cast<std::int64_t>(count), decoded.data());
    }
    if (at != codes.size())
        throw inputError("the section 'codes' does not end where it should");
}

/// A head's model and its part of the section 'codes'.
struct CodedHead {
    VideoModel model;
    ByteSpan codes;
};

std::vector<CodedHead> readHeads(const LayerShape& s, const VideoSettings& settings, ByteSpan side, ByteSpan codes)
{
    std::vector<CodedHead> heads;
    std::size_t at = 0, begin = 0;
    for (std::int64_t i = 0; i < 2 * s.kvHeads; ++i) {
        const VideoPlace place(i);
        VideoModel model
            = VideoModel::read(side, at, place.isKey ? s.keyDim : s.valueDim, settings.calibratedOf(place));
        if (side.size() - at < 4)
            throw inputError("the section 'side' ends too early");
        const auto size = loadLe<std::uint32_t>(side.data() + at);
        at += 4;
        if (size > codes.size() - begin)
            throw inputError("the section 'codes' ends too early");
        heads.push_back({ std::move(model), codes.subspan(begin, size) });
        begin += size;
    }
    if (at != side.size() || begin != codes.size())
        throw inputError("the sections 'side' and 'codes' do not fit the cache's shape");
    return heads;
}

} // namespace

LayerKv decodeVideo(const LayerOutput& output, const VideoSettings& settings, const std::optional<RopeTable>& rope,
    const JobControl& job)
{
    const LayerShape& s = output.shape;
    std::vector<std::uint8_t> classes;
    if (output.sections.has("classes"))
        classes = unpackClasses(output.sections.get("classes"), static_cast<std::size_t>(s.batch * s.seq));
    const std::vector<CodedHead> heads
        = readHeads(s, settings, output.sections.get("side"), output.sections.get("codes"));
    const LayerKv kv = output.placeOnHost();
    forEachPlane(c10::kCPU, 2 * s.kvHeads, job, [&](std::int64_t i) {
        const VideoPlace place(i);
        const HeadRows target(place.isKey ? kv.key : kv.value, place.head, place.isKey && rope ? &*rope : nullptr);
        const CodedHead& head = heads[static_cast<std::size_t>(i)];
        decodeHead(head.model, settings.rule, classes, head.codes, target, job);
    });
    return kv;
}

} // namespace pikv
