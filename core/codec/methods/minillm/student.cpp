// SPDX-License-Identifier: GPL-3.0-or-later
// The student: layers of a small network, as bytes and as the sums that decode computes.
#include "core/codec/methods/minillm/student.h"
#include "core/base/counterrng.h"
#include "core/base/error.h"
#include "core/codec/methods/minillm/attend.h"
#include "core/codec/parts/packedfactors.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <cmath>
#include <vector>

namespace pikv {
namespace {

constexpr float biasSpread = 0.3f;

std::vector<int> allOf(std::int64_t rows, int bits) { return std::vector<int>(static_cast<std::size_t>(rows), bits); }

} // namespace

std::int64_t StudentShape::paramCount() const
{
    return (rank + 1 + width) * units() + (layers - 1) * hidden * hidden + attention().paramCount();
}

at::Tensor CodeRows::reachOf(std::int64_t batch, std::int64_t seq, std::int64_t window)
{
    const at::Tensor reach = at::empty({ batch * seq }, at::kByte);
    auto* out = reach.data_ptr<std::uint8_t>();
    for (std::int64_t b = 0; b < batch; ++b)
        for (std::int64_t t = 0; t < seq; ++t)
            *out++ = static_cast<std::uint8_t>(std::min(t, window));
    return reach;
}

at::Tensor Student::in(const StudentShape& s, const at::Tensor& params)
{
    return params.narrow(0, 0, s.rank * s.units()).view({ s.rank, s.units() });
}
at::Tensor Student::bias(const StudentShape& s, const at::Tensor& params)
{
    return params.narrow(0, s.rank * s.units(), s.units());
}
at::Tensor Student::deep(const StudentShape& s, const at::Tensor& params)
{
    const std::int64_t count = (s.layers - 1) * s.hidden * s.hidden;
    return params.narrow(0, (s.rank + 1) * s.units(), count).view({ s.layers - 1, s.hidden, s.hidden });
}
at::Tensor Student::out(const StudentShape& s, const at::Tensor& params)
{
    const std::int64_t at = (s.rank + 1) * s.units() + (s.layers - 1) * s.hidden * s.hidden;
    return params.narrow(0, at, s.units() * s.width).view({ s.units(), s.width });
}
at::Tensor Student::attention(const StudentShape& s, const at::Tensor& params)
{
    const std::int64_t count = s.attention().paramCount();
    return params.narrow(0, params.size(0) - count, count);
}

Student::Student(const StudentShape& s, std::uint64_t seed, c10::Device device)
    : shape(s)
{
    params = at::zeros({ s.paramCount() }, at::kFloat);
    codeScale = at::ones({ s.rank }, at::kFloat);
    const CounterRng rng(seed);
    float* data = params.data_ptr<float>();
    const std::int64_t weights = s.rank * s.units();
    const float spread = 1.0f / std::sqrt(static_cast<float>(s.rank));
    for (std::int64_t i = 0; i < weights + s.units(); ++i)
        data[i] = rng.normal(static_cast<std::uint64_t>(i)) * (i < weights ? spread : biasSpread);
    params = params.to(device);
}

Student::Pass Student::run(const CodeRows& rows, std::int64_t first, std::int64_t count) const
{
    Pass pass;
    at::Tensor codes = rows.codes.narrow(0, first, count);
    if (shape.window > 0) {
        const at::Tensor delta
            = attend(shape.attention(), codes, rows.reach.narrow(0, first, count), attention(shape, params).cpu());
        codes = codes + delta;
        pass.delta = delta.to(params.device());
    }
    pass.codes = codes.to(params.device());
    const at::Tensor before = at::addmm(bias(shape, params), pass.codes, in(shape, params));
    std::vector<at::Tensor> units;
    for (std::int64_t l = 0; l < shape.layers; ++l) {
        const at::Tensor own = before.narrow(1, l * shape.hidden, shape.hidden);
        units.push_back(at::gelu(l == 0 ? own : at::addmm(own, units.back(), deep(shape, params).select(0, l - 1))));
    }
    pass.units = at::cat(units, 1);
    return pass;
}

void Student::write(int bits, Bytes& to) const
{
    const at::Tensor halves[] = { codeScale, bias(shape, params), attention(shape, params) };
    for (const at::Tensor& values : halves)
        writeHalves(values, to);
    writeRows(in(shape, params).t(), allOf(shape.units(), bits), to);
    writeRows(deep(shape, params).reshape({ -1, shape.hidden }), allOf((shape.layers - 1) * shape.hidden, bits), to);
    writeRows(out(), allOf(shape.units(), bits), to);
}

void Student::rewriteOut(int bits, Bytes& bytes) const
{
    bytes.resize(bytes.size() - rowsBytes(allOf(shape.units(), bits), shape.width));
    writeRows(out(), allOf(shape.units(), bits), bytes);
}

std::size_t Student::packedSize(const StudentShape& s, int bits)
{
    return 2 * static_cast<std::size_t>(s.rank + s.units() + s.attention().paramCount())
        + rowsBytes(allOf(s.units(), bits), s.rank) + rowsBytes(allOf((s.layers - 1) * s.hidden, bits), s.hidden)
        + rowsBytes(allOf(s.units(), bits), s.width);
}

Student Student::read(ByteSpan bytes, const StudentShape& s, int bits, c10::Device device)
{
    if (bytes.size() != packedSize(s, bits))
        throw inputError("the student's parameters take " + std::to_string(bytes.size()) + " bytes where "
            + std::to_string(packedSize(s, bits)) + " are expected");
    Student student(s);
    std::size_t at = 0;
    student.codeScale = readHalves(bytes, at, s.rank);
    const at::Tensor biases = readHalves(bytes, at, s.units());
    const at::Tensor attention = readHalves(bytes, at, s.attention().paramCount());
    const at::Tensor in = readRows(bytes, at, allOf(s.units(), bits), s.rank).t();
    const at::Tensor deep = readRows(bytes, at, allOf((s.layers - 1) * s.hidden, bits), s.hidden);
    const at::Tensor out = readRows(bytes, at, allOf(s.units(), bits), s.width);
    student.params
        = at::cat({ in.reshape({ -1 }), biases, deep.reshape({ -1 }), out.reshape({ -1 }), attention }).to(device);
    return student;
}

} // namespace pikv
