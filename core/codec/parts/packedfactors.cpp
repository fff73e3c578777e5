// SPDX-License-Identifier: GPL-3.0-or-later
// The factors of a low-rank description at widths that an allocation chose, one component after the other.
#include "core/codec/parts/packedfactors.h"
#include "core/base/error.h"
#include "core/codec/parts/bitallocation.h"
#include "core/codec/parts/coefficientcoder.h"
#include "core/kernels/bitpack.h"
#include <ATen/ops/empty.h>
#include <algorithm>
#include <string>

namespace pikv {
namespace {

constexpr unsigned halfCode = 9; ///< stands for 16 bits in a width's four bits

unsigned packWidth(int width) { return width == halfBits ? halfCode : static_cast<unsigned>(width); }

int unpackWidth(unsigned code)
{
    if (code > halfCode)
        throw inputError("a component's width is damaged");
    return code == halfCode ? halfBits : static_cast<int>(code);
}

/// `mean` bits a value on average; `counts` values a component, empty: one each.
std::vector<int> spreadBits(
    const std::vector<double>& variances, std::int64_t mean, const std::vector<std::int64_t>& counts = {})
{
    if (mean >= halfBits)
        return std::vector<int>(variances.size(), halfBits);
    std::vector<BitUnit> units;
    std::int64_t budget = 0;
    for (std::size_t i = 0; i < variances.size(); ++i) {
        const std::int64_t count = counts.empty() ? 1 : counts[i];
        units.push_back({ variances[i], 1, count, 0, -1 });
        budget += mean * count;
    }
    return allocateBits(units, {}, budget);
}

} // namespace

FactorWidths FactorWidths::spreadCodes(
    const std::vector<double>& variances, std::int64_t codeBits, const std::vector<std::int64_t>& counts)
{
    FactorWidths widths { spreadBits(variances, codeBits, counts), std::vector<int>(variances.size(), 0) };
    for (std::size_t i = 0; i < widths.rank(); ++i)
        if (!(variances[i] > 0)) // half precision is given to all alike
            widths.code[i] = 0;
    return widths;
}

FactorWidths FactorWidths::spreadBasis(const std::vector<double>& variances, std::int64_t basisBits)
{
    return { std::vector<int>(variances.size(), 0), spreadBits(variances, basisBits) };
}

FactorWidths FactorWidths::spread(const std::vector<double>& variances, std::int64_t codeBits, std::int64_t basisBits,
    const std::vector<std::int64_t>& counts)
{
    FactorWidths widths { spreadBits(variances, codeBits, counts), spreadBits(variances, basisBits) };
    for (std::size_t i = 0; i < widths.rank(); ++i)
        if (widths.code[i] == 0 || widths.basis[i] == 0)
            widths.code[i] = widths.basis[i] = 0;
    return widths;
}

void writeWidths(const FactorWidths& widths, Bytes& out)
{
    for (std::size_t i = 0; i < widths.rank(); ++i)
        out.push_back(static_cast<std::byte>(packWidth(widths.code[i]) | packWidth(widths.basis[i]) << 4));
}

FactorWidths readWidths(ByteSpan bytes, std::size_t& at, std::int64_t rank)
{
    if (at > bytes.size() || static_cast<std::size_t>(rank) > bytes.size() - at)
        throw inputError("the section with the components' widths ends too early");
    FactorWidths widths;
    for (std::int64_t i = 0; i < rank; ++i, ++at) {
        const auto packed = std::to_integer<unsigned>(bytes[at]);
        widths.code.push_back(unpackWidth(packed & 15));
        widths.basis.push_back(unpackWidth(packed >> 4));
    }
    return widths;
}

void writeRows(const at::Tensor& rows, const std::vector<int>& widths, Bytes& out)
{
    const at::Tensor host = rows.cpu().contiguous();
    const std::int64_t n = host.size(1);
    for (std::size_t i = 0; i < widths.size(); ++i)
        if (widths[i] > 0)
            encodeCoefficients(host.data_ptr<float>() + static_cast<std::int64_t>(i) * n, n, widths[i], out);
}

std::size_t rowsBytes(const std::vector<int>& widths, std::int64_t n)
{
    std::size_t size = 0;
    for (int width : widths)
        if (width > 0)
            size += static_cast<std::size_t>(coefficientSideBits(width)) / 8
                + packedBytes(static_cast<std::size_t>(n), width);
    return size;
}

at::Tensor readRows(ByteSpan bytes, std::size_t& at, const std::vector<int>& widths, std::int64_t n)
{
    if (at > bytes.size() || rowsBytes(widths, n) > bytes.size() - at)
        throw inputError("a section with coefficients ends too early");
    const at::Tensor rows = at::empty({ static_cast<std::int64_t>(widths.size()), n }, at::kFloat);
    for (std::size_t i = 0; i < widths.size(); ++i) {
        float* row = rows.data_ptr<float>() + static_cast<std::int64_t>(i) * n;
        if (widths[i] > 0)
            decodeCoefficients(bytes, at, widths[i], row, n);
        else
            std::fill_n(row, n, 0.0f);
    }
    return rows;
}

at::Tensor roundedRows(const at::Tensor& rows, const std::vector<int>& widths, Bytes& out)
{
    std::size_t at = out.size();
    writeRows(rows, widths, out);
    return readRows(out, at, widths, rows.size(1));
}

void writeHalves(const at::Tensor& values, Bytes& out)
{
    encodeCoefficients(values.cpu().contiguous().data_ptr<float>(), values.numel(), halfBits, out);
}

at::Tensor readHalves(ByteSpan bytes, std::size_t& at, std::int64_t n)
{
    return readRows(bytes, at, { halfBits }, n).squeeze(0);
}

} // namespace pikv
