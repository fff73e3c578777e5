// SPDX-License-Identifier: GPL-3.0-or-later
// For compressor authors. A new method is one file: a subclass of LayerwiseCompressor (or of Compressor), its parameter
// specs and one MethodRegistration.
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/kvcache.h"
#include "core/cache/rope.h"
#include "core/codec/container/encodedcache.h"
#include "core/codec/registry.h"
#include "core/codec/sharedcalibration.h"
#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pikv {

class EarlierRows;
class LanguageModel;
struct CacheFisher;
struct FisherRequest;
struct LayerFisher;

/// What encode and decode may use beside their input.
struct CodecContext {
    const JobControl& job;
    c10::Device device = c10::kCPU;
    std::uint64_t seed = 0;
};

/// One layer as encode sees it.
struct LayerInput {
    int index = 0; ///< in the model
    int layerCount = 1; ///< of the model
    LayerShape shape; ///< of `kv`
    RopeInfo rope;
    LayerKv kv; ///< on the context's device, in the dump's dtypes
    at::Tensor importance; ///< f32 [batch, seq] in [0, 1] on the device; undefined: none
    at::Tensor positions; ///< i64 [seq], position of every row
    at::Tensor queryPositions; ///< i64 [query_count]; undefined: no queries
    const SectionSet* shared = nullptr; ///< this layer's part of the calibration; null: none
    const LayerFisher* fisher = nullptr; ///< where gradientModel() asks for it; null: it does not, or cannot
    /// Bool [batch, seq] on the CPU, false for padding; undefined: all rows are tokens. encodeLayer() never sees one.
    at::Tensor visible = {};
    /// Where layers may be predicted from those before; null: a layer is coded without the others. `sequence`: which
    /// rows are this layer's there.
    EarlierRows* earlier = nullptr;
    std::int64_t sequence = 0;
};

/// One layer as decode sees it: the bytes and the header's description, nothing else.
struct LayerOutput {
    int index = 0;
    LayerShape shape;
    RopeInfo rope;
    at::Tensor positions; ///< i64 [seq]
    const SectionSet& sections;
    const SectionSet& global;
    const SectionSet* shared = nullptr; ///< this layer's part of the calibration; null: none
    LayerKv place {}; ///< uninitialised key and value of the layer's shape, dtypes and device: filling and returning
                      ///< them saves a copy
    at::Tensor visible = {}; ///< as in LayerInput
    EarlierRows* earlier = nullptr; ///< as in LayerInput
    std::int64_t sequence = 0;

    /// `place`, or tensors like it on the CPU: where methods that decode there write.
    LayerKv placeOnHost() const;
};

class LayerwiseCompressor;

/// A method that encodes a cache to bytes and decodes it from them. Objects hold parameters only: encode and decode
/// are const, so that nothing but the bytes passes from one to the other.
class Compressor {
public:
    explicit Compressor(MethodSpec spec)
        : m_spec(std::move(spec))
    {
    }
    virtual ~Compressor() = default;
    const MethodSpec& spec() const { return m_spec; }
    const ParamSet& params() const { return m_spec.params; }

    /// Refuses, before any work, what the method cannot do with this cache: Error{Usage} naming the parameter and its
    /// bound ("lora: rank=80 is above min(seq, head_dim) = 64"). Of a cache with padding every sequence is asked for by
    /// itself, as it is encoded.
    void accept(const CacheInfo& info) const;
    /// accept()'s work: of a cache without padding, or for methods that see the whole cache of any.
    virtual void validate(const CacheInfo& info) const;
    /// As accept(), of a cache that calibrate() is to learn from. Default: accept().
    virtual void validateLearning(const CacheInfo& info) const;
    /// Hints about accepted parameters that have no effect ("dropout is accepted and ignored: …").
    virtual std::vector<std::string> warnings(const CacheInfo& info) const;
    /// `importance` is f32 [batch, seq] on the CPU, or undefined.
    virtual EncodedCache encode(
        const KvCache& cache, const at::Tensor& importance, const CodecContext& context) const = 0;
    virtual std::shared_ptr<KvCache> decode(const EncodedCache& encoded, const CodecContext& context) const = 0;

    /// Learns a basis, codebook or student on these caches for use on others (`shared=FILE` in the spec); saved as a
    /// `.pikv-basis`. Throws Error{Usage} where the method has nothing to learn or the caches' shapes differ.
    virtual EncodedCache calibrate(const std::vector<std::shared_ptr<const KvCache>>& caches,
        const at::Tensor& importance, const CodecContext& context) const;
    /// Bytes that calibrate() takes for such a cache beside its layer at work. Default: none.
    virtual std::uint64_t learningMemory(const CacheInfo& info) const;
    /// Size of the calibration file that the parameters name; 0: none.
    virtual std::uint64_t sharedBytes() const { return 0; }

    /// Some layers say nothing about all: a preview from a few of them would be another method's.
    virtual bool needsAllLayers() const { return false; }
    /// The method's layer-by-layer side, for those who stream a cache; null where it looks across layers.
    virtual const LayerwiseCompressor* layerwise() const { return nullptr; }
    /// Whether decoded layers come with a keep-mask (LayerKv::keep). The container's header says so.
    virtual bool dropsTokens() const { return false; }

private:
    MethodSpec m_spec;
};

/// Helper for methods that treat each layer by itself: loops, streams, reports progress, polls cancellation and keeps
/// protected tokens (`sinks`, `recent`) at their own precision outside the method. Such methods are evaluated layer by
/// layer in constant memory.
class LayerwiseCompressor : public Compressor {
public:
    using Compressor::Compressor;
    /// Overriders, who look at the whole cache first, answer layerwise() with null then.
    EncodedCache encode(const KvCache& cache, const at::Tensor& importance, const CodecContext& context) const override;
    std::shared_ptr<KvCache> decode(const EncodedCache& encoded, const CodecContext& context) const final;

    EncodedCache calibrate(const std::vector<std::shared_ptr<const KvCache>>& caches, const at::Tensor& importance,
        const CodecContext& context) const final;
    std::uint64_t sharedBytes() const final;
    const LayerwiseCompressor* layerwise() const override { return this; }
    /// Refuses a calibration of another method or shape; overriders call it first.
    void validate(const CacheInfo& info) const override;
    /// Of the parameter `rope`, where the method has it; overriders begin with it.
    std::vector<std::string> warnings(const CacheInfo& info) const override;

    /// Sections for the whole cache: prepare()'s, and the calibration's fingerprint.
    SectionSet globalSections(const CacheInfo& info, const CodecContext& context) const;
    /// encodeLayer() with protection around it, and of a layer with padding once for every sequence's tokens; what
    /// encode() and the evaluator call. `global` are the globalSections().
    SectionSet encodeOne(const LayerInput& input, const SectionSet& global, const CodecContext& context) const;
    LayerKv decodeOne(const LayerOutput& output, const CodecContext& context) const;
    /// What encodeOne() finds in LayerInput::fisher, by the layers' numbers in the model: of the cache itself, where no
    /// calibration is set. Null where the method asks for nothing.
    std::shared_ptr<const CacheFisher> ownFisher(const KvCache& cache, const CodecContext& context) const;

protected:
    /// Sections for the whole cache, written before the first layer (a seed, a rotation). Default: none.
    virtual SectionSet prepare(const CacheInfo& info, const CodecContext& context) const;
    /// Learns layer `inputs.front().index` from the same layer of several caches. A method that overrides this has a
    /// parameter `shared` (sharedParam()) and reads `shared` of its layer where it is set. Default: refuses.
    virtual void calibrateLayer(
        const std::vector<LayerInput>& inputs, SectionSet& out, const CodecContext& context) const;
    enum class Learning { OfOthers, OfItself };
    /// The model whose next tokens tell calibrateLayer() (OfOthers; LayerInput::fisher, the mean over all caches) and,
    /// without a calibration, encodeLayer() (OfItself) which errors matter, opened; null: it does not ask. Default:
    /// null.
    virtual std::shared_ptr<const LanguageModel> gradientModel(
        const std::vector<std::shared_ptr<const KvCache>>& caches, Learning learning,
        const CodecContext& context) const;
    /// Of a cache, as gradientModel()'s are asked for.
    FisherRequest fisherRequest(const CacheInfo& info) const;
    /// The spec that a calibration is saved with; `withGradients`: gradientModel() gave a model. Default: the spec.
    virtual MethodSpec learnedAs(bool withGradients) const;
    virtual void encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext& context) const = 0;
    /// Key and value in any float dtype, of the shapes in `output.shape`; the caller rounds to the dump's dtypes.
    virtual LayerKv decodeLayer(const LayerOutput& output, const CodecContext& context) const = 0;

    /// encodeOne() and decodeOne() of tokens alone.
    SectionSet encodeTokens(const LayerInput& input, const CodecContext& context) const;
    LayerKv decodeTokens(const LayerOutput& output, const CodecContext& context) const;

    /// What encodeLayer() sees of a layer: its shape without the protected tokens.
    LayerShape codedShape(LayerShape shape) const;

    /// Whether the parameter `rope` (ropeParam()) asks to take the keys' rotation away first.
    bool undoesRope() const;
    /// The rotation that the keys come without: where `rope` asks for it and the dump says how they were rotated; else
    /// nothing. The table is on `device`.
    std::optional<RopeTable> keyRotation(const LayerInput& input, c10::Device device) const;
    std::optional<RopeTable> keyRotation(const LayerOutput& output, c10::Device device) const;

    /// For validate(): the spec that the calibration was learned with, or nothing where none is set. Throws
    /// Error{Usage} where it was learned with another value of one of the `sameParams`.
    std::optional<MethodSpec> calibratedSpec(std::initializer_list<const char*> sameParams) const;

private:
    /// work(); where linear algebra fails in it, Error{Input} says in which method and layer.
    void nameFailures(int layer, const std::function<void()>& work) const;
    /// The tokens that protection leaves to the method, as encodeLayer() sees them.
    LayerInput unprotected(const LayerInput& input) const;
    /// What the next tokens of gradientModel() say of every layer, over all caches; empty without one.
    std::vector<LayerFisher> meanFisher(
        const std::vector<std::shared_ptr<const KvCache>>& caches, const CodecContext& context) const;
    SharedCalibration m_shared { spec() };
};

/// The parameter `shared` of methods that can be calibrated.
ParamSpec sharedParam();
/// The parameter `rope` (undo, keep) of methods that can take the keys' rotation away; `help` says why they would.
ParamSpec ropeParam(std::string help);
/// What warnings() says where `rope` asks for what this cache does not allow.
std::vector<std::string> rotationWarnings(const CacheInfo& info);

/// Registration helper: `registerMethod<MyCodec>({ .id = …, .params = … })`. MyCodec's constructor takes a MethodSpec.
template <typename T>
MethodInfo withFactory(MethodInfo info)
{
    info.make = [id = info.id](const ParamSet& params) { return std::make_unique<T>(MethodSpec { id, params }); };
    return info;
}

} // namespace pikv
