// SPDX-License-Identifier: GPL-3.0-or-later
// Trains the student by LibTorch's autograd and Adam (Kingma & Ba 2014) on a sample of rows, and judges the bytes that
// would be stored.
#include "core/codec/methods/minillm/studenttraining.h"
#include "core/base/counterrng.h"
#include "core/codec/parts/lowrankfit.h"
#include "core/codec/parts/planes.h"
#include "core/linalg/linalg.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>
#include <algorithm>
#include <c10/core/GradMode.h>
#include <cmath>
#include <numbers>
#include <torch/optim/adam.h>

namespace pikv {
namespace {

constexpr std::int64_t blockRows = 512; ///< rows that are looked at together outside of training steps
constexpr std::int64_t judgedRows = 1024; ///< rows that decide which state is the best
constexpr std::int64_t judgeEvery = 10; ///< steps
constexpr double worthwhile = 0.002; ///< improvement below which training does not go on
constexpr double ridge = 1e-3; ///< of the output layer's solution, relative to the units' mean energy

class Training {
public:
    Training(const TrainingData& data, const StudentShape& shape, const TrainingOptions& options, const JobControl& job)
        : m_data(data)
        , m_options(options)
        , m_job(job)
        , m_rows(data.residual.size(0) - data.heldOut)
        , m_judged(data.heldOut > 0 ? Rows { m_rows, data.heldOut } : Rows { 0, m_rows })
        , m_student(shape, options.seed, data.residual.device())
    {
        m_student.codeScale = data.codeScale;
        // The descent sees mistakes as they are measured: their directions would be of very different weight else.
        m_residual = data.root.defined() ? rowsTimes(data.residual, data.root, job) : data.residual;
        m_directions = inMetric(data.directions);
        const double meanSquare = (m_residual * m_residual).mean().item<double>();
        m_unit = std::sqrt(meanSquare);
    }

    Bytes run()
    {
        if (!(m_unit > 0) || !std::isfinite(m_unit))
            return {};
        descend();
        if (m_data.rootInverse.defined())
            m_student.out().copy_(at::mm(m_student.out(), m_data.rootInverse));
        m_student.out().mul_(m_unit);
        Bytes bytes;
        m_student.write(m_options.bits, bytes);
        Student stored = read(bytes);
        solveOutput(stored);
        stored.rewriteOut(m_options.bits, bytes);
        return residualLeft(read(bytes)) < 1 ? bytes : Bytes();
    }

private:
    struct Rows {
        std::int64_t first = 0, count = 0;
    };

    void descend()
    {
        // Shares the parameters' memory: the descent moves it, and whoever looks at m_student makes no graph.
        Student learner = m_student;
        learner.params = m_student.params.detach().requires_grad_(true);
        torch::optim::Adam adam({ learner.params }, torch::optim::AdamOptions().betas({ 0.9, 0.99 }));
        auto& options = static_cast<torch::optim::AdamOptions&>(adam.param_groups().front().options());
        at::Tensor best = m_student.params.clone();
        double bestLoss = judge(), lastLoss = bestLoss;
        for (std::int64_t step = 0; step < m_options.steps; ++step) {
            m_job.checkpoint();
            options.lr(m_options.learningRate
                * (0.5 + 0.5 * std::cos(std::numbers::pi * double(step) / double(m_options.steps))));
            adam.zero_grad();
            lossOfStep(learner, step);
            adam.step();
            if ((step + 1) % judgeEvery != 0 && step + 1 != m_options.steps)
                continue;
            const double loss = judge();
            if (loss < bestLoss) {
                bestLoss = loss;
                best.copy_(m_student.params);
            }
            if (m_options.report)
                m_options.report(step + 1, bestLoss);
            // Twice in a row, as a single lot of tokens may mislead.
            const bool stuck = loss > (1 - worthwhile) * lastLoss;
            if (stuck && m_stuck)
                break;
            m_stuck = stuck;
            lastLoss = std::min(lastLoss, loss);
        }
        m_student.params.copy_(best);
    }

    /// Mean squared mistake on the step's lot of consecutive tokens, and its gradient.
    void lossOfStep(const Student& learner, std::int64_t step) const
    {
        const c10::AutoGradMode gradients(true);
        const std::int64_t count = std::min(m_options.batchTokens, m_rows);
        const auto places = static_cast<std::uint64_t>(m_rows - count + 1);
        const auto first = static_cast<std::int64_t>(m_random.bits(static_cast<std::uint64_t>(step)) % places);
        const at::Tensor wrong = mistake(learner, first, count);
        (weighted(wrong, first) * wrong).mean().backward();
    }

    at::Tensor weighted(const at::Tensor& rows, std::int64_t first) const
    {
        return m_data.weights.defined() ? rows * m_data.weights.narrow(0, first, rows.size(0)).unsqueeze(1) : rows;
    }

    at::Tensor inMetric(const at::Tensor& rows) const
    {
        return m_data.root.defined() ? at::mm(rows, m_data.root) : rows;
    }

    /// What a learning student, whose output layer is in the metric, gets wrong, in units of the residual's root mean
    /// square: f32 [count, width].
    at::Tensor mistake(const Student& student, std::int64_t first, std::int64_t count) const
    {
        const Student::Pass pass = student.run(m_data.rows, first, count);
        at::Tensor y = at::mm(pass.units, student.out());
        if (pass.delta.defined())
            y = at::addmm(y, pass.delta, m_directions, 1, 1 / m_unit);
        return y.sub_(m_residual.narrow(0, first, count), 1 / m_unit);
    }

    double judge() const
    {
        const std::int64_t lots = m_judged.count <= judgedRows ? 1 : 4,
                           count = std::min(m_judged.count, judgedRows) / lots;
        double left = 0, all = 0;
        for (std::int64_t lot = 0; lot < lots; ++lot) {
            m_job.checkpoint();
            const std::int64_t first = m_judged.first + (lots == 1 ? 0 : (m_judged.count - count) * lot / (lots - 1));
            const at::Tensor wrong = mistake(m_student, first, count);
            const at::Tensor target = m_residual.narrow(0, first, count);
            left += (weighted(wrong, first) * wrong).sum().item<double>() * m_unit * m_unit;
            all += (weighted(target, first) * target).sum().item<double>();
        }
        return all > 0 ? left / all : 0.0;
    }

    Student read(const Bytes& bytes) const
    {
        return Student::read(bytes, m_student.shape, m_options.bits, m_student.params.device());
    }

    /// The best output layer for the other weights as they are (weighted least squares: the same in every metric).
    void solveOutput(Student& student) const
    {
        at::Tensor gram, products;
        forEachBlock(m_rows, blockRows, m_job, [&](std::int64_t first, std::int64_t count) {
            const Student::Pass pass = student.run(m_data.rows, first, count);
            at::Tensor target = m_data.residual.narrow(0, first, count);
            if (pass.delta.defined())
                target = target - at::mm(pass.delta, m_data.directions);
            const at::Tensor units = pass.units.to(at::kDouble),
                             scaled = weighted(pass.units, first).to(at::kDouble).t();
            const at::Tensor g = at::mm(scaled, units), p = at::mm(scaled, target.to(at::kDouble));
            gram = gram.defined() ? gram + g : g;
            products = products.defined() ? products + p : p;
        });
        const double energy = gram.diagonal().mean().item<double>();
        if (!(energy > 0))
            return;
        gram.diagonal().add_(ridge * energy);
        student.out().copy_(linalg::solve(gram, products));
    }

    /// Weighted energy of what is left of the judged rows' residual, over that of the residual.
    double residualLeft(const Student& student) const
    {
        double left = 0, all = 0;
        forEachBlock(m_judged.count, blockRows, m_job, [&](std::int64_t at, std::int64_t count) {
            const std::int64_t first = m_judged.first + at;
            const Student::Pass pass = student.run(m_data.rows, first, count);
            const at::Tensor before = m_data.residual.narrow(0, first, count);
            at::Tensor after = before - at::mm(pass.units, student.out());
            if (pass.delta.defined())
                after.sub_(at::mm(pass.delta, m_data.directions));
            const auto energy = [&](const at::Tensor& rows) {
                const at::Tensor x = inMetric(rows), squares = (x * x).sum(1).to(at::kDouble);
                return (m_data.weights.defined() ? squares * m_data.weights.narrow(0, first, count) : squares)
                    .sum()
                    .item<double>();
            };
            left += energy(after);
            all += energy(before);
        });
        return all > 0 ? left / all : 1.0;
    }

    const TrainingData& m_data;
    const TrainingOptions& m_options;
    const JobControl& m_job;
    std::int64_t m_rows; ///< learned from
    Rows m_judged;
    at::Tensor m_residual, m_directions; ///< those of the data, in the metric
    double m_unit = 0;
    bool m_stuck = false;
    Student m_student;
    CounterRng m_random { ~m_options.seed };
};

} // namespace

Bytes trainStudent(
    const TrainingData& data, const StudentShape& shape, const TrainingOptions& options, const JobControl& job)
{
    return Training(data, shape, options, job).run();
}

} // namespace pikv
