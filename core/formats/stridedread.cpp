// SPDX-License-Identifier: GPL-3.0-or-later
// Elements of tensors gathered by strides and rows: what a view alone cannot say.
#include "core/formats/stridedread.h"
#include "core/base/float8.h"
#include "core/base/half.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace pikv {
namespace {

/// One axis of a walk over runs, in the order of the file.
struct Axis {
    std::int64_t count;
    std::uint64_t from, to; ///< bytes between neighbours, in the file and in C order
};

/// All axes but the last one that hold more than one index, the widest stride first.
std::vector<Axis> outerAxes(const StoredTensor& stored)
{
    std::vector<Axis> axes;
    std::uint64_t to = dtypeSize(stored.dtype);
    for (std::size_t i = stored.shape.size(); i-- > 0;) {
        if (i + 1 < stored.shape.size() && stored.shape[i] > 1)
            axes.push_back(
                { stored.shape[i], static_cast<std::uint64_t>(stored.strides[i]) * dtypeSize(stored.dtype), to });
        to *= static_cast<std::uint64_t>(stored.shape[i]);
    }
    std::stable_sort(axes.begin(), axes.end(), [](const Axis& a, const Axis& b) { return a.from > b.from; });
    return axes;
}

/// The bytes of a file around the place that is asked for, read on from there.
class Window {
public:
    Window(const ByteSource& file, std::uint64_t begin, std::uint64_t bytes)
        : m_file(file)
        , m_begin(begin)
        , m_end(begin + bytes)
    {
    }
    /// `bytes` at `offset` behind the begin.
    const std::byte* at(std::uint64_t offset, std::size_t bytes)
    {
        constexpr std::size_t usual = 1 << 19; // stays in the cache of one core
        const std::uint64_t place = m_begin + offset;
        if (place < m_start || place + bytes > m_start + m_bytes.size()) {
            m_bytes.resize(std::min<std::uint64_t>(std::max(bytes, usual), m_end - place));
            m_start = place;
            m_file.read(m_start, m_bytes);
        }
        return m_bytes.data() + (place - m_start);
    }

private:
    const ByteSource& m_file;
    std::uint64_t m_begin, m_end, m_start = 0;
    Bytes m_bytes;
};

} // namespace

bool gatherRuns(const ByteSource& file, const StoredTensor& stored, std::span<std::byte> out)
{
    constexpr std::size_t shortest = 32;
    const std::size_t size = dtypeSize(stored.dtype);
    if (stored.shape.empty() || stored.strides.size() != stored.shape.size() || stored.strides.back() != 1)
        return false;
    const std::size_t run = static_cast<std::size_t>(stored.shape.back()) * size;
    if (run < shortest || out.size() % run != 0)
        return false;
    const std::vector<Axis> axes = outerAxes(stored);
    std::vector<std::int64_t> index(axes.size());
    Window window(file, stored.begin, stored.bytes);
    std::uint64_t from = 0, to = 0;
    for (std::size_t runs = out.size() / run; runs-- > 0;) {
        std::memcpy(out.data() + to, window.at(from, run), run);
        for (std::size_t i = axes.size(); i-- > 0;) { // the next one, the innermost axis first
            from += axes[i].from;
            to += axes[i].to;
            if (++index[i] < axes[i].count)
                break;
            from -= axes[i].from * static_cast<std::uint64_t>(axes[i].count);
            to -= axes[i].to * static_cast<std::uint64_t>(axes[i].count);
            index[i] = 0;
        }
    }
    return true;
}

float elementToFloat(DType dtype, const std::byte* at)
{
    switch (dtype) {
    case DType::F8E4M3:
        return fromE4M3(std::to_integer<std::uint8_t>(*at));
    case DType::F8E5M2:
        return halfToFloat(static_cast<std::uint16_t>(std::to_integer<std::uint16_t>(*at) << 8));
    case DType::I8:
        return static_cast<float>(std::to_integer<std::int8_t>(*at));
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

void readAsFloats(
    const StoredTensor& stored, const std::vector<std::int64_t>& rows, const ByteSource& file, std::span<float> out)
{
    requireMemory(stored.bytes, "reading tensor " + inQuotes(stored.name) + " of " + file.name());
    Bytes raw(stored.bytes);
    file.read(stored.begin, raw);
    std::array<std::int64_t, 4> strides { 0, 0, 0, 1 };
    for (std::size_t i = 4; i-- > 0;)
        strides[i] = !stored.strides.empty() ? stored.strides[i] : i == 3 ? 1 : strides[i + 1] * stored.shape[i + 1];
    const std::size_t size = dtypeSize(stored.dtype);
    const std::int64_t count = rows.empty() ? stored.shape[2] : static_cast<std::int64_t>(rows.size());
    std::size_t next = 0;
    for (std::int64_t b = 0; b < stored.shape[0]; ++b)
        for (std::int64_t h = 0; h < stored.shape[1]; ++h)
            for (std::int64_t i = 0; i < count; ++i) {
                const std::int64_t row = rows.empty() ? i : rows[static_cast<std::size_t>(i)];
                const std::int64_t at = b * strides[0] + h * strides[1] + row * strides[2];
                for (std::int64_t d = 0; d < stored.shape[3]; ++d)
                    out[next++] = elementToFloat(
                        stored.dtype, raw.data() + static_cast<std::size_t>(at + d * strides[3]) * size);
            }
}

void takeRows(StoredTensor& tensor, std::shared_ptr<const std::vector<std::int64_t>> rows)
{
    bool run = true;
    for (std::size_t i = 1; i < rows->size(); ++i)
        run = run && (*rows)[i] == (*rows)[i - 1] + 1;
    const auto count = static_cast<std::int64_t>(rows->size());
    if (run) {
        if (count < tensor.shape.at(2))
            tensor.narrow(2, rows->front(), count);
        return;
    }
    tensor.decode = [stored = tensor, rows = std::move(rows)](
                        const ByteSource& file, std::span<float> out) { readAsFloats(stored, *rows, file, out); };
    tensor.dtype = DType::F32;
    tensor.shape[2] = count;
}

} // namespace pikv
