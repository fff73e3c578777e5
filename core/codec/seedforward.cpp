// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/seedforward.h"
#include "core/base/error.h"
#include "core/codec/methodspec.h"
#include <sstream>

namespace pikv {
namespace {

std::string shapeText(const at::Tensor& tensor)
{
    std::ostringstream text;
    text << tensor.sizes();
    return text.str();
}

void checkShapes(const at::Tensor& keys, const at::Tensor& values, const at::Tensor& importance)
{
    for (const auto& [name, tensor] : { std::pair("keys", keys), std::pair("values", values) }) {
        if (!tensor.defined() || tensor.dim() != 3 || tensor.numel() == 0)
            throw usageError(std::string("forward takes ") + name + " [batch, seq, hidden], got "
                + (tensor.defined() ? shapeText(tensor) : "none"));
        if (!at::isFloatingType(tensor.scalar_type()))
            throw usageError(std::string("forward takes ") + name + " of a float type");
    }
    if (keys.size(0) != values.size(0) || keys.size(1) != values.size(1))
        throw usageError("keys " + shapeText(keys) + " and values " + shapeText(values) + " differ in batch or seq");
    if (importance.defined()
        && (importance.dim() != 2 || importance.size(0) != keys.size(0) || importance.size(1) != keys.size(1)))
        throw usageError("importance " + shapeText(importance) + " is not [batch, seq] of keys " + shapeText(keys));
}

std::map<std::string, double> statistics(std::uint64_t original, std::uint64_t stored)
{
    const double ratio = double(stored) / double(original);
    return { { "original_bytes", double(original) }, { "stored_bytes", double(stored) }, { "compression_ratio", ratio },
        { "compression_factor", 1 / ratio }, { "memory_reduction", 1 - ratio }, { "bits_per_element", 16 * ratio } };
}

} // namespace

ForwardResult forward(const Compressor& method, const at::Tensor& keys, const at::Tensor& values,
    const at::Tensor& importance, std::uint64_t seed, const JobControl& job)
{
    checkShapes(keys, values, importance);
    LayerKv layer;
    layer.key = keys.detach().cpu().unsqueeze(1);
    layer.value = values.detach().cpu().unsqueeze(1);
    const MemoryCache cache({}, { layer });
    method.validate(cache.info());
    const CodecContext context { job, keys.device(), seed };
    const at::Tensor weights
        = importance.defined() ? importance.detach().cpu().to(at::kFloat).contiguous() : importance;
    const EncodedCache encoded = method.encode(cache, weights, context);
    const LayerKv decoded = method.decode(encoded, context)->layer(0);
    return { decoded.key.squeeze(1).to(keys.device()), decoded.value.squeeze(1).to(values.device()),
        statistics(cache.info().referenceBytes(), encoded.fileBytes()), printParams(method.spec()) };
}

} // namespace pikv
