// SPDX-License-Identifier: GPL-3.0-or-later
// Names of sections and the parts that they belong to.
#include "core/codec/ledger.h"
#include "core/codec/registry.h"
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace pikv {
namespace {

using enum LedgerPart;

constexpr LedgerPartInfo infos[] = {
    { Payload, "payload_bytes", "Payload", "Bytes of the coded numbers themselves" },
    { Scales, "scale_bytes", "Scales", "Bytes of scales, minima, lengths and widths that numbers were quantised with" },
    { Models, "model_bytes", "Bases and models",
        "Bytes of bases, means, codebooks and students that the file itself holds, with their small settings" },
    { Maps, "map_bytes", "Maps", "Bytes that say how each token or component is coded" },
    { Sinks, "sink_bytes", "Sinks", "Bytes of first tokens that are kept at 16 bits" },
    { Tail, "tail_bytes", "16-bit tail", "Bytes of last tokens that are kept at 16 bits" },
    { Header, "header_bytes", "Header", "Bytes of the header, checksums, token ids and what else is told of the dump" },
};

struct NamedPart {
    std::string_view name;
    LedgerPart part;
};

/// The last word of sections, as all methods use them.
constexpr NamedPart names[] = {
    { "k", Payload },
    { "v", Payload },
    { "codes", Payload },
    { "sparse", Payload },
    { "base", Payload },
    { "signs", Payload },
    { "scales", Scales },
    { "lengths", Scales },
    { "widths", Scales },
    { "residuals", Scales },
    { "basis", Models },
    { "bases", Models },
    { "components", Models },
    { "errors", Models },
    { "mean", Models },
    { "means", Models },
    { "codebooks", Models },
    { "rotation", Models },
    { "student", Models },
    { "side", Models },
    { "plan", Maps },
    { "tiers", Maps },
    { "steps", Maps },
    { "classes", Maps },
    { "sinks", Sinks },
    { "recent", Tail },
    { "window", Tail },
    { "tokens", Header },
    { "layers", Header },
    { "dump", Header },
    { "fingerprint", Header },
    { "header", Header },
};

/// "0/k.codes" is "codes".
std::string_view lastWord(std::string_view section)
{
    return section.substr(section.find_last_of("./") + 1); // npos + 1 is 0
}

} // namespace

std::span<const LedgerPartInfo, ledgerPartCount> ledgerParts() { return infos; }

std::uint64_t ByteLedger::total() const { return std::accumulate(bytes.begin(), bytes.end(), std::uint64_t(0)); }

ByteLedger& ByteLedger::operator+=(const ByteLedger& other)
{
    std::transform(bytes.begin(), bytes.end(), other.bytes.begin(), bytes.begin(), std::plus<>());
    return *this;
}

const LedgerPart* partOfName(std::string_view section)
{
    const auto at = std::ranges::find(names, lastWord(section), &NamedPart::name);
    return at == std::end(names) ? nullptr : &at->part;
}

ByteLedger ledgerOf(const MethodInfo* method, const std::vector<std::pair<std::string, std::uint64_t>>& sections)
{
    static const std::vector<SectionParts> none;
    const std::vector<SectionParts>& own = method ? method->sections : none;
    ByteLedger ledger;
    for (const auto& [name, bytes] : sections) {
        const auto told = std::ranges::find(own, lastWord(name), &SectionParts::section);
        if (told != own.end()) {
            const auto first = static_cast<std::uint64_t>(std::llround(told->share * double(bytes)));
            ledger[told->part] += first;
            ledger[told->other] += bytes - first;
            continue;
        }
        const LedgerPart* part = partOfName(name);
        ledger[part ? *part : Payload] += bytes;
    }
    return ledger;
}

PublishedSize payloadAlone(std::string says)
{
    return { { Scales, Models, Maps, Sinks, Tail, Header }, std::move(says) };
}

std::uint64_t publishedBytes(const MethodInfo& method, const ByteLedger& ledger)
{
    std::uint64_t bytes = ledger.total();
    for (const LedgerPart part : method.published.leavesOut)
        bytes -= ledger[part];
    return bytes;
}

} // namespace pikv
