// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <ATen/core/Tensor.h>
#include <cstdint>

namespace pikv {

/// A linear read-out from attention outputs to the logits of a made-up vocabulary: random under a seed, or fitted. A
/// proxy for a model that is not at hand, and to be labelled so.
class SimpleNextTokenPredictor {
public:
    /// Read-out entries are N(0, 1/hiddenSize), so that logits of normalised inputs spread like a real model's
    /// (kSpread).
    SimpleNextTokenPredictor(std::int64_t hiddenSize, std::int64_t vocabSize, std::uint64_t seed);
    /// The ridge regression of one-hot targets on features, in closed form: W = (X^T X + lambda I)^-1 X^T Y. `features`
    /// f64 [count, hiddenSize], `targets` i64 [count] in [0, vocabSize).
    static SimpleNextTokenPredictor fitted(
        const at::Tensor& features, const at::Tensor& targets, std::int64_t vocabSize);

    /// Brings every row to a root mean square of 1.
    static at::Tensor normalised(const at::Tensor& hidden);
    /// f32 [count, vocabSize] from normalised rows [count, hiddenSize].
    at::Tensor logits(const at::Tensor& hidden) const;
    std::int64_t hiddenSize() const { return m_readOut.size(0); }
    std::int64_t vocabSize() const { return m_readOut.size(1); }

    /// Standard deviation of the logits: neither flat nor certain predictions.
    static constexpr double kSpread = 3.0;

private:
    explicit SimpleNextTokenPredictor(at::Tensor readOut)
        : m_readOut(std::move(readOut))
    {
    }
    at::Tensor m_readOut; ///< f32 [hiddenSize, vocabSize]
};

} // namespace pikv
