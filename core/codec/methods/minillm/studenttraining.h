// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include "core/codec/methods/minillm/student.h"
#include <functional>

namespace pikv {

/// What the student learns: tokens' residuals, from their codes as decode will see them.
struct TrainingData {
    CodeRows rows;
    at::Tensor codeScale; ///< f32 CPU [rank], root mean square of every coefficient
    at::Tensor directions; ///< f32 [rank, width], scaled by codeScale: codes times this is the linear reconstruction
    at::Tensor residual; ///< f32 [n, width], what the linear reconstruction leaves over
    at::Tensor weights; ///< f32 [n], mean 1; undefined: all alike
    /// f32 [width, width]: mistakes are measured after multiplication by `root`. Undefined: plain squares.
    at::Tensor root = {}, rootInverse = {};
    std::int64_t heldOut
        = 0; ///< the last rows, which nothing is learned from; where there are any, they judge the student
};

struct TrainingOptions {
    std::int64_t steps = 0, batchTokens = 256;
    double learningRate = 0;
    int bits = 16; ///< of the stored weights
    std::uint64_t seed = 0;
    /// Called now and then with the residual's energy that is left of the judged rows, relative to the start.
    std::function<void(std::int64_t step, double loss)> report;
};

/// Distils a student with Adam (Kingma & Ba 2014, arXiv 1412.6980) under a cosine schedule, keeps the best state and
/// stops early where nothing improves; then rounds the weights and solves the output layer again, for the rounded ones,
/// by least squares. Returns the bytes that Student::read() reads; none where no student was found that, read from
/// them, reconstructs better than no student at all: the rows themselves, or the held-out ones. Deterministic; polls
/// `job` at every step.
Bytes trainStudent(
    const TrainingData& data, const StudentShape& shape, const TrainingOptions& options, const JobControl& job);

} // namespace pikv
