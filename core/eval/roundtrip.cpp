// SPDX-License-Identifier: GPL-3.0-or-later
// Two compressors of one spec, and the clocks that run while each of them works.
#include "core/eval/roundtrip.h"
#include "core/codec/container/companions.h"
#include "core/codec/layerview.h"
#include "core/model/fisherinformation.h"
#include <chrono>

namespace pikv {
namespace {

/// Adds the time that it lives to a sum.
class Timed {
public:
    explicit Timed(double& seconds)
        : m_seconds(seconds)
    {
    }
    ~Timed() { m_seconds += std::chrono::duration<double>(Clock::now() - m_start).count(); }
    Timed(const Timed&) = delete;
    Timed& operator=(const Timed&) = delete;

private:
    using Clock = std::chrono::steady_clock;
    double& m_seconds;
    Clock::time_point m_start = Clock::now();
};

/// Reading one element waits for a CUDA stream; on the CPU there is nothing to wait for.
void waitFor(const LayerKv& kv)
{
    if (!kv.key.is_cpu() && kv.key.numel() > 0)
        (void)kv.key.view({ -1 })[0].cpu();
}

} // namespace

RoundTrip::RoundTrip(const MethodSpec& method, const CodecContext& context)
    : m_encoder(makeCompressor(method))
    // A second object decodes: nothing but the bytes and the spec passes from one to the other.
    , m_decoder(makeCompressor(parseSpec(printSpec(method))))
    , m_layerEncoder(m_encoder->layerwise())
    , m_layerDecoder(m_decoder->layerwise())
    , m_context(context)
{
}

/// Its time counts each time, though the answer may be at hand from the last setting.
void RoundTrip::askModel(const KvCache& whole)
{
    if (m_layerEncoder)
        m_fisher = m_layerEncoder->ownFisher(whole, m_context);
    if (m_fisher)
        m_compressSeconds += m_fisher->seconds;
}

void RoundTrip::begin(const KvCache& cache, const KvCache& whole)
{
    const CacheInfo& info = cache.info();
    askModel(whole);
    m_header = encodedHeader(info, printSpec(m_encoder->spec()), m_context.seed);
    m_header.hasKeep = m_encoder->dropsTokens();
    {
        const Timed timed(m_compressSeconds);
        m_global = m_layerEncoder->globalSections(info, m_context);
    }
    addCompanions(info, m_global); // not the method's work, so not its time
    m_sizes.setGlobal(m_global);
}

LayerKv RoundTrip::layer(int index, const LayerInput& loaded)
{
    LayerInput input = loaded;
    if (m_fisher)
        input.fisher = &m_fisher->layers.at(static_cast<std::size_t>(input.index));
    SectionSet sections;
    {
        const Timed timed(m_compressSeconds);
        sections = m_layerEncoder->encodeOne(input, m_global, m_context);
    }
    m_sizes.addLayer(sections);
    m_context.job.checkpoint();
    const Timed timed(m_decompressSeconds);
    LayerKv decoded = m_layerDecoder->decodeOne(
        layerOutput(m_header, index, input.index, sections, m_global, m_context.device), m_context);
    waitFor(decoded);
    return decoded;
}

std::shared_ptr<const KvCache> RoundTrip::whole(const KvCache& cache, const at::Tensor& importance)
{
    askModel(cache);
    EncodedCache encoded;
    {
        const Timed timed(m_compressSeconds);
        encoded = m_encoder->encode(cache, importance, m_context);
    }
    m_sizes = encoded.sizes();
    m_header = encoded.header;
    // The header's spec: a method that finds a setting for a target decodes with what it found.
    const auto decoder = makeCompressor(parseSpec(m_header.spec));
    const Timed timed(m_decompressSeconds);
    return decoder->decode(encoded, m_context);
}

std::vector<std::pair<std::string, std::uint64_t>> RoundTrip::breakdown(double scale) const
{
    auto sections = m_sizes.layerBreakdown();
    for (auto& [name, bytes] : sections)
        bytes = static_cast<std::uint64_t>(double(bytes) * scale);
    sections.insert(sections.end(), m_sizes.global().begin(), m_sizes.global().end());
    sections.emplace_back("header", fileBytes() - m_sizes.payloadBytes());
    return sections;
}

} // namespace pikv
