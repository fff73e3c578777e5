// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/inputfiles.h"
#include "core/cache/cacheinfo.h"
#include "core/codec/container/encodedcache.h"
#include "core/codec/methodspec.h"
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>

namespace pikv {

/// The calibration file that a method's parameter `shared` names: read once, on first use, and counted among the inputs
/// from then on. May be used by several threads at once.
class SharedCalibration {
public:
    /// `spec` outlives this.
    explicit SharedCalibration(const MethodSpec& spec)
        : m_spec(spec)
    {
    }
    /// Null where none is named. Throws as loadCalibration().
    const EncodedCache* get() const;
    /// Size of its file; 0: none.
    std::uint64_t bytes() const;
    /// As pikv::requireFits(), where one is named.
    void requireFits(const CacheInfo& info, bool undoesRope) const;
    /// The spec that it was learned with, or nothing where none is named. Throws Error{Usage} where it was learned with
    /// another value of one of the `sameParams`.
    std::optional<MethodSpec> learnedSpec(std::initializer_list<const char*> sameParams) const;
    /// Adds the section that names it, where there is one.
    void mark(SectionSet& global) const;
    /// Throws Error{Input} where it is not the one that mark() named.
    void check(const SectionSet& global) const;

private:
    const std::string& path() const { return m_spec.params.text("shared"); }
    const MethodSpec& m_spec;
    mutable std::shared_ptr<const EncodedCache> m_read;
    mutable InputFile m_file;
    mutable std::uint64_t m_fingerprint = 0;
    mutable std::mutex m_mutex;
};

} // namespace pikv
