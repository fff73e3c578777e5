// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/dumps/prefixcache.h"
#include "core/base/error.h"
#include "core/cache/cacheview.h"

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
    }
    LayerKv layer(int index) const override
    {
        const LayerKv whole = CacheView::layer(index);
        const auto cut = [&](const at::Tensor& x) { return x.defined() ? x.narrow(2, 0, m_rows).contiguous() : x; };
        return { cut(whole.key), cut(whole.value), {}, cut(whole.keep) };
    }
    at::Tensor storedImportance() const override { return firstColumns(CacheView::storedImportance()); }
    at::Tensor attentionMask() const override { return firstColumns(CacheView::attentionMask()); }

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
        whole = whole && shape.seq == rows;
    }
    return whole ? cache : std::make_shared<const PrefixCache>(std::move(cache), rows);
}

} // namespace pikv
