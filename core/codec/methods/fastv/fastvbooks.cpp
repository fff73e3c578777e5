// SPDX-License-Identifier: GPL-3.0-or-later
// The codebooks of a layer: learned from a sample of its tokens, or read from a shared calibration.
#include "core/codec/methods/fastv/fastvbooks.h"
#include "core/base/error.h"
#include "core/codec/parts/factorplane.h"
#include "core/codec/parts/lowrankfit.h"
#include "core/codec/parts/planes.h"
#include <ATen/ops/empty.h>
#include <algorithm>

namespace pikv {
namespace {

struct Sample {
    at::Tensor rows, weights;
};

/// n rows, evenly spaced over the `total` of these streams.
Sample sampleOf(
    const std::vector<HeadStream>& heads, std::size_t total, std::size_t n, const float* weights, const JobControl& job)
{
    const std::size_t dim = heads.front().dim();
    Sample sample { at::empty({ static_cast<std::int64_t>(n), static_cast<std::int64_t>(dim) }, at::kFloat), {} };
    if (weights)
        sample.weights = at::empty({ static_cast<std::int64_t>(n) }, at::kFloat);
    std::size_t head = 0, before = 0;
    for (std::size_t i = 0; i < n; ++i) {
        if (i % 4096 == 0)
            job.checkpoint();
        const std::size_t row = i * total / n;
        while (row - before >= heads[head].count())
            before += heads[head++].count();
        heads[head].load(row - before, 1, sample.rows.data_ptr<float>() + i * dim);
        if (weights)
            sample.weights.data_ptr<float>()[i] = weights[row];
    }
    return sample;
}

} // namespace

LayerStreams::LayerStreams(const LayerInput& input, bool undo)
    : m_key(rowTensor(input.kv.key))
    , m_value(rowTensor(input.kv.value))
    , m_weights(rowWeights(input.importance, 16))
    , m_rope(keyRotation(undo, input.rope, input.positions.cpu(), input.shape.keyDim))
{
    if (m_weights.defined())
        m_weights = m_weights.cpu().contiguous();
}

HeadStream LayerStreams::head(std::int64_t index) const
{
    const std::int64_t heads = m_key.size(1);
    return index < heads ? HeadStream(m_key, index, m_rope ? &*m_rope : nullptr)
                         : HeadStream(m_value, index - heads, nullptr);
}

std::vector<FastVBook> learnBooks(const std::vector<LayerStreams>& streams, const FastVShapes& shapes,
    FastVTraining training, std::size_t most, const CounterRng& random, const JobControl& job)
{
    std::vector<std::optional<FastVBook>> books(static_cast<std::size_t>(2 * shapes.heads));
    forEachPlane(c10::kCPU, 2 * shapes.heads, job, [&](std::int64_t p) {
        std::size_t total = 0;
        std::vector<HeadStream> rows;
        for (const LayerStreams& stream : streams)
            total += rows.emplace_back(stream.head(p)).count();
        const Sample sample = sampleOf(
            rows, total, std::min(total, most), streams.size() == 1 ? streams.front().weightData() : nullptr, job);
        FastVTraining own = training;
        own.tokens = total;
        const auto at = static_cast<std::size_t>(p);
        books[at] = learnBook(sample.rows, sample.weights, shapes.of(p), own, CounterRng(random.bits(at)), job);
    });
    std::vector<FastVBook> out;
    for (std::optional<FastVBook>& book : books)
        out.push_back(std::move(*book));
    return out;
}

void writeBooks(const std::vector<FastVBook>& books, SectionSet& out)
{
    const std::size_t heads = books.size() / 2;
    for (const bool keys : { true, false }) {
        Bytes bytes;
        for (std::size_t h = 0; h < heads; ++h)
            books[keys ? h : heads + h].write(bytes);
        out.add(keys ? "k.codebooks" : "v.codebooks", std::move(bytes));
    }
}

std::vector<FastVBook> readBooks(const SectionSet& sections, const FastVShapes& shapes)
{
    std::vector<FastVBook> books;
    for (const bool keys : { true, false }) {
        const ByteSpan bytes = sections.get(keys ? "k.codebooks" : "v.codebooks");
        std::size_t at = 0;
        for (std::int64_t h = 0; h < shapes.heads; ++h)
            books.push_back(FastVBook::read(bytes, at, keys ? shapes.key : shapes.value));
        if (at != bytes.size())
            throw inputError("a section with codebooks is longer than its codebooks");
    }
    return books;
}

} // namespace pikv
