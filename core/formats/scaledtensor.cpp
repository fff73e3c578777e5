// SPDX-License-Identifier: GPL-3.0-or-later
// Stored numbers times a factor: FP8 caches (E4M3 without infinities, E5M2) and INT8 ones, whose factors lie beside
// them.
#include "core/base/text.h"
#include "core/formats/layercheck.h"
#include "core/formats/stridedread.h"
#include <cmath>

namespace pikv {
namespace {

bool isScalable(DType dtype)
{
    return dtype == DType::F8E4M3 || dtype == DType::F8E5M2 || dtype == DType::I8 || isCacheDtype(dtype);
}

std::vector<float> factorsOf(const ByteSource& file, const StoredTensor& scale, const StoredTensor& tensor)
{
    const std::int64_t heads = tensor.shape.size() == 4 ? tensor.shape[1] : 0, count = scale.count();
    if (!isCacheDtype(scale.dtype) || (count != 1 && count != heads))
        throw inputError(file.name() + ": tensor " + inQuotes(scale.name) + " " + shapeText(scale.shape) + " "
            + std::string(dtypeName(scale.dtype)) + " is no factor of " + inQuotes(tensor.name)
            + ": one floating-point number is expected, or one a KV head; multiply by it before saving.");
    const Bytes raw = readElements(file, scale);
    std::vector<float> factors;
    for (std::int64_t i = 0; i < count; ++i) {
        factors.push_back(
            elementToFloat(scale.dtype, raw.data() + static_cast<std::size_t>(i) * dtypeSize(scale.dtype)));
        if (!std::isfinite(factors.back()))
            throw inputError(file.name() + ": tensor " + inQuotes(scale.name) + " holds a factor that is not finite.");
    }
    return factors;
}

/// Elements of `stored` [batch, kv_heads, seq, dim] in C order, times their head's factor.
void decodeScaled(
    const StoredTensor& stored, const std::vector<float>& factors, const ByteSource& file, std::span<float> out)
{
    readAsFloats(stored, {}, file, out);
    const auto heads = static_cast<std::size_t>(stored.shape[1]);
    const std::size_t plane = static_cast<std::size_t>(stored.shape[2]) * static_cast<std::size_t>(stored.shape[3]);
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] *= factors[factors.size() > 1 ? i / plane % heads : 0];
}

/// Whether a factor was applied.
bool scale(StoredTensor& tensor, const StoredTensor* factor, const ByteSource& file, const DumpLayout& layout)
{
    const bool isFloat8 = tensor.dtype == DType::F8E4M3 || tensor.dtype == DType::F8E5M2;
    if ((!factor && !isFloat8) || !isScalable(tensor.dtype) || tensor.shape.size() != 4 || tensor.elements() == 0)
        return false;
    const std::vector<float> factors
        = factor ? factorsOf(layout.fileOf(*factor, file), *factor, tensor) : std::vector { 1.0f };
    const StoredTensor stored = tensor;
    tensor.decode = [stored, factors](
                        const ByteSource& source, std::span<float> out) { decodeScaled(stored, factors, source, out); };
    tensor.dtype = DType::F32;
    return true;
}

} // namespace

void applyScales(std::map<std::uint64_t, FoundLayer>& found, const ByteSource& file, DumpLayout& layout)
{
    std::string name, alone;
    for (auto& [index, layer] : found)
        for (const auto& [tensor, factor] :
            { std::pair { &layer.key, &layer.keyScale }, std::pair { &layer.value, &layer.valueScale } }) {
            if (!*tensor || !scale(**tensor, *factor ? &**factor : nullptr, file, layout))
                continue;
            if (*factor)
                name = (*factor)->name;
            else
                alone = (*tensor)->name;
        }
    if (!name.empty())
        layout.info.notes.push_back("keys and values are the stored numbers times their factors (" + name + ", …)");
    if (!alone.empty())
        layout.info.notes.push_back(
            "no factor is stored for the FP8 numbers of " + alone + " and its like: taken as 1");
}

} // namespace pikv
