// SPDX-License-Identifier: GPL-3.0-or-later
// One matrix of a layer: components, their codes, and the student's correction where it pays for its bytes.
#include "core/codec/methods/minillm/studentplane.h"
#include "core/base/error.h"
#include "core/base/half.h"
#include "core/codec/parts/planes.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/where.h>

namespace pikv {
namespace {

/// First byte of the section.
constexpr std::byte isLeftOut { 0 }, helps { 1 };

/// Root mean square of every component, as half precision keeps it; 1 for those that hold nothing.
at::Tensor codeScaleOf(const at::Tensor& codes)
{
    const at::Tensor scale = at::sqrt((codes * codes).mean(1)).clamp_max(largestHalf).to(at::kHalf).to(at::kFloat);
    return at::where(scale.gt(0), scale, at::ones_like(scale));
}

at::Tensor scaledRows(const at::Tensor& codes, const at::Tensor& scale)
{
    return (codes / scale.unsqueeze(1)).t().contiguous();
}

/// After multiplication by `root`, where it is defined.
double energyOf(const at::Tensor& rows, const at::Tensor& weights, const at::Tensor& root, const JobControl& job)
{
    const at::Tensor seen = root.defined() ? rowsTimes(rows, root, job) : rows;
    const at::Tensor squares = (seen * seen).sum(1).to(at::kDouble);
    return (weights.defined() ? squares * weights : squares).sum().item<double>();
}

} // namespace

DistilledPlane distil(PlaneToLearn plane, const LoraShape& shape, const StudentShape& student, TrainingOptions options,
    const std::function<void(std::int64_t, double)>& report, const JobControl& job)
{
    DistilledPlane out;
    const at::Tensor& rows = plane.rows;
    const LowRankFit fit = fitLowRankIn(plane.metric, rows, plane.weights, shape.rank, options.seed, job);
    const FactorWidths widths = FactorWidths::spread(fit.variances, shape.codeBits, shape.basisBits);
    const LoraBasis basis = writeBasis(fit, widths, out.parts);
    if (plane.forOthers)
        writeDuals(basis, out.parts);
    const double energy = energyOf(rows, plane.weights, fit.root, job);
    const at::Tensor codes = roundedRows(basis.coefficients(rows, job), widths.code, out.parts.bytes[LoraParts::Codes]);
    job.checkpoint();
    TrainingData data;
    data.codeScale = codeScaleOf(codes);
    data.rows = { scaledRows(codes, data.codeScale), std::move(plane.reach) };
    data.directions = basis.directions * data.codeScale.to(rows.device()).unsqueeze(1);
    const at::Tensor tokens = codes.t().to(rows.device());
    forEachBlock(rows.size(0), rowsPerCheckpoint, job, [&](std::int64_t first, std::int64_t count) {
        rows.narrow(0, first, count).addmm_(tokens.narrow(0, first, count), basis.directions, 1, -1);
    });
    data.residual = rows;
    data.weights = plane.weights;
    data.root = fit.root;
    data.rootInverse = fit.rootInverse;
    if (plane.forOthers)
        data.heldOut = rows.size(0) / 4;
    if (report && energy > 0) {
        const double left = energyOf(data.residual, plane.weights, fit.root, job) / energy;
        report(0, left);
        options.report = [&report, left](std::int64_t step, double loss) { report(step, loss * left); };
    }
    const Bytes trained = trainStudent(data, student, options, job);
    out.student.push_back(trained.empty() ? isLeftOut : helps);
    out.student.insert(out.student.end(), trained.begin(), trained.end());
    return out;
}

std::optional<Student> readStudent(ByteSpan bytes, const StudentShape& shape, int bits, c10::Device device)
{
    if (bytes.empty() || (bytes[0] != helps && (bytes[0] != isLeftOut || bytes.size() > 1)))
        throw inputError("the section of the student is damaged");
    if (bytes[0] == isLeftOut)
        return {};
    return Student::read(bytes.subspan(1), shape, bits, device);
}

void rebuildDistilled(const Student& student, const LoraBasis& basis, const at::Tensor& codes, const FactorPlane& plane,
    const RopeTable* rope, const at::Tensor& target, const JobControl& job)
{
    constexpr std::int64_t blockRows = 512; // what is built stays in the processor's cache
    const std::int64_t batch = target.size(0), seq = target.size(2);
    const CodeRows rows { scaledRows(codes, student.codeScale), CodeRows::reachOf(batch, seq, student.shape.window) };
    const at::Tensor directions = basis.directions * student.codeScale.to(basis.directions.device()).unsqueeze(1);
    for (std::int64_t b = 0; b < batch; ++b)
        forEachBlock(seq, blockRows, job, [&](std::int64_t first, std::int64_t count) {
            const Student::Pass pass = student.run(rows, b * seq + first, count);
            const at::Tensor built = at::addmm(basis.mean, pass.codes, directions).addmm_(pass.units, student.out());
            if (rope)
                rope->turn(FactorPlanes::vectorsOf(built, plane), first, 1);
            FactorPlanes::store(built, plane, b, first, target);
        });
}

} // namespace pikv
