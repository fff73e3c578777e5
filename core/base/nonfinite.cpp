// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/nonfinite.h"

namespace pikv {
namespace {
/// `infinity`: the bits of +infinity. A larger magnitude is a NaN. One pass without branches, so that it vectorises.
template <typename Bits>
NonFiniteCount count(ByteSpan bytes, Bits infinity)
{
    constexpr Bits magnitude = static_cast<Bits>(~Bits(0)) >> 1;
    std::int64_t nan = 0, infinite = 0;
    for (std::size_t at = 0; at + sizeof(Bits) <= bytes.size(); at += sizeof(Bits)) {
        const Bits bits = loadLe<Bits>(bytes.data() + at) & magnitude;
        nan += bits > infinity;
        infinite += bits == infinity;
    }
    return { nan, infinite };
}
}

NonFiniteCount countNonFinite(ByteSpan bytes, DType dtype)
{
    switch (dtype) {
    case DType::F16:
        return count<std::uint16_t>(bytes, 0x7C00);
    case DType::BF16:
        return count<std::uint16_t>(bytes, 0x7F80);
    case DType::F32:
        return count<std::uint32_t>(bytes, 0x7F800000);
    case DType::F64:
        return count<std::uint64_t>(bytes, 0x7FF0000000000000);
    default:
        return {};
    }
}

} // namespace pikv
