#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the dumps of this folder and what is right for each, cases.json, from NumPy alone.

Each dump is of a kind that people met and that is easily read wrongly: layers unlike each other, axes in another order,
scales beside the numbers, padding, rotations that differ by layer. The figures are computed here from the definitions
(metrics.md, ggml, Eckart & Young) and share no code with the program:

- q8_0: blocks of 32 values, scale max|x| / 127 as f16, codes rounded (ggml-quants.c, quantize_row_q8_0_ref);
- lora at rank r with 16-bit factors: the part of the centred, unrotated keys beyond their first r singular directions.

    python3 tests/data/cases/make.py
"""
import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
RANK = 6
NATIVE = {"kv_format": "pikv-kv-1", "axes": "batch,kv_head,seq,head_dim", "key_rope": "post", "rope_layout": "half"}
TYPES = {"float16": "F16", "int8": "I8", "float32": "F32", "int64": "I64", "uint8": "U8"}


def save(name, tensors, metadata=None):
    """A safetensors file; an entry is an array, or (dtype, array of uint16 or uint8 bit patterns)."""
    header, data = ({"__metadata__": metadata} if metadata else {}), b""
    for key, tensor in tensors.items():
        dtype, array = tensor if isinstance(tensor, tuple) else (TYPES[str(tensor.dtype)], tensor)
        block = np.ascontiguousarray(array).tobytes()
        header[key] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(block)]}
        data += block
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    (HERE / name).write_bytes(len(text).to_bytes(8, "little") + text + data)


# --- caches -------------------------------------------------------------------------------------------------------

def structured(rng, heads, seq, dim, batch=1):
    """Rows near a subspace of RANK directions, as unrotated keys and values are: [batch, heads, seq, dim], f64."""
    directions = rng.standard_normal((batch, heads, RANK, dim))
    rows = rng.standard_normal((batch, heads, seq, RANK)) @ directions
    return rows + 0.2 * rng.standard_normal(rows.shape) + rng.standard_normal((batch, heads, 1, dim))


def frequencies(dim, base):
    return base ** (-np.arange(0, dim, 2) / dim)


def llama3(freq, factor, low, high, original):
    """Llama 3.1's scaling of the frequencies (its reference code): long waves by the factor, short ones not at all."""
    wave = 2 * np.pi / freq
    smooth = np.clip((original / wave - low) / (high - low), 0, 1)
    return (1 - smooth) * freq / factor + smooth * freq


def rotate(rows, freq, positions):
    """Rotates the first 2 len(freq) channels; those beyond stay."""
    n = len(freq)
    angle = np.asarray(positions, dtype=np.float64)[:, None] * freq
    cos, sin = np.cos(angle), np.sin(angle)
    out = rows.copy()
    first, second = np.s_[..., :n], np.s_[..., n:2 * n]
    out[first] = rows[first] * cos - rows[second] * sin
    out[second] = rows[second] * cos + rows[first] * sin
    return out


# --- figures ------------------------------------------------------------------------------------------------------

def q8_0(rows):
    """What comes back, in the type of `rows`, which is the cache's own."""
    blocks = rows.astype(np.float32).reshape(-1, 32)  # ggml's reference computes in single precision
    scale = np.abs(blocks).max(axis=1, keepdims=True) / np.float32(127)
    scaled = blocks * np.divide(np.float32(1), scale, out=np.zeros_like(scale), where=scale > 0)
    codes = np.sign(scaled) * np.floor(np.abs(scaled) + np.float32(0.5))  # halves go away from zero
    back = codes.astype(np.float64) * scale.astype(np.float16).astype(np.float64)
    return back.reshape(rows.shape).astype(rows.dtype)


def energies(rows, back):
    rows, back = rows.astype(np.float64), back.astype(np.float64)
    return np.array([((rows - back) ** 2).sum(), (rows ** 2).sum(), rows.size])


def nmse(sums):
    return float(sums[0] / sums[1])


def mse(sums):
    return float(sums[0] / sums[2])


def low_rank_energies(plain):
    """Energies of what a mean and RANK directions a head leave of `plain` [..., seq, dim]; a rotation keeps both."""
    sums = np.zeros(3)
    for head in plain.reshape(-1, *plain.shape[-2:]):
        mean = head.mean(axis=0)
        u, s, v = np.linalg.svd(head - mean, full_matrices=False)
        sums += energies(head, mean + (u[:, :RANK] * s[:RANK]) @ v[:RANK])
    return sums


def attention(query, key, value):
    """Causal attention of the last rows; query [n, d] stands at the last n of the keys' rows."""
    query, key, value = (x.astype(np.float64) for x in (query, key, value))
    scores = query @ key.T / np.sqrt(key.shape[1])
    first = len(key) - len(query)
    scores[np.arange(len(key))[None, :] > np.arange(len(query))[:, None] + first] = -np.inf
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True) @ value


def attention_error(layers):
    """Relative error of the attention outputs with the keys as stand-in queries; layers: lists of [seq, dim] pairs."""
    error = signal = 0.0
    for key, value in layers:
        right = attention(key[-64:], key, value)
        error += ((attention(key[-64:], q8_0(key), q8_0(value)) - right) ** 2).sum()
        signal += (right ** 2).sum()
    return float(np.sqrt(error / signal))


# --- the cases ----------------------------------------------------------------------------------------------------

CASES = []


def case(name, tensors, metadata=None, **right):
    save(name + ".safetensors", tensors, metadata)
    CASES.append({"file": name + ".safetensors", **right})


def f16(rows):
    return rows.astype(np.float16)


def layers_of(pairs, numbers=None):
    numbers = numbers or range(len(pairs))
    return {f"layers.{n}.{kind}": rows for n, pair in zip(numbers, pairs) for kind, rows in zip(("key", "value"), pair)}


def heads_of(pairs):
    return [(k[b, h], v[b, h]) for k, v in pairs for b in range(k.shape[0]) for h in range(k.shape[1])]


def q8_figures(pairs, metric=nmse):
    sums = [sum(energies(rows, q8_0(rows)) for rows in side) for side in zip(*pairs)]
    name = metric.__name__
    return {"spec": "q8_0", f"key_{name}": metric(sums[0]), f"value_{name}": metric(sums[1]),
            "attention_error": attention_error(heads_of(pairs))}


def shapes(pairs):
    return [list(k.shape) for k, _ in pairs]


def plain(rng, *shape):
    return f16(structured(rng, *shape)), f16(structured(rng, *shape))


def shapes_and_numbers(rng):
    pairs = [plain(rng, 2, 32, 32), plain(rng, 1, 32, 64), plain(rng, 2, 32, 32)]
    case("head-dim-by-layer", layers_of(pairs), shapes=shapes(pairs), original_bytes=3 * 2 * 2 * 32 * 32 * 2,
         figures=[q8_figures(pairs)])

    pairs = [plain(rng, 2, 16, 32), plain(rng, 2, 48, 32)]
    ids = np.arange(48, dtype=np.int64)[None]
    case("seq-by-layer", {**layers_of(pairs), "input_ids": ids}, NATIVE, shapes=shapes(pairs), first_tokens=[32, 0],
         figures=[q8_figures(pairs)])

    pairs = [plain(rng, 2, 16, 32), plain(rng, 2, 16, 32)]
    case("hybrid", layers_of(pairs, [3, 7]), shapes=shapes(pairs), numbers=[3, 7],
         notes=["layers 0 to 2, 4 to 6 have no cache"], figures=[q8_figures(pairs)])
    empty = {"layers.0.key": f16(np.zeros((1, 0))), "layers.0.value": f16(np.zeros((1, 0)))}
    case("hybrid-empty-layer", {**empty, **layers_of(pairs[:1], [1])}, shapes=shapes(pairs[:1]), numbers=[1],
         notes=["layer 0 has no cache"], figures=[q8_figures(pairs[:1])])


def axes_and_heads(rng):
    pairs = [plain(rng, 2, 48, 32)]
    config = json.dumps({"num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32})
    seq_first = layers_of([[x.transpose(0, 2, 1, 3) for x in pairs[0]]])
    ids = np.arange(48, dtype=np.int64)[None]
    case("seq-first", {**seq_first, "input_ids": ids}, {"config": config}, shapes=shapes(pairs), token_ids=48,
         notes=["are read as [batch, seq, kv_heads, head_dim]"], figures=[q8_figures(pairs)])
    case("seq-first-bare", seq_first, shapes=[[1, 48, 2, 32]], notes=["48 KV heads of 2 tokens"])

    pairs = [plain(rng, 2, 16, 32)]
    config = json.dumps({"num_hidden_layers": 1, "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 32})
    case("repeat-kv", layers_of([[np.repeat(x, 4, axis=1) for x in pairs[0]]]), {"config": config},
         shapes=shapes(pairs), original_bytes=2 * 2 * 16 * 32 * 2, notes=["stored 4 times"], figures=[q8_figures(pairs)])

    both = np.concatenate(plain(rng, 2, 16, 32), axis=-1)
    case("packed", {"kv_cache": both[0].transpose(1, 0, 2)}, refusal="holds keys and values together")
    case("packed-by-layer", {"layers.0.kv": both}, refusal="holds keys and values together")

    case("too-many-ids", {**layers_of(pairs), "input_ids": np.arange(24, dtype=np.int64)[None]}, shapes=shapes(pairs),
         token_ids=0, notes=["'input_ids' is [1, 24] i64 where [1, 16] i64 was expected"])


def float8(codes):
    """E4M3 (OCP, "fn"): 1 sign, 4 exponent (bias 7), 3 fraction bits."""
    sign, exponent, fraction = codes >> 7, (codes >> 3) & 15, codes & 7
    size = np.where(exponent == 0, fraction / 8 * 2.0 ** -6, (1 + fraction / 8) * 2.0 ** (exponent.astype(float) - 7))
    return np.where(sign == 1, -size, size)


def scaled(rng):
    codes = [rng.integers(0, 256, (1, 2, 16, 32), dtype=np.uint8) for _ in range(2)]
    codes = [np.where(c & 127 > 119, c & 0x8f, c) for c in codes]  # no NaN, and nothing near the largest
    scales = [0.03125, 0.21]
    pairs = [tuple(float8(c) * np.float64(np.float32(s)) for c, s in zip(codes, scales))]
    tensors = {"layers.0.key": ("F8_E4M3", codes[0]), "layers.0.value": ("F8_E4M3", codes[1])}
    tensors |= {f"layers.0.{n}": np.array(s, dtype=np.float32) for n, s in zip(("k_scale", "v_scale"), scales)}
    case("fp8-with-scales", tensors, shapes=shapes(pairs), figures=[q8_figures(pairs, mse)])

    rows = plain(rng, 2, 16, 32)
    pairs = [tuple(r.astype(np.float64) * np.float64(np.float32(s)) for r, s in zip(rows, scales))]
    tensors = layers_of([rows])
    tensors |= {f"layers.0.{n}": np.array([s], dtype=np.float32) for n, s in zip(("k_scale", "v_scale"), scales)}
    case("f16-with-scale", tensors, shapes=shapes(pairs), figures=[q8_figures(pairs, mse)])

    codes = [np.clip(np.rint(structured(rng, 2, 16, 32) * 20), -127, 127).astype(np.int8) for _ in range(2)]
    scales = [np.array([0.05, 0.4], dtype=np.float32), np.array([1.5, 0.125], dtype=np.float32)]  # one a head
    pairs = [tuple(c * s.astype(np.float64)[:, None, None] for c, s in zip(codes, scales))]
    tensors = {"layers.0.key": ("I8", codes[0]), "layers.0.value": ("I8", codes[1])}
    tensors |= {f"layers.0.{n}": s for n, s in zip(("k_scale", "v_scale"), scales)}
    case("int8-with-scales", tensors, shapes=shapes(pairs), figures=[q8_figures(pairs, mse)])
    case("int8-without-scales", layers_of([codes]), refusal="layers.0.key")


def first_row_in_half(rows):
    back = rows.copy()
    back[:, :, 0] = f16(rows[:, :, 0])
    return energies(rows, back)


def outliers(rng):
    key, value = (structured(rng, 2, 16, 32).astype(np.float32) for _ in range(2))
    key[0, 0, 0, 5] = -1e6
    pair = [(key, value)]
    original = 2 * 2 * 16 * 32 * 2
    # A protected row beyond 16 bits is kept in 32, those of values in 16; q8_0's scale of 16 bits holds 1e6 / 127.
    case("outlier", layers_of(pair), shapes=shapes(pair), original_bytes=original, figures=[
        {"spec": "identity:sinks=1", "key_mse": 0, "value_mse": mse(first_row_in_half(value)), "clamped": 0},
        q8_figures(pair),
        {"spec": "lora:rank=8,sinks=0,code_bits=16,basis_bits=16", "clamped_at_least": 1, "largest_at_least": 9e5}])


def padding(rng):
    key, value = (structured(rng, 2, 24, 32, batch=2).astype(np.float32) for _ in range(2))
    seen = [24, 15]
    mask = np.array([[0] * (24 - n) + [1] * n for n in seen], dtype=np.uint8)
    ids = np.arange(48, dtype=np.int64).reshape(2, 24)
    for c in (key, value):  # each sequence is coded as if it were alone
        c[mask[:, None].repeat(2, axis=1) == 0] = 0
    visible = [(key[b:b + 1, :, -n:], value[b:b + 1, :, -n:]) for b, n in enumerate(seen)]
    low = sum(low_rank_energies(k.astype(np.float64)) for k, _ in visible)
    figures = [q8_figures(visible), {"spec": f"lora:rank={RANK},sinks=0,code_bits=16,basis_bits=16,scope=head,rope=keep",
                                     "key_nmse": nmse(low)}]
    for name, filler in (("left-padding-nan", np.nan), ("left-padding-1e4", 1e4)):
        padded = [np.where(mask[:, None, :, None] == 1, c, np.float32(filler)) for c in (key, value)]
        case(name, {**layers_of([padded]), "attention_mask": mask, "input_ids": ids}, NATIVE, shapes=[[2, 2, 24, 32]],
             visible=seen, original_bytes=sum(seen) * 2 * 2 * 32 * 2, figures=figures)


def rotations(rng):
    dim, seq = 32, 48
    base = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": dim, "hidden_size": 128}
    local, globe = frequencies(dim, 1e4), frequencies(dim, 1e6)
    scaling = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 64, "rope_type": "llama3"}
    kinds = {
        "rope-plain": ({"model_type": "llama", "rope_theta": 1e4}, [local]),
        "rope-two-bases": ({"model_type": "gemma3_text", "rope_theta": 1e6, "rope_local_base_freq": 1e4,
                            "layer_types": ["sliding_attention", "full_attention"]}, [local, globe]),
        "rope-partial-phi": ({"model_type": "phi", "rope_theta": 1e4}, [frequencies(dim // 2, 1e4)]),
        "rope-partial-neox": ({"model_type": "gpt_neox", "rotary_pct": 0.25, "rotary_emb_base": 10000},
                              [frequencies(dim // 4, 1e4)]),
        "rope-llama3": ({"model_type": "llama", "rope_theta": 5e5, "rope_scaling": scaling},
                        [llama3(frequencies(dim, 5e5), 8, 1, 4, 64)]),
        "rope-linear": ({"model_type": "llama", "rope_theta": 1e4,
                         "rope_scaling": {"type": "linear", "factor": 4.0}}, [local / 4]),
        "rope-positions": ({"model_type": "llama", "rope_theta": 1e4}, [local]),
    }
    for name, (config, tables) in kinds.items():
        positions = np.arange(seq)
        if name == "rope-positions":
            positions[24:] += 4000
        pairs, sums = [], np.zeros(3)
        for freq in tables:
            unrotated = structured(rng, 2, seq, dim)
            stored = f16(rotate(unrotated, freq, positions))
            pairs.append((stored, f16(structured(rng, 2, seq, dim))))
            sums += low_rank_energies(rotate(stored.astype(np.float64), -freq, positions))
        tensors = layers_of(pairs)
        if name == "rope-positions":
            tensors["positions"] = positions.astype(np.int64)
        config = json.dumps({**base, **config, "num_hidden_layers": len(tables)})
        case(name, tensors, {**NATIVE, "config": config}, shapes=shapes(pairs), figures=[
            {"spec": f"lora:rank={RANK},sinks=0,code_bits=16,basis_bits=16,scope=head", "key_nmse": nmse(sums)}])


def main():
    rng = np.random.default_rng(14)
    for kind in (shapes_and_numbers, axes_and_heads, scaled, outliers, padding, rotations):
        kind(rng)
    (HERE / "cases.json").write_text(json.dumps(CASES, indent=1) + "\n")


if __name__ == "__main__":
    main()
