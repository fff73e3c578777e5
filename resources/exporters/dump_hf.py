#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dump the KV cache of a Hugging Face causal language model for PiKV Explorer.

Prefills the first --tokens tokens of a text and writes one safetensors file (format pikv-kv-1): the keys and
values of every layer as the model caches them, the queries of the last --queries positions, the token ids and
the text.

    dump_hf.py --model Qwen/Qwen2.5-0.5B --text-file prompt.txt --tokens 1024 -o qwen.safetensors
    dump_hf.py --model model.Q4_1.gguf   --text-file prompt.txt --tokens 256 --dtype f16 -o model.safetensors

Needs torch >= 2.1, safetensors and transformers 4.36 to 5.x (4.41 and the gguf package for a .gguf file).
"""
import argparse
import json
import os
import sys

DTYPES = {"f16": "float16", "bf16": "bfloat16", "f32": "float32"}


def stop(message):
    sys.exit(f"dump_hf.py: {message}")


try:
    import torch
    import transformers
    from safetensors import safe_open
    from safetensors.torch import save_file
except ImportError as error:
    stop(f"{error}; install it with: python3 -m pip install torch transformers safetensors")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--model", required=True, help="Hugging Face name, folder, or a .gguf file")
    parser.add_argument("--text-file", required=True, help="UTF-8 text to prefill")
    parser.add_argument("--tokens", type=int, help="tokens to keep of the text (default: all)")
    parser.add_argument("--queries", type=int, default=32, help="last positions whose queries are stored (32; 0: none)")
    parser.add_argument("--dtype", choices=DTYPES, help="dtype of the tensors (default: as the model caches them)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="torch device")
    parser.add_argument("--name", help="model name to record (default: that of the folder or file)")
    parser.add_argument("--verify", action="store_true",
                        help="recompute the attention from the written file and compare it with the model's own")
    parser.add_argument("-o", "--output", required=True, help="file to write, *.safetensors")
    arguments = parser.parse_args()
    if arguments.tokens is not None and arguments.tokens < 1:
        parser.error("--tokens must be at least 1")
    if arguments.queries < 0:
        parser.error("--queries must not be negative")
    return arguments


def version(module):
    return tuple(int(part) for part in module.__version__.split(".")[:2])


def load_model(path, device):
    """Model and tokenizer, with the attention that the query capture listens to."""
    options = {}
    if path.endswith(".gguf"):
        if not os.path.isfile(path):
            stop(f"{path}: no such file")
        if version(transformers) < (4, 41):
            stop(f"transformers {transformers.__version__} cannot read GGUF files; 4.41 or newer can")
        folder, options["gguf_file"] = os.path.split(os.path.abspath(path))
        path = folder
    dtype = "dtype" if version(transformers) >= (4, 56) else "torch_dtype"
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(path, **options)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            path, attn_implementation="sdpa", **{dtype: "auto"}, **options)
    except Exception as error:  # tokenizers raises bare Exceptions
        stop(f"cannot load the model {path}: {str(error).splitlines()[0]}")
    return model.to(device).eval(), tokenizer


def tokenize(tokenizer, path, count):
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        stop(f"{path}: {error}")
    ids = tokenizer(text, return_tensors="pt").input_ids
    if ids.shape[1] > 1 and ids[0, 0] == ids[0, 1] == tokenizer.bos_token_id:
        ids = ids[:, 1:]  # the text begins with the token that the tokenizer puts before it
    if ids.shape[1] == 0:
        stop(f"{path} has no tokens")
    if count and ids.shape[1] < count:
        stop(f"{path} has {ids.shape[1]} tokens, --tokens asks for {count}")
    return ids[:, :count]


def check_length(config, count):
    config = config.get_text_config() if hasattr(config, "get_text_config") else config
    limit = getattr(config, "max_position_embeddings", None)
    if limit and count > limit:
        stop(f"{count} tokens are more than the model's context of {limit}; use --tokens {limit} or less")
    window = getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
    if window and count > window:
        stop(f"{count} tokens are more than the model's sliding window of {window}, beyond which its layers drop "
             f"tokens; use --tokens {window} or less")


class AttentionTap:
    """Records what each layer hands to and gets from scaled_dot_product_attention: the queries after RoPE."""

    def __init__(self, model, count):
        self.count, self.layer, self.query, self.output = count, None, {}, {}
        self.original = torch.nn.functional.scaled_dot_product_attention
        self.hooks = [module.register_forward_pre_hook(self.enter) for module in model.modules()
                      if isinstance(getattr(module, "layer_idx", None), int) and hasattr(module, "o_proj")]

    def __enter__(self):
        torch.nn.functional.scaled_dot_product_attention = self.attend
        return self

    def __exit__(self, *_):
        torch.nn.functional.scaled_dot_product_attention = self.original
        for hook in self.hooks:
            hook.remove()

    def enter(self, module, _):
        self.layer = module.layer_idx

    def attend(self, query, key, value, *args, **kwargs):
        output = self.original(query, key, value, *args, **kwargs)
        if self.count and self.layer is not None:
            width = query.shape[-1]
            # Readers divide by sqrt(head_dim); a model with another scale gets its ratio folded into the queries.
            scale = kwargs.get("scale")
            ratio = 1.0 if scale is None else scale * width**0.5
            rows = query[:, :, -self.count:]
            self.query[self.layer] = rows if abs(ratio - 1) < 1e-6 else rows * ratio
            self.output[self.layer] = output[:, :, -self.count:].float().cpu()
            self.layer = None
        return output


def layers_of(cache):
    """(key, value) of every layer, from any version's cache object."""
    if hasattr(cache, "layers"):
        return [(layer.keys, layer.values) for layer in cache.layers]
    if hasattr(cache, "key_cache"):
        return list(zip(cache.key_cache, cache.value_cache))
    return list(cache)


def capture(model, ids, queries):
    # A plain DynamicCache keeps every token in every layer, sliding-window layers included.
    with torch.no_grad(), AttentionTap(model, queries) as tap:
        result = model(ids.to(model.device), past_key_values=transformers.DynamicCache(), use_cache=True)
    pairs = layers_of(result.past_key_values)
    for i, (key, value) in enumerate(pairs):
        if key is None or key.dim() != 4 or key.shape[2] != ids.shape[1] or value.shape[:3] != key.shape[:3]:
            stop(f"layer {i} has no cache of the form [batch, kv_heads, seq, head_dim]; this model is not supported")
    if queries and sorted(tap.query) != list(range(len(pairs))):
        stop(f"caught the queries of {len(tap.query)} of {len(pairs)} layers; this model's attention is not known "
             "(use --queries 0 to dump keys and values alone)")
    return pairs, tap


def tensors_of(pairs, tap, ids, queries, dtype):
    def pack(name, tensor):
        target = getattr(torch, DTYPES[dtype]) if dtype else tensor.dtype
        result = tensor.detach().to(target).cpu().contiguous().clone()
        if torch.isinf(result).any() and not torch.isinf(tensor).any():
            stop(f"{name} has values up to {tensor.abs().max().item():.3g}, beyond the range of {dtype}; use bf16 or f32")
        return result

    tensors = {"input_ids": ids.cpu().contiguous().clone()}
    for i, (key, value) in enumerate(pairs):
        for name, tensor in (("key", key), ("value", value)) + ((("query", tap.query[i]),) if queries else ()):
            tensors[f"layers.{i}.{name}"] = pack(f"layers.{i}.{name}", tensor)
    if queries:
        tensors["query_positions"] = torch.arange(ids.shape[1] - queries, ids.shape[1], dtype=torch.int64)
    return tensors


def rope_metadata(model):
    """How the cached keys are rotated: the pairing seen in the model's own rotate_half, base and scaling from config."""
    config = model.config.get_text_config() if hasattr(model.config, "get_text_config") else model.config
    code = sys.modules[next(type(m).__module__ for m in model.modules() if hasattr(m, "layer_idx"))]
    if not hasattr(code, "rotate_half"):
        return {}
    paired_by_half = code.rotate_half(torch.arange(4.0)).tolist() == [-2, -3, 0, 1]
    metadata = {"key_rope": "post", "rope_layout": "half" if paired_by_half else "interleaved"}
    rope = getattr(config, "rope_parameters", None) or {}
    theta = rope.get("rope_theta", getattr(config, "rope_theta", None))
    if theta is None:
        return metadata
    scaling = getattr(config, "rope_scaling", None) or {}
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    part = rope.get("partial_rotary_factor", getattr(config, "partial_rotary_factor", None)) or 1.0
    return metadata | {"rope_theta": repr(float(theta)), "rope_dim": str(int(head_dim * part)),
                       "rope_scaling": "none" if kind == "default" else json.dumps(scaling)}


def metadata_of(model, tokenizer, ids, name):
    config = model.config.to_dict()
    config.pop("_name_or_path", None)  # may be a folder of this machine
    return {"kv_format": "pikv-kv-1", "model": name, "axes": "batch,kv_head,seq,head_dim",
            "config": json.dumps(config, default=str, sort_keys=True),
            "text": tokenizer.decode(ids[0], clean_up_tokenization_spaces=False),
            "transformers": transformers.__version__} | rope_metadata(model)


def write(path, tensors, metadata):
    part = f"{path}.{os.getpid()}.part"
    try:
        open(part, "xb").close()  # for the permissions that the user's umask gives
        mode = os.stat(part).st_mode
        save_file(tensors, part, metadata=metadata)
        os.chmod(part, mode)
        os.replace(part, path)
    except Exception as error:
        if os.path.exists(part):
            os.remove(part)
        stop(f"cannot write {path}: {error}")


def verify(path, outputs):
    """Largest relative error over the layers of softmax(q Kt / sqrt(d)) V from the file against the model's output."""
    worst = 0.0
    with safe_open(path, "pt") as file:
        positions = file.get_tensor("query_positions")
        for i, expected in outputs.items():
            key, value, query = (file.get_tensor(f"layers.{i}.{n}").float() for n in ("key", "value", "query"))
            group = query.shape[1] // key.shape[1]
            key, value = key.repeat_interleave(group, 1), value.repeat_interleave(group, 1)
            scores = query @ key.transpose(2, 3) / key.shape[-1] ** 0.5
            scores.masked_fill_(torch.arange(key.shape[2]) > positions[:, None], float("-inf"))
            error = (scores.softmax(-1) @ value - expected).norm() / expected.norm()
            worst = max(worst, error.item())
    return worst


def main():
    arguments = parse_arguments()
    model, tokenizer = load_model(arguments.model, arguments.device)
    ids = tokenize(tokenizer, arguments.text_file, arguments.tokens)
    check_length(model.config, ids.shape[1])
    queries = min(arguments.queries, ids.shape[1])
    pairs, tap = capture(model, ids, queries)
    local = os.path.exists(arguments.model)
    name = os.path.basename(os.path.abspath(arguments.model)) if local else arguments.model
    name = arguments.name or name.removesuffix(".gguf")
    write(arguments.output, tensors_of(pairs, tap, ids, queries, arguments.dtype),
          metadata_of(model, tokenizer, ids, name))
    shape = list(pairs[0][0].shape)
    print(f"{arguments.output}: {name}, {len(pairs)} layers x {shape}, queries of {queries} positions, "
          f"{os.path.getsize(arguments.output) / 1e6:.1f} MB")
    if arguments.verify:
        if not queries:
            stop("--verify needs --queries of at least 1")
        error = verify(arguments.output, tap.output)
        print(f"attention recomputed from the file: largest relative error {error:.2e}")
        if error > 0.02:
            stop("the attention computed from the file is not the model's; do not use this dump")


if __name__ == "__main__":
    main()
