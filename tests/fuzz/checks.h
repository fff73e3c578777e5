// SPDX-License-Identifier: GPL-3.0-or-later
// What every fuzz target asks of a parser: an Error{Input} or something sound, nothing else.
#pragma once
#include "core/base/bytesource.h"
#include "core/base/error.h"
#include <cstdlib>

namespace fuzz {

inline void require(bool condition)
{
    if (!condition)
        std::abort();
}

/// Runs a parser on the bytes as a file of that name.
template <typename Work>
void parse(const std::uint8_t* data, std::size_t size, const char* name, Work&& work)
{
    const pikv::MemorySource file(pikv::asBytes(data, size), name);
    try {
        work(file);
    } catch (const pikv::Error& error) {
        require(error.kind() == pikv::ErrorKind::Input);
    }
}

} // namespace fuzz
