#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the files of other engines in the corpus of dump_fuzzer: small ones that hold every kind of what they can.

    python3 make_dumps.py
"""
import json
import os
import struct

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "dump")
F16, Q4_0, Q8_0 = 1, 2, 8
BLOCK = {Q4_0: 18, Q8_0: 34}


def words(*values):
    return struct.pack(f"<{len(values)}i", *values)


def noise(count):
    return bytes((37 * i + 11) & 127 for i in range(count))


def write(name, data):
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(data)


def rows(kind, cells, width=32):
    size = 2 * width if kind == F16 else width // 32 * BLOCK[kind]
    return struct.pack("<iQ", kind, size) + noise(cells * size)


def section(cells, kind, streams=False, transposed=False, rotations=()):
    """cells: (position, sequences)."""
    data = words(2, 0) if streams else b""  # an empty stream first
    data += words(len(cells))
    for position, sequences in cells:
        data += words(position, len(sequences), *sequences)
    data += words(int(transposed), 1, *rotations) + rows(kind, len(cells))
    if transposed:
        return data + words(kind, 2, 32) + noise(2 * 32 * len(cells))
    return data + rows(kind, len(cells))


def states():
    write("slot.ggsq", words(0x67677371, 2, 2, 5, 6) + section([(1, []), (0, [])], F16, transposed=True))
    several = [(0, [0, 1]), (1, [1]), (1, [0]), (2, [0])]
    write("session.ggsn", words(0x6767736E, 9, 2, 5, 6, 5) + b"llama" + words(1, 0) + struct.pack("<QfQ", 1, 0.5, 0)
          + section(several, F16))
    packed = words(-1, 1, 2, 5, -1, 1, 1, 3, 0)
    write("packed.ggsq", words(0x67677371, 2, len(packed) // 4) + packed
          + section([(0, [0]), (2, [0]), (1, [0])], Q8_0, streams=True))
    write("window.ggsq", words(0x67677371, 2, 0) + section([(0, [0]), (1, [0])], Q4_0, streams=True)
          + section([(1, [0])], Q4_0, streams=True))
    write("rotated.ggsq", words(0x67677371, 4, 2, 5, 6)
          + section([(0, [0]), (1, [0])], Q8_0, streams=True, rotations=(32, 16)))


def safetensors(name, metadata, tensors):
    """tensors: name → (dtype, bytes an element, shape)."""
    header, data = {"__metadata__": metadata}, b""
    for tensor, (dtype, size, shape, *content) in tensors.items():
        count = size
        for n in shape:
            count *= n
        part = content[0] if content else noise(count)
        header[tensor] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header, separators=(",", ":")).encode()
    write(name, struct.pack("<Q", len(text)) + text + data)


def mlx():
    plain = ("BF16", 2, [1, 1, 4, 2])
    quantised = {f"2.{p}.{i}": part for p in (0, 1) for i, part in enumerate(
        [("U32", 4, [1, 1, 4, 4]), ("F16", 2, [1, 1, 4, 1]), ("F16", 2, [1, 1, 4, 1])])}
    numbers = {0: (1, 4, 4, 4), 2: (4, 32, 4), 3: (512, 0)}
    classes = ["RotatingKVCache", "KVCache", "QuantizedKVCache", "ChunkedKVCache", "ArraysCache"]
    metadata = {f"2.{i}": kind for i, kind in enumerate(classes)} | {"1.model": "m"}
    metadata |= {f"0.{i}.{n}": str(v) for i, values in numbers.items() for n, v in enumerate(values)}
    safetensors("mlx.safetensors", metadata, {f"{i}.{p}": plain for i in (0, 1, 3) for p in (0, 1)} | quantised
                | {"4.0": ("F32", 4, [1, 2])})
    safetensors("mlx-ring.safetensors", {"2.0": "RotatingKVCache"} | {f"0.0.{n}": str(v) for n, v in
                                                                    enumerate((1, 4, 9, 2))},
                {"0.0": plain, "0.1": plain})
    safetensors("mlx-batch.safetensors", {"2.0": "BatchKVCache", "0.0": ""},
                {"0.0": plain, "0.1": plain, "0.2": ("I32", 4, [1], words(3)), "0.3": ("I32", 4, [1], words(1))})


def others():
    for name, shape in {"pair": [2, 8, 4], "second": [4, 2, 1, 2], "packed": [4, 1, 4]}.items():
        safetensors(f"vllm-{name}.safetensors", {}, {"kv_cache": ("BF16", 2, shape)})
    write("lmcache.data", words(2 * 2 * 3 * 4 * 2, 1, 3, 2, 2, 3, 4) + noise(2 * 2 * 3 * 4 * 2))
    write("lmcache-fp8.data", words(2 * 3 * 4, 1, 7, 2, 1, 3, 4) + noise(2 * 3 * 4))


def rarer():
    """Latents by a configuration and by their width, factors, groups of layers, both caches of a decoder, an index."""
    config = {"config": json.dumps({"kv_lora_rank": 6, "qk_rope_head_dim": 2})}
    safetensors("latent.safetensors", config, {"layers.0.key": ("BF16", 2, [1, 1, 3, 8]),
                                               "layers.0.value": ("BF16", 2, [1, 1, 3, 0])})
    safetensors("vllm-latent.safetensors", {}, {"kv_cache": ("BF16", 2, [1, 288])})
    factors = {f"layers.0.{part}_scale": ("F32", 4, [2], struct.pack("<2f", 0.5, 2)) for part in ("key", "value")}
    safetensors("int8.safetensors", {}, {f"layers.0.{part}": ("I8", 1, [1, 2, 3, 4]) for part in ("key", "value")} | factors)
    tensor = ("F16", 2, [1, 1, 3, 4])
    safetensors("cross.safetensors", {}, {f"past_key_values.0.{side}.{part}": tensor
                                         for side in ("encoder", "decoder") for part in ("key", "value")}
                | {"decoder_input_ids": ("I64", 8, [1, 3], struct.pack("<3q", 1, 2, 3))})
    groups = [(1, 2, 2, 3, 4), (3, 2, 1, 2, 8)]  # type, shape
    sizes = [2 * layers * tokens * width * 2 for _, _, layers, tokens, width in groups]
    write("lmcache-groups.data", words(sum(sizes), 1) + b"".join(words(*group) for group in groups) + noise(sum(sizes)))
    index = {"metadata": {"total_size": 96}, "weight_map": {"layers.0.key": "a-00001-of-00002.safetensors",
                                                            "layers.0.value": "a-00002-of-00002.safetensors"}}
    write("a.safetensors.index.json", json.dumps(index).encode())


states()
mlx()
others()
rarer()
