// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string>
#include <string_view>

namespace pikv {

/// What a `.pikv` file calls itself in the `kv_format` of its metadata. Free of LibTorch and of other headers.
struct ContainerFormat {
    static constexpr const char* cache = "pikv-enc-1";
    static constexpr const char* calibration = "pikv-basis-1";

    /// CacheInfo::format of a compressed cache that is open: "pikv-enc-1 (kivi:key_bits=4)".
    static std::string title(const std::string& spec) { return std::string(cache) + " (" + spec + ")"; }
    /// Whether title() made this CacheInfo::format.
    static bool isTitle(std::string_view format) { return format.starts_with(cache); }
};

} // namespace pikv
