#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the tiny random models of the tests and their golden values.

Five models of two layers, one for each branch of the loader and of the forward pass: rows permuted and block-quantised
(llama), biases (qwen2), head norms and a wide head (qwen3), linear position scaling, and a Hugging Face folder of two
shards with Llama-3 scaling. The golden values come from transformers in float32 with the weights as a reader gets them
(dequantised by the gguf package). Run it with torch, transformers, tokenizers, safetensors, numpy and gguf:

    python3 make_tiny.py
"""
import json
import os

import gguf
import numpy as np
import tokenizers
import torch
import transformers
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
VOCAB, TOKENS, CONTEXT, QUERIES = 320, 40, 24, 6
TEXT = """the cat sat on the mat and the dog ran to the house; then they were there with the other thing.
Compression of a cache that keeps keys and values costs memory, and the reader pays for every bit of it.
    if (index < count) return values[index];    // naïve and slow, 1234 times
""" * 3
Q = gguf.GGMLQuantizationType


def train_tokenizer():
    """Three special tokens, all 256 bytes and 61 merges."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=VOCAB, special_tokens=SPECIALS, show_progress=False, min_frequency=1,
        initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.train_from_iterator([TEXT], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    assert len(tokens) == VOCAB, len(tokens)
    return tokens, [tuple(merge) for merge in model["merges"]]


def config_of(kind):
    common = dict(vocab_size=VOCAB, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
                  max_position_embeddings=128, rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2)
    if kind == "llama":
        return transformers.LlamaConfig(hidden_size=64, intermediate_size=96, tie_word_embeddings=True,
                                        rope_parameters={"rope_type": "default", "rope_theta": 100000.0}, **common)
    if kind == "linear":
        return transformers.LlamaConfig(hidden_size=32, intermediate_size=64, tie_word_embeddings=False, rope_parameters={
            "rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}, **common)
    if kind == "llama3":
        return transformers.LlamaConfig(hidden_size=32, intermediate_size=64, tie_word_embeddings=True, rope_parameters={
            "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 32}, **common)
    if kind == "qwen2":
        return transformers.Qwen2Config(hidden_size=64, intermediate_size=96, tie_word_embeddings=False,
                                        rope_parameters={"rope_type": "default", "rope_theta": 1e6}, **common)
    return transformers.Qwen3Config(hidden_size=32, intermediate_size=64, head_dim=16, tie_word_embeddings=True,
                                    rope_parameters={"rope_type": "default", "rope_theta": 1e6}, **common)


def random_model(kind, seed):
    torch.manual_seed(seed)
    model = transformers.AutoModelForCausalLM.from_config(config_of(kind), dtype=torch.float32).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.copy_(1 + 0.2 * torch.randn_like(parameter))
            elif name.endswith("bias"):
                parameter.copy_(0.3 * torch.randn_like(parameter))
            else:  # large enough for attention to be far from uniform and for logits to differ
                parameter.copy_(torch.randn_like(parameter) * (2.0 / parameter.shape[-1] ** 0.5))
    return model


GGUF_NAMES = {
    "model.embed_tokens.weight": "token_embd.weight", "lm_head.weight": "output.weight",
    "model.norm.weight": "output_norm.weight", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}


def gguf_name(name):
    if name in GGUF_NAMES:
        return GGUF_NAMES[name]
    layer, rest = name.removeprefix("model.layers.").split(".", 1)
    module, leaf = rest.rsplit(".", 1)
    return f"blk.{layer}.{GGUF_NAMES[module]}.{leaf}"


def permute(array, heads):
    """convert_hf_to_gguf's row order of q and k for the llama architecture."""
    return array.reshape(heads, 2, array.shape[0] // heads // 2, *array.shape[1:]).swapaxes(1, 2).reshape(array.shape)


def write_gguf(model, kind, arch, pre, types, tokens, merges):
    """Writes the file and puts the dequantised weights back into the model."""
    config = model.config
    writer = gguf.GGUFWriter(os.path.join(HERE, f"tiny-{kind}.gguf"), arch)
    writer.add_name(f"tiny {kind}")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    if arch == "qwen3":
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
    if config.rope_parameters["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(config.rope_parameters["factor"])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in SPECIALS else 1 for token in tokens])
    writer.add_token_merges([" ".join(merge) for merge in merges])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    state = model.state_dict()
    for name, tensor in state.items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        array = tensor.numpy().copy()
        heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
        head_count = next((n for key, n in heads.items() if key in name), 0) if arch == "llama" else 0
        data = permute(array, head_count) if head_count else array
        kind_of = next((t for key, t in types.items() if key in name), Q.F32) if array.ndim > 1 else Q.F32
        packed = gguf.quantize(np.ascontiguousarray(data), kind_of)
        writer.add_tensor(gguf_name(name), packed, raw_dtype=kind_of)
        back = gguf.dequantize(packed, kind_of).reshape(data.shape)
        if head_count:  # undo the permutation
            back = back.reshape(head_count, -1, 2, *back.shape[1:]).swapaxes(1, 2).reshape(back.shape)
        tensor.copy_(torch.from_numpy(np.ascontiguousarray(back)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_folder(model, kind, tokens, merges):
    """Two bf16 shards with their index, config.json and a tokenizer.json of the llama-bpe kind."""
    folder = os.path.join(HERE, f"tiny-{kind}")
    os.makedirs(folder, exist_ok=True)
    state = {name: tensor for name, tensor in model.state_dict().items() if name != "lm_head.weight"}
    files = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    shards, where = [{}, {}], {}
    for name, tensor in state.items():
        rounded = tensor.to(torch.bfloat16)
        tensor.copy_(rounded.float())
        index = 1 if ".layers.1." in name else 0
        shards[index][name], where[name] = rounded.contiguous(), files[index]
    for file, shard in zip(files, shards):
        save_file(shard, os.path.join(folder, file), metadata={"format": "pt"})
    write_json(os.path.join(folder, "model.safetensors.index.json"), {"metadata": {}, "weight_map": where})
    config = model.config.to_dict()
    config["architectures"] = ["LlamaForCausalLM"]
    write_json(os.path.join(folder, "config.json"), {key: config[key] for key in (
        "architectures", "model_type", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
        "num_key_value_heads", "rms_norm_eps", "vocab_size", "max_position_embeddings", "hidden_act",
        "tie_word_embeddings", "attention_bias", "mlp_bias", "rope_parameters")})
    regex = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
             r"|\s*[\r\n]+|\s+(?!\S)|\s+")
    added = [dict(id=i, content=token, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
             for i, token in enumerate(SPECIALS)]
    write_json(os.path.join(folder, "tokenizer.json"), {
        "version": "1.0", "added_tokens": added, "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}]},
        "post_processor": {"type": "TemplateProcessing", "single": [
            {"SpecialToken": {"id": SPECIALS[1], "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {SPECIALS[1]: {"id": SPECIALS[1], "ids": [1], "tokens": [SPECIALS[1]]}}},
        "decoder": {"type": "ByteLevel"},
        "model": {"type": "BPE", "ignore_merges": True, "unk_token": None,
                  "vocab": {token: i for i, token in enumerate(tokens)}, "merges": [list(m) for m in merges]}})
    write_json(os.path.join(folder, "tokenizer_config.json"),
               {"bos_token": SPECIALS[1], "eos_token": SPECIALS[2], "tokenizer_class": "PreTrainedTokenizerFast"})


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")


def write_golden(model, kind, seed):
    """Logits of every position, the cache and the last queries."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(3, VOCAB, (1, TOKENS), generator=generator)
    queries = []
    original = torch.nn.functional.scaled_dot_product_attention

    def attend(query, *arguments, **options):
        queries.append(query[:, :, -QUERIES:].contiguous().clone())
        return original(query, *arguments, **options)

    torch.nn.functional.scaled_dot_product_attention = attend
    with torch.no_grad():
        out = model(ids, use_cache=True)
    torch.nn.functional.scaled_dot_product_attention = original
    tensors = {"input_ids": ids, "logits": out.logits[0].contiguous()}
    for i, layer in enumerate(out.past_key_values.layers):
        tensors[f"layers.{i}.key"] = layer.keys.contiguous().clone()
        tensors[f"layers.{i}.value"] = layer.values.contiguous().clone()
        tensors[f"layers.{i}.query"] = queries[i]
    for name, factor, dropped in (("scaled", 0.9, []), ("dropped", 1.0, list(range(3, 10)))):
        tensors[f"{name}_logits"] = continued(model, ids, out.past_key_values, factor, dropped)
    save_file(tensors, os.path.join(HERE, f"tiny-{kind}.golden.safetensors"))


def continued(model, ids, cache, factor, dropped):
    """Logits of the tokens behind CONTEXT from a cache whose tensors are scaled and that lacks some rows."""
    pairs = [(layer.keys[:, :, :CONTEXT] * factor, layer.values[:, :, :CONTEXT] * factor) for layer in cache.layers]
    mask = torch.ones(1, TOKENS, dtype=torch.long)
    mask[0, dropped] = 0
    with torch.no_grad():
        out = model(ids[:, CONTEXT:], past_key_values=transformers.DynamicCache(ddp_cache_data=pairs), attention_mask=mask,
                    position_ids=torch.arange(CONTEXT, TOKENS)[None])
    return out.logits[0].contiguous()


def main():
    tokens, merges = train_tokenizer()
    plans = [
        ("llama", "llama", "smollm", {"embed_tokens": Q.Q8_0, "up_proj": Q.Q4_0, "down_proj": Q.Q5_1, "proj": Q.Q4_1}),
        ("linear", "llama", "gpt-2", {"proj": Q.F16}),
        ("qwen2", "qwen2", "qwen2", {"proj": Q.Q8_0, "embed": Q.BF16, "head": Q.Q5_0}),
        ("qwen3", "qwen3", "qwen2", {"embed": Q.F16}),
        ("llama3", None, None, None),
    ]
    for seed, (kind, arch, pre, types) in enumerate(plans):
        model = random_model(kind, seed)
        if arch:
            write_gguf(model, kind, arch, pre, types, tokens, merges)
        else:
            write_folder(model, kind, tokens, merges)
        write_golden(model, kind, 100 + seed)


if __name__ == "__main__":
    main()
