// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/formats/dumplayout.h"

namespace pikv {

/// A NumPy array as its header describes it.
struct NpyArray {
    StoredTensor tensor; ///< `begin` behind the header, strides where it is in Fortran order; without a name
    std::string descr; ///< "<f4"
    /// Why its elements are none that this program has ("has big-endian numbers …"); "" where `tensor` is whole.
    std::string problem;
    std::int64_t characters = 0; ///< of a "<U7": the 7; it has no tensor then, and no problem
};

/// Reads the header at the beginning of `file`, all of which is one array. `isBf16`: 16-bit elements without a name of
/// their own are bf16. Throws Error{Input} beginning with `what`: versions but 1 to 3, headers above 64 KiB or of
/// another form than NumPy writes, a file that is shorter or longer than its shape says.
NpyArray readNpy(const ByteSource& file, const std::string& what, bool isBf16);

/// The text of a 0-dimensional string array; "" where it is none, or longer than 16 MiB. Throws Error{Input} where it
/// is not Unicode.
std::string readNpyText(const ByteSource& file, const NpyArray& array, const std::string& what);

} // namespace pikv
