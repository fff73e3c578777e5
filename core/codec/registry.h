// SPDX-License-Identifier: GPL-3.0-or-later
// The one list of methods, from which window, command line, documentation and tests follow.
#pragma once
#include "core/codec/ledger.h"
#include "core/codec/methodspec.h"
#include "core/codec/paramspec.h"
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pikv {

class Compressor;
struct CacheInfo;

/// All that the program knows of a method; registered once, in the file that implements it.
struct MethodInfo {
    std::string id; ///< "kivi"
    std::string label; ///< "KIVI"
    std::string family; ///< "Quantization", "Matrix factorization", … : one of methodFamilies()
    std::string sentence; ///< one sentence, shown beside the check box
    std::string reference; ///< paper or source, with its arXiv id
    std::vector<ParamSpec> params = {}; ///< the method's own; common parameters are appended by the registry
    std::string sweep = {}; ///< parameter lists of its default sweep: "rank=[8,16,32]"; "" for the defaults alone
    std::function<std::unique_ptr<Compressor>(const ParamSet&)> make = {}; ///< withFactory() fills it in
    bool checkedByDefault = true; ///< part of the comparison that opens with the program
    std::vector<SectionParts> sections = {}; ///< those that ledgerOf() could not tell by their names
    PublishedSize published = {};
};

/// Of the family that comes first: nothing is lost, so that others are read against it.
bool isReference(const MethodInfo& method);

/// Families in the order they are shown.
const std::vector<std::string>& methodFamilies();

class Registry {
public:
    static Registry& instance();
    /// Throws std::logic_error on a duplicate id or an unknown family (a bug of the registering file).
    void add(MethodInfo info);
    /// All methods, by family, then in alphabetical order of the ids.
    const std::vector<MethodInfo>& methods() const { return m_methods; }
    const MethodInfo* find(std::string_view id) const;
    /// Throws Error{Usage} that names the known methods.
    const MethodInfo& get(std::string_view id) const;

private:
    std::vector<MethodInfo> m_methods;
};

/// Parameters that every method has: `sinks`, `recent`: tokens kept at 16 bits (ALGORITHMS: protection). A method that
/// lists one itself, say with another default, gets no second one.
const std::vector<ParamSpec>& commonParams();

std::unique_ptr<Compressor> makeCompressor(const MethodSpec& spec);
/// Compressor::validate() for those who cannot name a Compressor: throws Error{Usage} where the method cannot do this
/// with a cache of these shapes. Reads no tensors.
void checkMethod(const MethodSpec& method, const CacheInfo& info);

/// Compressor::needsAllLayers() for the same.
bool needsAllLayers(const MethodSpec& method);

/// `static const MethodRegistration reg { MethodInfo { … } };` at namespace scope of the implementing file.
struct MethodRegistration {
    explicit MethodRegistration(MethodInfo info) { Registry::instance().add(std::move(info)); }
};

} // namespace pikv
