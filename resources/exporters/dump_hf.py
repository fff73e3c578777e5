#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dump the KV cache of a Hugging Face causal language model for PiKV Explorer.

Prefills the first --tokens tokens of a text and writes one safetensors file (format pikv-kv-1): the keys and
values of every layer as the model caches them, the queries of the last --queries positions, the token ids and
the text.

    dump_hf.py --model Qwen/Qwen2.5-0.5B --text-file prompt.txt --tokens 1024 -o qwen.safetensors
    dump_hf.py --model model.Q4_1.gguf   --text-file prompt.txt --tokens 256 --dtype f16 -o model.safetensors
    dump_hf.py --model Qwen/Qwen2.5-0.5B --batch first.txt second.txt --chat-template -o two.safetensors

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
    texts = parser.add_mutually_exclusive_group(required=True)
    texts.add_argument("--text-file", help="UTF-8 text to prefill")
    texts.add_argument("--batch", nargs="+", metavar="FILE",
                       help="UTF-8 texts to prefill together, one sequence each, padded at the left")
    parser.add_argument("--chat-template", action="store_true",
                        help="each text is a user's message: put it into the model's chat template first")
    parser.add_argument("--tokens", type=int, help="tokens to keep of each text (default: all)")
    parser.add_argument("--chunks", type=int, metavar="N",
                        help="prefill N tokens at a time, for texts too long to prefill at once")
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
    if arguments.chunks is not None and arguments.chunks < 1:
        parser.error("--chunks must be at least 1")
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


def tokenize(tokenizer, path, count, chat):
    """Token ids of one text, a list."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        stop(f"{path}: {error}")
    if chat:
        if not tokenizer.chat_template:
            stop("the model has no chat template; leave --chat-template out")
        text = tokenizer.apply_chat_template([{"role": "user", "content": text}], tokenize=False,
                                             add_generation_prompt=True)
    ids = tokenizer(text, add_special_tokens=not chat).input_ids  # a template has its special tokens
    if len(ids) > 1 and ids[0] == ids[1] == tokenizer.bos_token_id:
        ids = ids[1:]  # the text begins with the token that the tokenizer puts before it
    if not ids:
        stop(f"{path} has no tokens")
    if count and len(ids) < count:
        stop(f"{path} has {len(ids)} tokens, --tokens asks for {count}")
    return ids[:count]


def pad(sequences):
    """Ids and mask [batch, seq]: the sequences end together. Padding is token 0, which every model has an embedding of."""
    width = max(map(len, sequences))
    ids = torch.tensor([[0] * (width - len(s)) + s for s in sequences])
    mask = torch.tensor([[0] * (width - len(s)) + [1] * len(s) for s in sequences])
    return ids, mask


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
    """Records what each layer hands to and gets from scaled_dot_product_attention in its last positions: the queries
    after RoPE."""

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
            self.keep(self.query, rows if abs(ratio - 1) < 1e-6 else rows * ratio)
            self.keep(self.output, output[:, :, -self.count:].float().cpu())
            self.layer = None
        return output

    def keep(self, rows, new):
        """Behind those of the chunks before, as far as they are still among the last."""
        before = [rows[self.layer]] if self.layer in rows else []
        rows[self.layer] = torch.cat(before + [new], 2)[:, :, -self.count:]


def layers_of(cache):
    """(key, value) of every layer, from any version's cache object."""
    if hasattr(cache, "layers"):
        return [(layer.keys, layer.values) for layer in cache.layers]
    if hasattr(cache, "key_cache"):
        return list(zip(cache.key_cache, cache.value_cache))
    return list(cache)


def capture(model, ids, mask, queries, chunk):
    # A plain DynamicCache keeps every token in every layer, sliding-window layers included.
    cache, batch = transformers.DynamicCache(), ids.shape[0]
    with torch.no_grad(), AttentionTap(model, queries) as tap:
        for begin in range(0, ids.shape[1], chunk or ids.shape[1]):
            part = ids[:, begin:begin + (chunk or ids.shape[1])].to(model.device)
            end = begin + part.shape[1]
            # Rows are positions, in padded sequences as well: the dump has one list of positions for all of them, and
            # attention after RoPE depends on their distances only.
            more = {} if mask.all() else {"attention_mask": mask[:, :end].to(model.device)}
            positions = torch.arange(begin, end, device=model.device).expand(batch, -1)
            cache = model(part, past_key_values=cache, position_ids=positions, use_cache=True, **more).past_key_values
    pairs = layers_of(cache)
    for i, (key, value) in enumerate(pairs):
        if key is None or key.dim() != 4 or key.shape[2] != ids.shape[1] or value.shape[:3] != key.shape[:3]:
            stop(f"layer {i} has no cache of the form [batch, kv_heads, seq, head_dim]; this model is not supported")
    if queries and sorted(tap.query) != list(range(len(pairs))):
        stop(f"caught the queries of {len(tap.query)} of {len(pairs)} layers; this model's attention is not known "
             "(use --queries 0 to dump keys and values alone)")
    return pairs, tap


def tensors_of(pairs, tap, ids, mask, queries, dtype):
    hidden = (mask == 0)[:, None, :, None]

    def pack(name, tensor):
        target = getattr(torch, DTYPES[dtype]) if dtype else tensor.dtype
        if hidden.any() and tensor.shape[2] == hidden.shape[2]:
            tensor = tensor.masked_fill(hidden.to(tensor.device), 0)  # what padding computes is nobody's
        result = tensor.detach().to(target).cpu().contiguous().clone()
        if torch.isinf(result).any() and not torch.isinf(tensor).any():
            stop(f"{name} has values up to {tensor.abs().max().item():.3g}, beyond the range of {dtype}; use bf16 or f32")
        return result

    tensors = {"input_ids": ids.cpu().contiguous().clone()}
    if hidden.any():
        tensors["attention_mask"] = mask.to(torch.uint8)
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
    text = {"text": tokenizer.decode(ids[0], clean_up_tokenization_spaces=False)} if len(ids) == 1 else {}
    return {"kv_format": "pikv-kv-1", "model": name, "axes": "batch,kv_head,seq,head_dim",
            "config": json.dumps(config, default=str, sort_keys=True),
            "transformers": transformers.__version__} | text | rope_metadata(model)


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
        visible = file.get_tensor("attention_mask") if "attention_mask" in file.keys() else torch.ones(1, 1)
        for i, expected in outputs.items():
            key, value, query = (file.get_tensor(f"layers.{i}.{n}").float() for n in ("key", "value", "query"))
            group = query.shape[1] // key.shape[1]
            key, value = key.repeat_interleave(group, 1), value.repeat_interleave(group, 1)
            scores = query @ key.transpose(2, 3) / key.shape[-1] ** 0.5
            scores.masked_fill_(torch.arange(key.shape[2]) > positions[:, None], float("-inf"))
            scores.masked_fill_((visible == 0)[:, None, None], float("-inf"))
            error = (scores.softmax(-1) @ value - expected).norm() / expected.norm()
            worst = max(worst, error.item())
    return worst


def main():
    arguments = parse_arguments()
    model, tokenizer = load_model(arguments.model, arguments.device)
    files = arguments.batch or [arguments.text_file]
    sequences = [tokenize(tokenizer, path, arguments.tokens, arguments.chat_template) for path in files]
    ids, mask = pad(sequences)
    check_length(model.config, ids.shape[1])
    queries = min([arguments.queries, *map(len, sequences)])
    pairs, tap = capture(model, ids, mask, queries, arguments.chunks)
    local = os.path.exists(arguments.model)
    name = os.path.basename(os.path.abspath(arguments.model)) if local else arguments.model
    name = arguments.name or name.removesuffix(".gguf")
    write(arguments.output, tensors_of(pairs, tap, ids, mask, queries, arguments.dtype),
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
