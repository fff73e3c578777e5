// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/device.h"
#include "core/base/error.h"
#include <ATen/Context.h>
#include <torch/version.h>

namespace pikv {

DeviceChoice parseDevice(std::string_view text)
{
    if (text == "auto")
        return DeviceChoice::Auto;
    if (text == "cpu")
        return DeviceChoice::Cpu;
    if (text == "cuda")
        return DeviceChoice::Cuda;
    throw usageError("unknown device '" + std::string(text) + "'; known are: auto, cpu, cuda");
}

std::string deviceName(DeviceChoice choice)
{
    const bool cuda = at::hasCUDA();
    if (choice == DeviceChoice::Cuda && !cuda)
        throw usageError(
            "device cuda: this LibTorch (" TORCH_VERSION ") has no CUDA, or no CUDA device is there; use cpu");
    return cuda && choice != DeviceChoice::Cpu ? "cuda:0" : "cpu";
}

} // namespace pikv
