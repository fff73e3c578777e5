#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the corpora of container_fuzzer, zip_fuzzer and packed_fuzzer: small files that hold every kind of what they can.

    python3 make_containers.py

The checksums of the .pikv files are zeros: the fuzzer puts those in that fit.
"""
import gzip
import io
import json
import os
import struct
import zipfile

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def write(folder, name, data):
    os.makedirs(os.path.join(FOLDER, folder), exist_ok=True)
    with open(os.path.join(FOLDER, folder, name), "wb") as file:
        file.write(data)


def noise(count):
    return bytes((37 * i + 11) & 127 for i in range(count))


def zstd_frame(data):
    """One raw block, its size in the header (RFC 8878)."""
    block = struct.pack("<I", 1 | len(data) << 3)[:3] + data
    return b"\x28\xb5\x2f\xfd\x60" + struct.pack("<H", len(data) - 256) + block


def container(name, metadata, sections):
    """sections: name → (dtype, bytes an element, shape, data)."""
    sections = {"checksums": ("U64", 8, [1 + len(sections)], bytes(8 + 8 * len(sections))), **sections}
    header, data = {"__metadata__": metadata}, b""
    for key, (dtype, _, shape, content) in sections.items():
        header[key] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    write("container", name, struct.pack("<Q", len(text)) + text + data)


def containers():
    equal = {"codes": ("U8", 1, [2, 6], noise(12)), "cache.tokens": ("U8", 1, [4], bytes([8, 1, 2, 3]))}
    container("equal.pikv", {"kv_format": "pikv-enc-1", "spec": "identity", "seed": "0", "model": "m",
                             "layers": "2*1,1,3,2,2,F16,F16", "rope": "post half 10000 0"}, equal)
    told = json.dumps({"text": "a" * 300, "config": "{}"}).encode()
    sizes = struct.pack("<3Q", 0, 3, 5)
    container("unequal.pikv", {"kv_format": "pikv-enc-1", "spec": "kivi:key_bits=2", "seed": "7", "keep": "1",
                               "layers": "1*2,2,4,2,4,BF16,F32;2*2,2,3,2,4,F16,F16", "rope": "unknown unknown - 0",
                               "ropes": "[\"2*post half 10000 2 {\\\"type\\\":\\\"linear\\\"}\",\"1*pre half 1 0\"]",
                               "numbers": "0,3,7", "positions": "0+2,9+2", "mask": "1,3;0,4"},
              {"codes": ("U8", 1, [8], noise(8)), "codes.sizes": ("U64", 8, [3], sizes),
               "cache.dump": ("U8", 1, [len(zstd_frame(told))], zstd_frame(told))})
    vast = {"kv_format": "pikv-enc-1", "spec": "identity", "seed": "0", "layers": "1*1,1,2147483648,1,1,F16,F16",
            "rope": "unknown unknown - 0"}
    container("positions.pikv", vast | {"positions": "0+2147483648"}, {})
    container("mask.pikv", vast | {"mask": "0,2147483648"}, {})
    container("layers.pikv", vast | {"layers": "4096*1,1,1,1,1,F16,F16;1*1,1,1,1,1,F16,F16"}, {})
    container("basis.pikv", {"kv_format": "pikv-basis-1", "spec": "lora:rank=2", "seed": "0", "layers": "",
                             "rope": "unknown unknown - 0"}, {"cache.basis": ("U8", 1, [8], noise(8))})


def archive(name, members, pack=zipfile.ZIP_STORED, wide=False):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", pack) as file:
        for member, content in members.items():
            with file.open(zipfile.ZipInfo(member), "w", force_zip64=wide) as out:
                out.write(content)
    write("zip", name, data.getvalue())


def archives():
    archive("stored.zip", {"a/data.pkl": noise(40), "a/data/0": b"", "a/version": b"3\n"})
    archive("wide.zip", {"k.npy": noise(20), "v.npy": noise(20)}, wide=True)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("k.npy", bytes(3000) + noise(50))
        file.writestr("v.npy", noise(200))
        file.comment = b"a comment"
    write("zip", "deflated.zip", data.getvalue())


def packed():
    two = gzip.compress(noise(300) + bytes(500), mtime=0) + gzip.compress(b"", mtime=0)
    write("packed", "members.gz", two + gzip.compress(b"more", mtime=0) + bytes(9))
    skipped = struct.pack("<II", 0x184D2A5A, 3) + b"abc"
    write("packed", "frames.zst", skipped + zstd_frame(noise(300)) + zstd_frame(bytes(400)))


if __name__ == "__main__":
    containers()
    archives()
    packed()
