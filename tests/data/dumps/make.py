#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the small dumps of this folder with the libraries that write such files: PyTorch, transformers, NumPy.

Every tensor counts: element [b, h, s, d] of the keys of layer i is 1000 i + 100 h + 10 s + d + 5000 b, of the values one
half more. The tests compute the same. Written with PyTorch 2.15, transformers 5.24 and NumPy 2.4.

    tests/data/dumps/make.py [FOLDER]
"""
import sys
from pathlib import Path

import numpy as np
import torch
from transformers import DeepseekV3Config, DynamicCache, EncoderDecoderCache, LlamaConfig, MistralConfig, StaticCache
from transformers.modeling_outputs import CausalLMOutputWithPast

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
LAYERS, BATCH, HEADS, SEQ, DIM = 2, 1, 2, 3, 4


def keys(layer, batch=BATCH, heads=HEADS, seq=SEQ, dim=DIM, dtype=torch.float32):
    b, h, s, d = torch.meshgrid(*(torch.arange(n, dtype=torch.float32) for n in (batch, heads, seq, dim)), indexing="ij")
    return (1000 * layer + 5000 * b + 100 * h + 10 * s + d).to(dtype)


def values(layer, **shape):
    return keys(layer, **shape) + 0.5


def dynamic(dtype=torch.float32):
    cache = DynamicCache()
    for i in range(LAYERS):
        cache.update(keys(i, dtype=dtype), values(i, dtype=dtype), i)
    return cache


class OldDynamicCache:
    """What transformers 4.36 to 4.53 pickled: the class's name and these attributes."""


OldDynamicCache.__module__, OldDynamicCache.__qualname__ = "transformers.cache_utils", "DynamicCache"


def old_dynamic():
    cache = OldDynamicCache()
    cache.__dict__ = {"_seen_tokens": SEQ, "key_cache": [keys(0), [], keys(2)], "value_cache": [values(0), [], values(2)]}
    return cache


def encoder_decoder():
    """Of a decoder with LAYERS layers that attends to an encoder's 5 tokens: those layers are 10 and 11 here."""
    cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
    for i in range(LAYERS):
        cache.self_attention_cache.update(keys(i), values(i), i)
        cache.cross_attention_cache.update(keys(i + 10, seq=5), values(i + 10, seq=5), i)
    return cache


def windows():
    """Every layer keeps the last 3 of 6 tokens."""
    config = MistralConfig(num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_key_value_heads=HEADS, head_dim=DIM,
                           hidden_size=HEADS * DIM, sliding_window=4, vocab_size=16)
    cache = DynamicCache(config=config)
    for i in range(LAYERS):
        cache.update(keys(i, seq=6), values(i, seq=6), i)
    return {"past_key_values": cache, "input_ids": torch.arange(6)[None], "config": config.to_dict()}


def latents():
    """Of DeepSeek's attention transformers keeps the latent as keys and the rotated key as values."""
    config = DeepseekV3Config(num_hidden_layers=LAYERS, kv_lora_rank=8, qk_rope_head_dim=DIM, qk_nope_head_dim=8,
                              v_head_dim=6, vocab_size=16)
    cache = DynamicCache()
    for i in range(LAYERS):
        cache.update(keys(i, heads=1, dim=8), values(i, heads=1), i)
    return {"past_key_values": cache, "config": config.to_dict()}


def save(name, what, **options):
    torch.save(what, FOLDER / name, **options)


def main():
    pairs = tuple((keys(i), values(i)) for i in range(LAYERS))
    save("dynamic.pt", dynamic(torch.float16))
    save("pairs.pt", pairs)
    save("protocol4.pt", pairs, pickle_protocol=4)

    import transformers.cache_utils as utils
    real, utils.DynamicCache = utils.DynamicCache, OldDynamicCache
    save("old_dynamic.pt", old_dynamic())
    utils.DynamicCache = real

    config = LlamaConfig(num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_key_value_heads=HEADS, head_dim=DIM,
                         hidden_size=HEADS * DIM, intermediate_size=8, vocab_size=16, rope_theta=500000.0)
    static = StaticCache(config=config, max_cache_len=8)
    for i in range(LAYERS):
        static.update(keys(i), values(i), i)
    save("static.pt", {"past_key_values": static, "input_ids": torch.tensor([[5, 6, 7]])})

    # A view of each kind: transposed, a slice of a storage that all share, a head that stands for its group.
    room = torch.zeros(1, HEADS, 10, DIM)
    room[:, :, 4:7] = keys(1)
    views = [(keys(0).transpose(1, 2).contiguous().transpose(1, 2), values(0)),
             (room[:, :, 4:7], values(1)),
             (keys(2, heads=1).expand(1, HEADS, SEQ, DIM), torch.nn.Parameter(values(2)))]
    save("views.pt", {"kv": views, "input_ids": [5, 6, 7], "attention_mask": torch.ones(1, SEQ, dtype=torch.bool),
                      "model": "a/model", "config": config.to_dict(), "seed": 7, "device": torch.device("cpu"),
                      "raw": b"bytes", "shape": torch.Size([1, 2]), "names": {"a", "b"}})
    save("named.pt", {f"layers.{i}.{part}": tensor for i in range(LAYERS)
                      for part, tensor in (("key", keys(i, dtype=torch.bfloat16)), ("value", values(i).double()))})
    save("output.pt", CausalLMOutputWithPast(logits=torch.zeros(1, SEQ, 5), past_key_values=dynamic()))
    save("encoder_decoder.pt", {"past_key_values": encoder_decoder(), "input_ids": torch.tensor([[5, 6, 7, 8, 9]]),
                                "attention_mask": torch.tensor([[0, 1, 1, 1, 1]]),
                                "decoder_input_ids": torch.tensor([[1, 2, 3]])})
    # What to_legacy_cache() of such a cache gave until transformers 4.56.
    save("quadruples.pt", tuple((keys(i), values(i), keys(i + 10, seq=5), values(i + 10, seq=5)) for i in range(LAYERS)))
    save("windows.pt", windows())
    save("latents.pt", latents())
    save("float8.pt", tuple((keys(0, seq=1, heads=1).to(torch.float8_e4m3fn),) * 2 for _ in range(1)))
    save("stacked.pt", torch.stack([torch.stack([keys(i), values(i)]) for i in range(LAYERS)]))
    save("weights.pt", {"model.norm.weight": torch.ones(4)})
    torch.save(pairs, FOLDER / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), FOLDER / "script.pt")

    arrays = {f"k_{i}": keys(i).numpy() for i in range(LAYERS)} | {f"v_{i}": values(i).numpy() for i in range(LAYERS)}
    beside = {"input_ids": np.array([[5, 6, 7]]), "model": np.array("ä/模型")}
    np.savez(FOLDER / "arrays.npz", **arrays, **beside)
    np.savez_compressed(FOLDER / "deflated.npz", **arrays, **beside)
    stacked = {"k": np.stack([keys(i).numpy() for i in range(LAYERS)]).astype(np.float16),
               "v": np.asfortranarray(np.stack([values(i).numpy() for i in range(LAYERS)]).astype(np.float64))}
    np.savez_compressed(FOLDER / "stacked.npz", **stacked)
    halves = {f"layers.{i}.{part}.bf16": tensor.view(torch.uint16).numpy() for i in range(LAYERS)
              for part, tensor in (("key", keys(i, dtype=torch.bfloat16)), ("value", values(i, dtype=torch.bfloat16)))}
    np.savez(FOLDER / "bf16.npz", **halves)
    whole = np.stack([np.stack([keys(i).numpy(), values(i).numpy()]) for i in range(LAYERS)])
    np.save(FOLDER / "whole.npy", whole)
    np.save(FOLDER / "fortran.npy", np.asfortranarray(whole[:, :, 0]))


if __name__ == "__main__":
    main()
