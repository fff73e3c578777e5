#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dump the KV cache that mlx-lm computes for PiKV Explorer, on a Mac or on Linux.

Prefills a text and writes one safetensors file (format pikv-kv-1): keys and values of every layer after RoPE, token ids,
text and the model's configuration.

    dump_mlx.py --model mlx-community/SmolLM2-135M-Instruct --text-file prompt.txt --tokens 1024 -o smollm.safetensors

Needs mlx and mlx-lm; on Linux: python3 -m pip install 'mlx[cpu]' mlx-lm. Run with mlx-lm 0.31.3 and 0.32.2.
"""
import argparse
import importlib.metadata
import json
import os
import sys


def stop(message):
    sys.exit(f"dump_mlx.py: {message}")


try:
    import mlx.core as mx
    import mlx_lm
    from mlx_lm.models import cache as kv
except ImportError as error:
    stop(f"{error}; install it with: python3 -m pip install mlx-lm (on Linux 'mlx[cpu]' as well)")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--model", required=True, help="name on the Hub, or a folder of mlx-lm or Hugging Face")
    parser.add_argument("--text-file", required=True, help="UTF-8 text to prefill")
    parser.add_argument("--tokens", type=int, help="tokens to keep of the text (default: all)")
    parser.add_argument("--chunks", type=int, default=512, metavar="N", help="prefill N tokens at a time (512)")
    parser.add_argument("--name", help="model name to record (default: as given, of a folder its name)")
    parser.add_argument("-o", "--output", required=True, help="file to write, *.safetensors")
    arguments = parser.parse_args()
    for name in ("tokens", "chunks"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            parser.error(f"--{name} must be at least 1")
    return arguments


def load_model(path):
    """Model, tokenizer and configuration."""
    try:
        return mlx_lm.load(path, return_config=True)
    except Exception as error:
        stop(f"cannot load the model {path}: {str(error).splitlines()[0]}")


def token_ids(tokenizer, path, count):
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        stop(f"{path}: {error}")
    ids = tokenizer.encode(text)
    if not ids:
        stop(f"{path} has no tokens")
    if count and len(ids) < count:
        stop(f"{path} has {len(ids)} tokens, --tokens asks for {count}")
    return ids[:count]


def prefill(model, ids, chunk):
    """The filled caches of all layers; each keeps every token, as layers with a window do not by themselves."""
    caches = [kv.KVCache() if isinstance(c, kv.RotatingKVCache) else c for c in kv.make_prompt_cache(model)]
    for i, cache in enumerate(caches):
        if not isinstance(cache, kv.KVCache):
            stop(f"layer {i} keeps a {type(cache).__name__}, not keys and values of every token; it is not supported")
    for begin in range(0, len(ids), chunk):
        model(mx.array([ids[begin:begin + chunk]]), cache=caches)
        mx.eval([(c.keys, c.values) for c in caches])
    return caches


def tensors_of(caches, ids):
    tensors = {"input_ids": mx.array([ids], dtype=mx.int64)}
    for i, cache in enumerate(caches):
        for name, tensor in (("key", cache.keys), ("value", cache.values)):
            tensors[f"layers.{i}.{name}"] = mx.contiguous(tensor[..., :cache.offset, :])
    return tensors


def rope_metadata(model):
    """How the keys are rotated, where all rotations of the model pair the same channels."""
    styles = {bool(m.traditional) for m in model.modules() if hasattr(m, "traditional")}
    if len(styles) != 1:
        return {}
    return {"key_rope": "post", "rope_layout": "interleaved" if styles.pop() else "half"}


def write(path, tensors, metadata):
    part = f"{path}.{os.getpid()}.part.safetensors"  # mlx puts the suffix behind other names
    try:
        mx.save_safetensors(part, tensors, metadata)
        os.replace(part, path)
    except Exception as error:
        if os.path.exists(part):
            os.remove(part)
        stop(f"cannot write {path}: {error}")


def main():
    arguments = parse_arguments()
    model, tokenizer, config = load_model(arguments.model)
    ids = token_ids(tokenizer, arguments.text_file, arguments.tokens)
    limit = config.get("max_position_embeddings")
    if limit and len(ids) > limit:
        stop(f"{len(ids)} tokens are more than the model's context of {limit}; use --tokens {limit} or less")
    caches = prefill(model, ids, arguments.chunks)
    local = os.path.exists(arguments.model)
    name = arguments.name or (os.path.basename(os.path.abspath(arguments.model)) if local else arguments.model)
    config.pop("_name_or_path", None)  # may be a folder of this machine
    write(arguments.output, tensors_of(caches, ids), {
        "kv_format": "pikv-kv-1", "model": name, "axes": "batch,kv_head,seq,head_dim",
        "config": json.dumps(config, default=str, sort_keys=True), "text": tokenizer.decode(ids),
        "mlx_lm": importlib.metadata.version("mlx-lm")} | rope_metadata(model))
    shape = list(caches[0].keys[..., :caches[0].offset, :].shape)
    print(f"{arguments.output}: {name}, {len(caches)} layers x {shape}, {os.path.getsize(arguments.output) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
