// SPDX-License-Identifier: GPL-3.0-or-later
// One matrix by its mean and leading directions: fit, budget of bits, bytes, and the rows back from them.
#include "core/codec/parts/loraplane.h"
#include "core/base/error.h"
#include "core/codec/parts/planes.h"
#include "core/linalg/linalg.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/mm.h>

namespace pikv {

void LoraParts::addSections(const std::vector<LoraParts>& planes, const std::string& prefix, SectionSet& out)
{
    for (std::size_t part = 0; part < count; ++part) {
        Bytes joined;
        for (const LoraParts& plane : planes)
            joined.insert(joined.end(), plane.bytes[part].begin(), plane.bytes[part].end());
        if (!joined.empty())
            out.add(prefix + "." + names[part], std::move(joined));
    }
}

at::Tensor LoraBasis::inverseGram() const
{
    at::Tensor gram = at::mm(directions.to(at::kDouble), duals().to(at::kDouble).t());
    // Unused directions get a unit diagonal and hence zero coefficients; the ridge keeps coarse directions apart.
    const at::Tensor diagonal = gram.diagonal();
    diagonal.add_(diagonal.eq(0).to(at::kDouble)).mul_(1 + 1e-6);
    return linalg::solve(gram, at::eye(gram.size(0), gram.options())).to(at::kFloat);
}

at::Tensor LoraBasis::projection() const { return at::mm(inverseGram(), duals()); }

LoraBasis LoraBasis::prefix(std::int64_t rank) const
{
    const auto first = [&](const at::Tensor& rows) { return rows.defined() ? rows.narrow(0, 0, rank) : rows; };
    return { mean, first(directions), first(metricDuals) };
}

LoraBasis LoraBasis::to(c10::Device device) const
{
    return { mean.to(device), directions.to(device), metricDuals.defined() ? metricDuals.to(device) : metricDuals };
}

at::Tensor LoraBasis::coefficients(const at::Tensor& centred, const JobControl& job) const
{
    return timesRows(projection(), centred, job);
}

at::Tensor timesRows(const at::Tensor& left, const at::Tensor& rows, const JobControl& job)
{
    at::Tensor all = at::empty({ left.size(0), rows.size(0) }, left.options());
    forEachBlock(rows.size(0), rowsPerCheckpoint, job, [&](std::int64_t first, std::int64_t count) {
        all.narrow(1, first, count).addmm_(left, rows.narrow(0, first, count).t(), 0);
    });
    return all;
}

LoraBasis writeBasis(const LowRankFit& fit, const FactorWidths& widths, LoraParts& out)
{
    writeHalves(fit.mean, out.bytes[LoraParts::Mean]);
    writeWidths(widths, out.bytes[LoraParts::Widths]);
    const at::Tensor rounded = roundedRows(fit.directions, widths.basis, out.bytes[LoraParts::Basis]);
    LoraBasis basis = LoraBasis { fit.mean, rounded }.to(fit.mean.device());
    if (fit.metric.defined())
        basis.metricDuals = at::mm(basis.directions, fit.metric);
    return basis;
}

void writeDuals(const LoraBasis& basis, LoraParts& out)
{
    if (basis.metricDuals.defined())
        writeHalves(basis.metricDuals.reshape({ -1 }), out.bytes[LoraParts::Duals]);
}

namespace {
void writeCoefficients(const at::Tensor& coefficients, const at::Tensor& centred, const LoraBasis& basis,
    const std::vector<int>& codeWidths, const LoraShape& shape, LoraParts& out, const JobControl& job)
{
    if (shape.baseBits == 0)
        return writeRows(coefficients, codeWidths, out.bytes[LoraParts::Codes]);
    const at::Tensor rounded = roundedRows(coefficients, codeWidths, out.bytes[LoraParts::Codes]).to(centred.device());
    at::Tensor rest = at::empty({ centred.size(1), centred.size(0) }, centred.options());
    forEachBlock(centred.size(0), rowsPerCheckpoint, job, [&](std::int64_t first, std::int64_t count) {
        rest.narrow(1, first, count)
            .copy_(at::addmm(
                centred.narrow(0, first, count).t(), basis.directions.t(), rounded.narrow(1, first, count), 1, -1));
    });
    writeRows(
        rest, std::vector<int>(static_cast<std::size_t>(shape.width), shape.baseBits), out.bytes[LoraParts::Base]);
}
}

void writeCodes(const at::Tensor& centred, const LoraBasis& basis, const std::vector<int>& codeWidths,
    const LoraShape& shape, LoraParts& out, const JobControl& job)
{
    writeCoefficients(basis.coefficients(centred, job), centred, basis, codeWidths, shape, out, job);
}

void writeCodesFor(const at::Tensor& coefficients, const at::Tensor& centred, const LoraBasis& shared,
    const LoraShape& shape, LoraParts& out, const JobControl& job)
{
    const at::Tensor energy = (coefficients * coefficients).mean(1).cpu().to(at::kDouble).contiguous();
    const std::vector<double> variances(energy.data_ptr<double>(), energy.data_ptr<double>() + energy.numel());
    const FactorWidths widths = FactorWidths::spreadCodes(variances, shape.codeBits);
    writeWidths(widths, out.bytes[LoraParts::Widths]);
    writeCoefficients(coefficients, centred, shared, widths.code, shape, out, job);
}

LoraReader::LoraReader(
    const SectionSet& sections, const std::string& prefix, const LoraShape& shape, std::int64_t planes, Content content)
    : m_shape(shape)
{
    const auto n = static_cast<std::size_t>(planes), width = static_cast<std::size_t>(shape.width);
    load(sections, prefix, LoraParts::Widths, std::vector<std::size_t>(n, static_cast<std::size_t>(shape.rank)));
    std::vector<std::size_t> basisSizes, codeSizes;
    for (std::int64_t p = 0; p < planes; ++p) {
        std::size_t at = 0;
        m_widths.push_back(readWidths(part(LoraParts::Widths, p), at, shape.rank));
        basisSizes.push_back(rowsBytes(m_widths.back().basis, shape.width));
        codeSizes.push_back(rowsBytes(m_widths.back().code, shape.rows));
    }
    if (content == Content::Everything || content == Content::BasisOnly) {
        load(sections, prefix, LoraParts::Mean, std::vector<std::size_t>(n, 2 * width));
        load(sections, prefix, LoraParts::Basis, basisSizes);
    }
    if (content == Content::BasisOnly && sections.has(prefix + "." + LoraParts::names[LoraParts::Duals]))
        load(sections, prefix, LoraParts::Duals,
            std::vector<std::size_t>(n, 2 * width * static_cast<std::size_t>(shape.rank)));
    if (content == Content::BasisOnly || content == Content::WidthsOnly)
        return;
    load(sections, prefix, LoraParts::Codes, codeSizes);
    if (shape.baseBits > 0) {
        const std::size_t rest = rowsBytes(std::vector<int>(width, shape.baseBits), shape.rows);
        load(sections, prefix, LoraParts::Base, std::vector<std::size_t>(n, rest));
    }
}

void LoraReader::load(
    const SectionSet& sections, const std::string& prefix, LoraParts::Part part, std::vector<std::size_t> sizes)
{
    std::vector<std::size_t>& begin = m_begin[part];
    begin.assign(1, 0);
    for (std::size_t size : sizes)
        begin.push_back(begin.back() + size);
    if (begin.back() > 0) // an empty section is not stored
        m_bytes[part] = sections.get(prefix + "." + LoraParts::names[part], begin.back());
}

ByteSpan LoraReader::part(LoraParts::Part part, std::int64_t plane) const
{
    const std::vector<std::size_t>& begin = m_begin[part];
    const auto p = static_cast<std::size_t>(plane);
    return m_bytes[part].subspan(begin[p], begin[p + 1] - begin[p]);
}

LoraBasis LoraReader::basis(std::int64_t plane) const
{
    std::size_t meanAt = 0, basisAt = 0, dualsAt = 0;
    LoraBasis basis { readHalves(part(LoraParts::Mean, plane), meanAt, m_shape.width),
        readRows(
            part(LoraParts::Basis, plane), basisAt, m_widths[static_cast<std::size_t>(plane)].basis, m_shape.width) };
    if (!m_bytes[LoraParts::Duals].empty())
        basis.metricDuals = readHalves(part(LoraParts::Duals, plane), dualsAt, m_shape.rank * m_shape.width)
                                .view_as(basis.directions);
    return basis;
}

at::Tensor LoraReader::codes(std::int64_t plane, c10::Device device) const
{
    std::size_t at = 0;
    const FactorWidths& widths = m_widths[static_cast<std::size_t>(plane)];
    return readRows(part(LoraParts::Codes, plane), at, widths.code, m_shape.rows).to(device);
}

at::Tensor LoraReader::rest(std::int64_t plane, c10::Device device) const
{
    if (m_shape.baseBits == 0)
        return {};
    std::size_t at = 0;
    const std::vector<int> widths(static_cast<std::size_t>(m_shape.width), m_shape.baseBits);
    return readRows(part(LoraParts::Base, plane), at, widths, m_shape.rows).t().to(device);
}

void rebuildPlane(const LoraBasis& basis, const at::Tensor& codes, const at::Tensor& rest, const FactorPlane& plane,
    const RopeTable* rope, const at::Tensor& target, const JobControl& job)
{
    // Block by block: what is built, rotated and stored stays in the processor's cache.
    constexpr std::int64_t blockRows = 512;
    const std::int64_t batch = target.size(0), seq = target.size(2);
    const at::Tensor tokens = codes.t();
    for (std::int64_t b = 0; b < batch; ++b)
        forEachBlock(seq, blockRows, job, [&](std::int64_t first, std::int64_t count) {
            const std::int64_t at = b * seq + first;
            at::Tensor rows = at::addmm(basis.mean, tokens.narrow(0, at, count), basis.directions);
            if (rest.defined())
                rows.add_(rest.narrow(0, at, count));
            if (rope)
                rope->turn(FactorPlanes::vectorsOf(rows, plane), first, 1);
            FactorPlanes::store(rows, plane, b, first, target);
        });
}

} // namespace pikv
