// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/container/encodedcache.h"
#include "core/formats/safetensors.h"
#include <string>
#include <vector>

namespace pikv {

/// The safetensors layout of a `.pikv` file, known from sizes alone: header text and the order of its tensors.
struct ContainerLayout {
    /// checksums, then every `<section>.sizes`, then the layer sections, then `cache.<name>`.
    std::vector<TensorEntry> tensors;
    std::string prefix; ///< the file up to its data: length word and padded JSON

    ContainerLayout(const EncodedHeader& header, const EncodedSizes& sizes);
    std::uint64_t fileBytes() const;

    static constexpr const char* checksumsName = "checksums";
    static constexpr const char* sizesSuffix = ".sizes";
    static constexpr const char* globalPrefix = "cache.";
    /// What the file will spend outside the sections, about, before their sizes are known: `sections` of each of
    /// `layers` layers beside the method's header text `spec`; `fingerprint`: of a calibration, in a section of the
    /// whole cache. Within a few hundred bytes, which is what it takes to aim at a ratio.
    static std::int64_t expectedOverhead(const std::string& spec, int layers, int sections, bool fingerprint);
    static bool equalSizes(const std::vector<std::uint64_t>& sizes);
    static const std::vector<std::uint64_t>& sectionSizes(const EncodedSizes& sizes, const std::string& name)
    {
        return sizes.m_sizes.find(name)->second;
    }
};

/// Header fields as metadata strings and back; headerFromMetadata throws Error{Input} naming the field.
std::map<std::string, std::string> headerToMetadata(const EncodedHeader& header);
EncodedHeader headerFromMetadata(const std::map<std::string, std::string>& metadata);

} // namespace pikv
