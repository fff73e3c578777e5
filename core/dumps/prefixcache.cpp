// SPDX-License-Identifier: GPL-3.0-or-later
// The first tokens of a cache as a cache of their own.
#include "core/dumps/prefixcache.h"
#include "core/base/error.h"
#include "core/cache/cacheview.h"
#include <algorithm>

namespace pikv {
namespace {

class PrefixCache final : public CacheView {
public:
    PrefixCache(std::shared_ptr<const KvCache> cache, std::int64_t rows)
        : CacheView(std::move(cache))
        , m_rows(rows)
    {
        for (LayerShape& shape : m_info.layers) {
            shape.seq = rows;
            shape.queryHeads = shape.queryCount = 0;
        }
        m_info.queryPositions.clear();
        m_info.text.clear();
        const auto count = static_cast<std::size_t>(rows);
        if (m_info.positions.size() > count)
            m_info.positions.resize(count);
        if (m_info.batch() == 1 && m_info.tokenIds.size() > count)
            m_info.tokenIds.resize(count);
        if (m_info.hasPadding()) {
            const auto whole = static_cast<std::size_t>(inner().info().seq());
            for (std::size_t b = 0; b < static_cast<std::size_t>(m_info.batch()); ++b)
                std::copy_n(inner().info().visible.begin() + std::ptrdiff_t(b * whole), count,
                    m_info.visible.begin() + std::ptrdiff_t(b * count));
            m_info.visible.resize(static_cast<std::size_t>(m_info.batch()) * count);
            dropFullMask(m_info);
        }
    }
    LayerKv layer(int index) const override
    {
        const LayerKv whole = CacheView::layer(index);
        const auto cut = [&](const at::Tensor& x) { return x.defined() ? x.narrow(2, 0, m_rows).contiguous() : x; };
        return { cut(whole.key), cut(whole.value), {}, cut(whole.keep) };
    }
    at::Tensor storedImportance() const override { return firstColumns(CacheView::storedImportance()); }

private:
    at::Tensor firstColumns(const at::Tensor& x) const { return x.defined() ? x.narrow(1, 0, m_rows).contiguous() : x; }
    std::int64_t m_rows;
};

} // namespace

std::shared_ptr<const KvCache> firstRows(std::shared_ptr<const KvCache> cache, std::int64_t rows)
{
    bool whole = true;
    for (const LayerShape& shape : cache->info().layers) {
        if (rows < 1 || rows > shape.seq)
            throw usageError("The first " + std::to_string(rows) + " tokens were asked for; a layer holds "
                + std::to_string(shape.seq));
        if (shape.firstToken > 0)
            throw usageError("The first " + std::to_string(rows) + " tokens were asked for; a layer holds the last "
                + std::to_string(shape.seq) + " alone (a sliding window)");
        whole = whole && shape.seq == rows;
    }
    return whole ? cache : std::make_shared<const PrefixCache>(std::move(cache), rows);
}

} // namespace pikv
