// SPDX-License-Identifier: GPL-3.0-or-later
// Inverses of the matrices that were asked for last, by their content.
#include "core/codec/parts/keptinverse.h"
#include "core/base/hash.h"
#include "core/codec/parts/planes.h"
#include "core/linalg/linalg.h"
#include <ATen/TensorOperators.h>
#include <algorithm>
#include <list>
#include <memory>
#include <mutex>
#include <string>

namespace pikv {
namespace {

constexpr std::size_t mostBytes = std::size_t { 256 } << 20;

/// Found outside of the lock, so that keys and values do not wait for each other.
class Inverses {
public:
    at::Tensor find(const std::string& key)
    {
        const std::lock_guard lock(m_mutex);
        const auto at = std::ranges::find(m_kept, key, &Kept::key);
        if (at == m_kept.end())
            return {};
        m_kept.splice(m_kept.begin(), m_kept, at);
        return at->inverse;
    }
    void keep(const std::string& key, const at::Tensor& inverse)
    {
        const std::lock_guard lock(m_mutex);
        if (std::ranges::find(m_kept, key, &Kept::key) != m_kept.end())
            return;
        m_kept.push_front({ key, inverse });
        m_bytes += inverse.nbytes();
        for (; m_bytes > mostBytes; m_kept.pop_back())
            m_bytes -= m_kept.back().inverse.nbytes();
    }

private:
    struct Kept {
        std::string key;
        at::Tensor inverse;
    };
    std::mutex m_mutex;
    std::list<Kept> m_kept; ///< last used first
    std::size_t m_bytes = 0;
};

} // namespace

at::Tensor keptInverse(const at::Tensor& matrix, const JobControl& job)
{
    static Inverses inverses;
    const at::Tensor plain = matrix.contiguous();
    ContentHasher hasher;
    hasher.add(asBytes(plain.data_ptr(), plain.nbytes()));
    const std::string key = hasher.value() + "/" + std::to_string(plain.size(0));
    if (at::Tensor known = inverses.find(key); known.defined())
        return known;
    const auto inverse = std::make_shared<at::Tensor>();
    runApart(job, [inverse, plain] { *inverse = linalg::inverse(plain.to(at::kDouble)).to(at::kFloat).contiguous(); });
    inverses.keep(key, *inverse);
    return *inverse;
}

} // namespace pikv
