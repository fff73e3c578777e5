// SPDX-License-Identifier: GPL-3.0-or-later
// One plane of `lora` as bytes: mean, directions, coefficients and the quantised rest.
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/rope.h"
#include "core/codec/container/encodedcache.h"
#include "core/codec/parts/factorplane.h"
#include "core/codec/parts/lowrankfit.h"
#include "core/codec/parts/packedfactors.h"
#include <array>
#include <c10/core/Device.h>
#include <string>

namespace pikv {

struct LoraShape {
    std::int64_t rows = 0, width = 0, rank = 0;
    std::int64_t codeBits = 4, basisBits = 4; ///< means over the components; 16: half precision
    int baseBits = 0; ///< 0: what the low rank leaves over is not stored
};

/// One plane's bytes by part. The parts of all planes of a tensor make one section each: "k.mean", "k.widths", …
struct LoraParts {
    enum Part { Mean, Widths, Basis, Codes, Base, Duals, count };
    static constexpr std::array<const char*, count> names { "mean", "widths", "basis", "codes", "base", "duals" };
    std::array<Bytes, count> bytes;

    /// Adds the sections "<prefix>.<part>" of the parts that hold anything.
    static void addSections(const std::vector<LoraParts>& planes, const std::string& prefix, SectionSet& out);
};

/// Of a product with many rows, between two questions whether to stop.
inline constexpr std::int64_t rowsPerCheckpoint = 2048;

/// left [k, width] times every one of `rows` [n, width]: [k, n]. Block by block, so that it can be stopped.
at::Tensor timesRows(const at::Tensor& left, const at::Tensor& rows, const JobControl& job);

/// Mean and directions as decode will see them.
struct LoraBasis {
    at::Tensor mean; ///< f32 [width]
    at::Tensor directions; ///< f32 [rank, width], rounded; unused ones are zero
    /// f32 [rank, width], directions times the metric of errors: encode alone needs them. Undefined: plain squares.
    at::Tensor metricDuals = {};

    const at::Tensor& duals() const { return metricDuals.defined() ? metricDuals : directions; }
    /// The first `rank` directions.
    LoraBasis prefix(std::int64_t rank) const;
    /// Coefficients [rank, n] of centred rows [n, width], by least squares in the metric, so that rounding the
    /// directions costs no accuracy within their span.
    at::Tensor coefficients(const at::Tensor& centred, const JobControl& job) const;
    /// [rank, width]: what turns a centred row into its coefficients.
    at::Tensor projection() const;
    /// The inverse of directions * duals^T, f32 [rank, rank]; it turns products with the duals into coefficients.
    at::Tensor inverseGram() const;
    LoraBasis to(c10::Device device) const;
};

/// Rounds a fit's directions and writes mean, widths and directions.
LoraBasis writeBasis(const LowRankFit& fit, const FactorWidths& widths, LoraParts& out);
/// Of a calibration in a metric: what encode needs of it. At half precision: coarser ones let strong components leak
/// into weak coefficients.
void writeDuals(const LoraBasis& basis, LoraParts& out);
/// Writes the coefficients of centred f32 rows [rows, width] and, with baseBits, what they leave over, channel by
/// channel.
void writeCodes(const at::Tensor& centred, const LoraBasis& basis, const std::vector<int>& codeWidths,
    const LoraShape& shape, LoraParts& out, const JobControl& job);
/// As above for coefficients [rank, rows] of a basis from a calibration: the widths follow their energy and are written
/// too. `centred` may be undefined where baseBits is 0.
void writeCodesFor(const at::Tensor& coefficients, const at::Tensor& centred, const LoraBasis& shared,
    const LoraShape& shape, LoraParts& out, const JobControl& job);

/// Reads the planes of one tensor; safe to call for several planes at once. Throws Error{Input} where the sections do
/// not fit the shape.
class LoraReader {
public:
    /// Everything: of a lora cache. BasisOnly: of a calibration, and of lora_plus, whose codes RankTiers order.
    /// CodesOnly, WidthsOnly: of a cache that uses a calibration.
    enum class Content { Everything, BasisOnly, CodesOnly, WidthsOnly };
    LoraReader(const SectionSet& sections, const std::string& prefix, const LoraShape& shape, std::int64_t planes,
        Content content);
    LoraBasis basis(std::int64_t plane) const;
    const FactorWidths& widths(std::int64_t plane) const { return m_widths[static_cast<std::size_t>(plane)]; }
    /// Coefficients f32 [rank, rows] on `device`.
    at::Tensor codes(std::int64_t plane, c10::Device device) const;
    /// What the low rank left over, f32 [rows, width] on `device`; undefined where it was not stored.
    at::Tensor rest(std::int64_t plane, c10::Device device) const;

private:
    void load(
        const SectionSet& sections, const std::string& name, LoraParts::Part part, std::vector<std::size_t> sizes);
    ByteSpan part(LoraParts::Part part, std::int64_t plane) const;
    LoraShape m_shape;
    std::vector<FactorWidths> m_widths;
    std::array<ByteSpan, LoraParts::count> m_bytes;
    std::array<std::vector<std::size_t>, LoraParts::count> m_begin; ///< offset of every plane, and the end
};

/// Writes mean + codes^T directions (+ rest), rotated by `rope` where it is not null, into the plane's part of `target`
/// [batch, kv_heads, seq, dim]. `codes` f32 [rank, rows]; `rest` f32 [rows, width] or undefined.
void rebuildPlane(const LoraBasis& basis, const at::Tensor& codes, const at::Tensor& rest, const FactorPlane& plane,
    const RopeTable* rope, const at::Tensor& target, const JobControl& job);

} // namespace pikv
