// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/cacheview.h"

namespace pikv {

/// The first `rows` rows of every layer from the last to the first, further ones as they are: to attention, which has
/// the positions in the keys themselves, the same cache with its sums in another order. Queries stay.
class ReversedRows final : public CacheView {
public:
    ReversedRows(std::shared_ptr<const KvCache> cache, std::int64_t rows)
        : CacheView(std::move(cache))
        , m_rows(rows)
    {
    }
    LayerKv layer(int index) const override;

private:
    std::int64_t m_rows;
};

} // namespace pikv
