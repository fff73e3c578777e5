#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes tests/core/quantization/goldens.h: ggml's q8_0 and q4_0 blocks of four fixed rows, by the gguf package."""
import numpy as np
from gguf import GGMLQuantizationType, quants


def array(name, kind, values):
    print(f"inline constexpr std::array<{kind}, {len(values)}> {name} {{")
    for i in range(0, len(values), 16):
        print("    " + ", ".join(hex(int(v)) for v in values[i:i + 16]) + ",")
    print("};")


x = (np.random.default_rng(7).standard_normal(128) * np.repeat([1, 8, 0.01, 300], 32)).astype(np.float32)
x[5] = 0
x[96:128] = 0
x[100] = -2.5
x = x.astype(np.float16).astype(np.float32)
print("// SPDX-License-Identifier: GPL-3.0-or-later\n// Four blocks of 32 f16 values and what gguf-py's quants.quantize() "
      "makes of them (made by tests/data/ggmlblocks.py).\n#pragma once\n#include <array>\n#include <cstdint>\n")
array("ggmlInput", "std::uint16_t", x.astype(np.float16).view(np.uint16))
array("ggmlQ8", "std::uint8_t", quants.quantize(x, GGMLQuantizationType.Q8_0).ravel())
array("ggmlQ4", "std::uint8_t", quants.quantize(x, GGMLQuantizationType.Q4_0).ravel())
