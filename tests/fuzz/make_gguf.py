#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the corpus of gguf_fuzzer: files of a kilobyte that hold every kind of value and of tensor.

    python3 make_gguf.py
"""
import os
import struct

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "gguf")
SCALARS = {0: ("B", 250), 1: ("b", -3), 2: ("H", 60000), 3: ("h", -300), 4: ("I", 7), 5: ("i", -70000), 6: ("f", 0.5),
           7: ("B", 1), 10: ("Q", 1 << 40), 11: ("q", -(1 << 40)), 12: ("d", 1e-6)}
# Type number, elements and bytes of a block.
TENSORS = {"f32": (0, 1, 4), "f16": (1, 1, 2), "q4_0": (2, 32, 18), "q4_1": (3, 32, 20), "q5_0": (6, 32, 22),
           "q5_1": (7, 32, 24), "q8_0": (8, 32, 34), "q4_k": (12, 256, 144), "q5_k": (13, 256, 176),
           "q6_k": (14, 256, 210), "bf16": (30, 1, 2)}


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def entry(key, kind, value):
    return text(key) + struct.pack("<I", kind) + value


def array(kind, values):
    pack = text if kind == 8 else lambda v: struct.pack("<" + SCALARS[kind][0], v)
    return struct.pack("<IQ", kind, len(values)) + b"".join(pack(v) for v in values)


def write(name, version, entries, tensors):
    """tensors: name → (type name, shape with the fastest axis first)."""
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(entries)) + b"".join(entries)
    data = b""
    for tensor, (kind, shape) in tensors.items():
        number, elements, size = TENSORS[kind]
        count = 1
        for n in shape:
            count *= n
        data += bytes(-len(data) % 32)
        head += text(tensor) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", n) for n in shape)
        head += struct.pack("<IQ", number, len(data))
        data += bytes(range(1, 252))[:32] * (count // elements * size // 32 + 1)
        data = data[:len(data) - (32 - count // elements * size % 32)]
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(head + bytes(-len(head) % 32) + data)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    named = [entry("general.architecture", 8, text("llama")), entry("llama.block_count", 4, struct.pack("<I", 2))]
    scalars = [entry(f"value.{kind}", kind, struct.pack("<" + code, value)) for kind, (code, value) in SCALARS.items()]
    arrays = [entry(f"list.{kind}", 9, array(kind, [SCALARS[kind][1]] * 2)) for kind in SCALARS]
    tokens = [entry("tokenizer.ggml.tokens", 9, array(8, ["<s>", "a", "é", ""])),
              entry("general.alignment", 4, struct.pack("<I", 32))]
    write("values.gguf", 3, named + scalars + tokens, {})
    write("arrays.gguf", 2, named + arrays + tokens, {"token_embd.weight": ("f32", [4, 2])})
    write("blocks.gguf", 3, named + tokens, {kind: (kind, [32]) for kind in TENSORS if TENSORS[kind][1] < 256})
    write("superblocks.gguf", 3, named, {kind: (kind, [256]) for kind in TENSORS if TENSORS[kind][1] == 256})


if __name__ == "__main__":
    main()
