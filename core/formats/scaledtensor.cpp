// SPDX-License-Identifier: GPL-3.0-or-later
// Stored numbers times a factor: FP8 caches (E4M3 without infinities, E5M2), whose factors lie beside them.
#include "core/base/half.h"
#include "core/base/text.h"
#include "core/formats/layercheck.h"
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace pikv {
namespace {

/// OCP FP8 (arXiv:2209.05433): E4M3 has no infinity, its all-ones pattern is NaN; E5M2 is a cut binary16.
float fromE4M3(std::uint8_t code)
{
    const int exponent = code >> 3 & 15, mantissa = code & 7;
    const float magnitude = (code & 0x7F) == 0x7F ? std::numeric_limits<float>::quiet_NaN()
        : exponent == 0                           ? std::ldexp(float(mantissa), -9)
                                                  : std::ldexp(float(8 + mantissa), exponent - 10);
    return code & 0x80 ? -magnitude : magnitude;
}

float toFloat(DType dtype, const std::byte* at)
{
    switch (dtype) {
    case DType::F8E4M3:
        return fromE4M3(std::to_integer<std::uint8_t>(*at));
    case DType::F8E5M2:
        return halfToFloat(static_cast<std::uint16_t>(std::to_integer<std::uint16_t>(*at) << 8));
    case DType::F16:
        return halfToFloat(loadLe<std::uint16_t>(at));
    case DType::BF16:
        return std::bit_cast<float>(static_cast<std::uint32_t>(loadLe<std::uint16_t>(at)) << 16);
    case DType::F64:
        return static_cast<float>(std::bit_cast<double>(loadLe<std::uint64_t>(at)));
    default:
        return std::bit_cast<float>(loadLe<std::uint32_t>(at));
    }
}

bool isScalable(DType dtype) { return dtype == DType::F8E4M3 || dtype == DType::F8E5M2 || isCacheDtype(dtype); }

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
        factors.push_back(toFloat(scale.dtype, raw.data() + static_cast<std::size_t>(i) * dtypeSize(scale.dtype)));
        if (!std::isfinite(factors.back()))
            throw inputError(file.name() + ": tensor " + inQuotes(scale.name) + " holds a factor that is not finite.");
    }
    return factors;
}

/// Elements of `stored` [batch, kv_heads, seq, dim] in C order, whatever their order on disk, times their head's
/// factor.
void decodeScaled(
    const StoredTensor& stored, const std::vector<float>& factors, const ByteSource& file, std::span<float> out)
{
    Bytes raw(stored.bytes);
    file.read(stored.begin, raw);
    std::array<std::int64_t, 4> strides { 0, 0, 0, 1 };
    for (std::size_t i = 4; i-- > 0;)
        strides[i] = !stored.strides.empty() ? stored.strides[i] : i == 3 ? 1 : strides[i + 1] * stored.shape[i + 1];
    const std::size_t size = dtypeSize(stored.dtype);
    std::size_t next = 0;
    for (std::int64_t b = 0; b < stored.shape[0]; ++b)
        for (std::int64_t h = 0; h < stored.shape[1]; ++h) {
            const float factor = factors[factors.size() > 1 ? static_cast<std::size_t>(h) : 0];
            for (std::int64_t s = 0; s < stored.shape[2]; ++s)
                for (std::int64_t d = 0; d < stored.shape[3]; ++d) {
                    const std::int64_t at = b * strides[0] + h * strides[1] + s * strides[2] + d * strides[3];
                    out[next++] = factor * toFloat(stored.dtype, raw.data() + static_cast<std::size_t>(at) * size);
                }
        }
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
