// SPDX-License-Identifier: GPL-3.0-or-later
// A low-rank basis that was learned on other caches: fit, sections, and the plane that uses it.
#include "core/codec/parts/sharedbasis.h"
#include "core/base/error.h"
#include "core/codec/parts/planes.h"
#include "core/codec/parts/rowmetric.h"
#include "core/kernels/reduce.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mv.h>

namespace pikv {

at::Tensor planeRows(const LayerInput& input, const FactorPlane& plane, const std::optional<RopeTable>& rope)
{
    const at::Tensor rows = FactorPlanes::rowsOf(plane.isKey ? input.kv.key : input.kv.value, plane);
    if (plane.isKey && rope)
        rope->turn(FactorPlanes::vectorsOf(rows, plane), 0, -1);
    return rows;
}

at::Tensor rowEnergy(const at::Tensor& rows)
{
    const at::Tensor host = rows.cpu().contiguous(), energy = at::empty({ rows.size(0) }, at::kFloat);
    const std::int64_t width = host.size(1);
    const float* row = host.data_ptr<float>();
    for (std::int64_t r = 0; r < host.size(0); ++r, row += width)
        energy.data_ptr<float>()[r] = rowSquares(row, static_cast<std::size_t>(width));
    return energy;
}

at::Tensor coefficientsOf(const LayerInput& input, const FactorPlane& plane, const std::optional<RopeTable>& rope,
    const LoraBasis& basis, const JobControl& job, at::Tensor* energy)
{
    constexpr std::int64_t blockRows = 512; // stay in the processor's cache
    const at::Tensor& tensor = plane.isKey ? input.kv.key : input.kv.value;
    const at::Tensor projection = basis.projection(), offset = at::mv(projection, basis.mean).unsqueeze(1);
    const std::int64_t batch = tensor.size(0), seq = tensor.size(2);
    at::Tensor all = at::empty({ projection.size(0), batch * seq }, projection.options());
    if (energy)
        *energy = at::empty({ batch * seq }, at::kFloat);
    for (std::int64_t b = 0; b < batch; ++b)
        forEachBlock(seq, blockRows, job, [&](std::int64_t first, std::int64_t count) {
            FactorPlane block = plane;
            block.rows = count;
            const at::Tensor rows = FactorPlanes::rowsOf(tensor.narrow(0, b, 1).narrow(2, first, block.rows), block);
            if (plane.isKey && rope)
                rope->turn(FactorPlanes::vectorsOf(rows, block), first, -1);
            if (energy)
                energy->narrow(0, b * seq + first, block.rows).copy_(rowEnergy(rows - basis.mean));
            all.narrow(1, b * seq + first, block.rows).copy_(at::addmm(offset, projection, rows.t(), -1));
        });
    return all;
}

void learnBases(
    const std::vector<LayerInput>& inputs, const BasisRequest& request, SectionSet& out, const CodecContext& context)
{
    const FactorPlanes planes(inputs.front().shape, request.perHead);
    const at::Tensor weights = inputs.size() == 1 ? rowWeights(inputs.front().importance, request.alpha) : at::Tensor();
    std::vector<LoraParts> parts(static_cast<std::size_t>(planes.count()));
    forEachPlane(context.device, planes.count(), context.job, [&](std::int64_t p) {
        std::vector<at::Tensor> rows;
        for (const LayerInput& input : inputs)
            rows.push_back(planeRows(input, FactorPlanes(input.shape, request.perHead).plane(p),
                keyRotation(request.undoRope, input.rope, input.positions, input.shape.keyDim)));
        const at::Tensor all = rows.size() == 1 ? rows.front() : at::cat(rows);
        const LowRankFit fit = fitLowRankIn(relativeMetric(inputs.front().fisher, planes.plane(p), context.device), all,
            weights, request.rank, context.seed ^ static_cast<std::uint64_t>(p), context.job);
        LoraParts& bytes = parts[static_cast<std::size_t>(p)];
        writeDuals(writeBasis(fit, FactorWidths::spreadBasis(fit.variances, request.basisBits), bytes), bytes);
    });
    const auto middle = parts.begin() + planes.perTensor();
    LoraParts::addSections({ parts.begin(), middle }, "k", out);
    LoraParts::addSections({ middle, parts.end() }, "v", out);
}

std::vector<LoraBasis> sharedBases(
    const SectionSet& calibration, const std::string& prefix, LoraShape shape, std::int64_t planes, c10::Device device)
{
    const std::int64_t rank = shape.rank;
    // One byte a direction and plane: how many there are is not said elsewhere.
    shape.rank = static_cast<std::int64_t>(calibration.get(prefix + ".widths").size()) / planes;
    if (shape.rank < rank)
        throw inputError("the calibration has " + std::to_string(shape.rank)
            + " directions where rank=" + std::to_string(rank) + " asks for more");
    const LoraReader reader(calibration, prefix, shape, planes, LoraReader::Content::BasisOnly);
    std::vector<LoraBasis> bases;
    for (std::int64_t p = 0; p < planes; ++p) {
        bases.push_back(reader.basis(p).prefix(rank).to(device));
    }
    return bases;
}

} // namespace pikv
