// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string_view>

namespace pikv {

/// A tensor called so is a weight of a model, as Hugging Face names them.
bool namesWeight(std::string_view tensor);
/// What to say of a file that holds such tensors, behind its name.
inline constexpr std::string_view weightsRefusal
    = "holds a model's weights, not a KV cache; capture a cache with it: pikv capture --model";

} // namespace pikv
