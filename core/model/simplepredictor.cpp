// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/simplepredictor.h"
#include "core/base/counterrng.h"
#include "core/linalg/linalg.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/zeros.h>
#include <cmath>

namespace pikv {

SimpleNextTokenPredictor::SimpleNextTokenPredictor(std::int64_t hiddenSize, std::int64_t vocabSize, std::uint64_t seed)
    : m_readOut(at::empty({ hiddenSize, vocabSize }, at::kFloat))
{
    const CounterRng random(seed);
    const float scale = static_cast<float>(kSpread / std::sqrt(static_cast<double>(hiddenSize)));
    auto* entry = m_readOut.data_ptr<float>();
    for (std::int64_t i = 0; i < hiddenSize * vocabSize; ++i)
        entry[i] = scale * random.normal(static_cast<std::uint64_t>(i));
}

SimpleNextTokenPredictor SimpleNextTokenPredictor::fitted(
    const at::Tensor& features, const at::Tensor& targets, std::int64_t vocabSize)
{
    constexpr double ridge = 0.1; // of the features' mean energy: there are fewer positions than unknowns
    const std::int64_t size = features.size(1);
    const at::Tensor oneHot
        = at::zeros({ features.size(0), vocabSize }, at::kDouble).scatter_(1, targets.unsqueeze(1), 1.0);
    const at::Tensor gram = features.t().matmul(features);
    const double lambda = ridge * gram.trace().item<double>() / static_cast<double>(size) + 1e-12;
    const at::Tensor weights = linalg::solve(gram + lambda * at::eye(size, at::kDouble), features.t().matmul(oneHot));
    const double spread = features.matmul(weights).std().item<double>();
    return SimpleNextTokenPredictor((weights * (spread > 0 ? kSpread / spread : 1.0)).to(at::kFloat).contiguous());
}

at::Tensor SimpleNextTokenPredictor::normalised(const at::Tensor& hidden)
{
    return hidden * hidden.square().mean(-1, true).add_(1e-12).rsqrt_();
}

at::Tensor SimpleNextTokenPredictor::logits(const at::Tensor& hidden) const { return hidden.matmul(m_readOut); }

} // namespace pikv
