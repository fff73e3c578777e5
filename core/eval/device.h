// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string>
#include <string_view>

namespace pikv {

/// Where tensors are computed; "auto" takes CUDA where LibTorch has it.
enum class DeviceChoice { Auto, Cpu, Cuda };

/// "auto", "cpu" or "cuda"; throws Error{Usage} naming them.
DeviceChoice parseDevice(std::string_view text);
/// "cpu" or "cuda:0" for the choice; throws Error{Usage} when CUDA is asked for and not there.
std::string deviceName(DeviceChoice choice);

} // namespace pikv
