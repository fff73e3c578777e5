// SPDX-License-Identifier: GPL-3.0-or-later
// What the bytes of a compressed cache are for: every section belongs to one part of the ledger, by its name or by what
// its method says of it.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pikv {

struct MethodInfo;

enum class LedgerPart { Payload, Scales, Models, Maps, Sinks, Tail, Header };
inline constexpr std::size_t ledgerPartCount = 7;

/// A part's name as in metrics ("payload_bytes"), its label, and what belongs to it.
struct LedgerPartInfo {
    LedgerPart part;
    std::string_view name, label, help;
};
/// In the order in which bars show them.
std::span<const LedgerPartInfo, ledgerPartCount> ledgerParts();

/// Bytes of each part. All are 0 where nobody has counted them.
struct ByteLedger {
    std::array<std::uint64_t, ledgerPartCount> bytes {};
    std::uint64_t& operator[](LedgerPart part) { return bytes[static_cast<std::size_t>(part)]; }
    std::uint64_t operator[](LedgerPart part) const { return bytes[static_cast<std::size_t>(part)]; }
    std::uint64_t total() const;
    ByteLedger& operator+=(const ByteLedger& other);
};

/// A section of a method whose name does not tell, or that is of two parts: `share` of it is `part`, the rest `other`.
struct SectionParts {
    std::string section; ///< without its side and sequence: "k.codes" is "codes", "k" is "k"
    LedgerPart part;
    double share = 1;
    LedgerPart other = LedgerPart::Payload;
};

/// What the method's authors leave out where they tell its size.
struct PublishedSize {
    std::vector<LedgerPart> leavesOut;
    std::string says; ///< one sentence on it; "" where the whole file is what is published
};

/// They count the coded numbers alone.
PublishedSize payloadAlone(std::string says);

/// The part that a section's name tells; null where it tells none.
const LedgerPart* partOfName(std::string_view section);
/// Of sections with their bytes, as an EvaluationResult's breakdown has them; `method` null: names alone tell. What no
/// name tells is payload.
ByteLedger ledgerOf(const MethodInfo* method, const std::vector<std::pair<std::string, std::uint64_t>>& sections);
/// Bytes that count as published.
std::uint64_t publishedBytes(const MethodInfo& method, const ByteLedger& ledger);

} // namespace pikv
