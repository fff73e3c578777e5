// SPDX-License-Identifier: GPL-3.0-or-later
// MD5 (RFC 1321), by which vLLM names its folders. Not for what must withstand anybody.
#pragma once
#include "core/base/bytes.h"
#include <string>

namespace pikv {

/// 32 hexadecimal digits in lower case.
std::string md5Of(ByteSpan bytes);

} // namespace pikv
