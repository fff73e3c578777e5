// SPDX-License-Identifier: GPL-3.0-or-later
// Rows of one side to a plan and packed codes, and back.
#include "core/codec/methods/kvtc/kvtcside.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/codec/methods/kvtc/kvtccodes.h"
#include "core/kernels/deflate.h"
#include <ATen/ops/empty.h>
#include <cmath>

namespace pikv {
namespace {

constexpr double rawBits = 16; ///< of a number: what a ratio compares with, and of a stored basis
constexpr std::size_t unitBytes = 4;

std::vector<std::int64_t> codedComponents(const KvtcPlan& plan)
{
    std::vector<std::int64_t> used;
    std::int64_t at = 0;
    for (const KvtcGroup& group : plan) {
        for (std::int64_t i = 0; i < group.size && group.type != KvtcType::None; ++i)
            used.push_back(at + i);
        at += group.size;
    }
    return used;
}

} // namespace

KvtcBudget::KvtcBudget(std::int64_t width, double compression, std::int64_t tokens)
{
    const double all = double(width) * rawBits;
    allowed = all / compression;
    meanBits = tokens > 0 ? all / double(tokens) : 0;
    componentBits = std::llround(std::ceil(meanBits));
}

std::int64_t KvtcBudget::mostComponents() const
{
    return static_cast<std::int64_t>(forComponents() / double(componentBits + codeBits(KvtcType::Int2)));
}

void KvtcSide::encode(const at::Tensor& rows, const KvtcBasis& basis, const KvtcBudget& budget, bool isStored,
    SectionSet& out, const JobControl& job) const
{
    KvtcPlan plan
        = planGroups(basis.errors, static_cast<std::int64_t>(budget.forComponents()), budget.componentBits, job);
    const KvtcBasis used = basis.part(codedComponents(plan));
    if (isStored) {
        std::erase_if(plan, [](const KvtcGroup& group) { return group.type == KvtcType::None; });
        used.write(name, out);
    }
    Bytes head;
    appendLe(head, used.unit);
    const Bytes runs = writePlan(plan);
    head.insert(head.end(), runs.begin(), runs.end());
    out.add(name + ".plan", std::move(head));
    const at::Tensor coefficients = used.project(rows, job);
    Bytes codes = encodeGroups(plan, coefficients.data_ptr<float>(), rows.size(0), job);
    out.add(name + ".codes", deflates ? deflated(codes, job) : std::move(codes));
}

at::Tensor KvtcSide::decode(
    const SectionSet& sections, const KvtcBasis& basis, std::int64_t tokens, const JobControl& job) const
{
    const ByteSpan head = sections.get(name + ".plan");
    if (head.size() < unitBytes)
        throw inputError("section '" + name + ".plan' is cut");
    const KvtcPlan plan = readPlan(head.subspan(unitBytes), basis.count());
    KvtcBasis used = basis.part(codedComponents(plan));
    used.unit = loadLe<float>(head.data());
    if (!std::isfinite(used.unit) || used.unit <= 0)
        throw inputError("section '" + name + ".plan' holds a unit that is none");
    const std::size_t size = planBytes(plan, tokens);
    requireMemory(size + static_cast<std::uint64_t>(tokens * (used.count() + used.width())) * sizeof(float),
        "decoding the rows of all layers");
    const Bytes unpacked = deflates ? inflated(sections.get(name + ".codes"), size, job) : Bytes();
    const at::Tensor coefficients = at::empty({ tokens, used.count() }, at::kFloat);
    decodeGroups(plan, deflates ? ByteSpan(unpacked) : sections.get(name + ".codes", size), tokens,
        coefficients.data_ptr<float>(), job);
    return used.rebuild(coefficients, job);
}

} // namespace pikv
