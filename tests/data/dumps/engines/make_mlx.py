#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the prompt caches mlx-*.safetensors of this folder with mlx-lm, and beside each what mlx-lm itself reads from it
(*.expected.npz, f32, rows by position).

A tiny random Llama (two layers, two KV heads of 32 channels) prefills ten tokens; one with a prompt of each length for the
batch. mlx-lm changed its files in 0.32: run it with a version of either side, each writes files with its own suffix.
Written with mlx 0.32.4, and mlx-lm 0.31.3 and 0.32.2.

    pip install 'mlx[cpu]' mlx-lm
    tests/data/dumps/engines/make_mlx.py [FOLDER]
"""
import importlib.metadata
import sys
from pathlib import Path

import mlx.core as mx
import numpy as np
from mlx_lm.models import cache as kv
from mlx_lm.models.llama import Model, ModelArgs

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
VERSION = tuple(int(n) for n in importlib.metadata.version("mlx-lm").split(".")[:2])
SUFFIX = "new" if VERSION >= (0, 32) else "old"
IDS = [7, 3, 9, 1, 4, 4, 8, 2, 6, 5]

for kind in (kv.KVCache, kv.QuantizedKVCache, kv.RotatingKVCache, kv.ChunkedKVCache, kv.BatchKVCache):
    kind.step = 4  # the buffers grow by 256 rows else, and so would these files


def in_time(cache, array):
    """The rows of one buffer that hold tokens, by position."""
    if isinstance(cache, kv.RotatingKVCache):
        return cache._temporal_order(array)
    if isinstance(cache, kv.BatchKVCache):
        return array[..., :cache._idx, :]
    return array[..., :cache.offset - getattr(cache, "start_position", 0), :]


def plain(cache, part):
    if isinstance(cache, kv.QuantizedKVCache):
        part = mx.dequantize(*(in_time(cache, p) for p in part), group_size=cache.group_size, bits=cache.bits)
        return np.array(part.astype(mx.float32))
    return np.array(in_time(cache, part).astype(mx.float32))


def save(model, name, caches, ids, dtype=mx.float16):
    model.set_dtype(dtype)
    for part in (ids[:, :6], *(ids[:, i:i + 1] for i in range(6, ids.shape[1]))):  # a prompt, then token by token
        for c in caches:
            if isinstance(c, kv.ChunkedKVCache):
                c.maybe_trim_front()  # as models of such layers do
        model(part, cache=caches)
        mx.eval([c.state for c in caches])
    path = FOLDER / f"mlx-{name}-{SUFFIX}.safetensors"
    kv.save_prompt_cache(str(path), caches, {"model": "tiny/random", "chat_template": "none"})
    read = kv.load_prompt_cache(str(path))
    expected = {f"{p}_{i}": plain(c, a) for i, c in enumerate(read) for p, a in (("k", c.keys), ("v", c.values))}
    np.savez_compressed(path.with_suffix(".expected.npz"), **expected)


def main():
    mx.random.seed(3)
    model = Model(ModelArgs(model_type="llama", hidden_size=32, num_hidden_layers=2, intermediate_size=32,
                            num_attention_heads=2, num_key_value_heads=2, head_dim=32, rms_norm_eps=1e-5, vocab_size=16))
    ids = mx.array([IDS])
    save(model, "plain", [kv.KVCache(), kv.KVCache()], ids, mx.bfloat16)
    save(model, "quantised", [kv.QuantizedKVCache(group_size=32, bits=b) for b in (8, 4)], ids)
    save(model, "rotating", [kv.RotatingKVCache(max_size=7, keep=2) for _ in range(2)], ids)
    save(model, "sliding", [kv.RotatingKVCache(max_size=5), kv.KVCache()], ids)
    if SUFFIX == "new":  # before, files of caches that had lost their first tokens did not say how many rows are tokens
        chunked = [kv.ChunkedKVCache(chunk_size=8) for _ in range(2)]
        save(model, "chunked", chunked, mx.array([IDS + IDS[:4]]))
    padded = mx.array([IDS, [0] * 3 + IDS[:7]])
    save(model, "batch", [kv.BatchKVCache([0, 3]) for _ in range(2)], padded)


if __name__ == "__main__":
    main()
