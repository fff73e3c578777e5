// SPDX-License-Identifier: GPL-3.0-or-later
// Coefficients to the bytes of a plan's groups and back; what the errors that the plan is made from are simulated with.
#pragma once
#include "core/base/bytes.h"
#include "core/base/jobcontrol.h"
#include "core/codec/methods/kvtc/kvtcplan.h"

namespace pikv {

/// Bytes of encodeGroups().
std::size_t planBytes(const KvtcPlan& plan, std::int64_t tokens);
/// `coefficients` [tokens, components that the plan codes]. Group after group: f16 scales and minima of all tokens,
/// where its type has them, then the codes, token by token. Polls `job`.
Bytes encodeGroups(const KvtcPlan& plan, const float* coefficients, std::int64_t tokens, const JobControl& job);
/// The inverse; `bytes` are planBytes() long.
void decodeGroups(
    const KvtcPlan& plan, ByteSpan bytes, std::int64_t tokens, float* coefficients, const JobControl& job);

/// What coding `coefficients` [tokens, components] in every possible group loses. Polls `job`.
KvtcErrors simulateErrors(
    const float* coefficients, std::int64_t tokens, std::int64_t components, const JobControl& job);

} // namespace pikv
