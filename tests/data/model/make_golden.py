#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Golden values of SmolLM2-135M-Instruct on 128 tokens: transformers in float32 on the dequantised GGUF weights.

Whole logits would be 25 MB: the file has every arg-max, every log-sum-exp, and the logits of 256 columns (the tokens of
the text and random ones) at every position.

    python3 make_golden.py SmolLM2-135M-Instruct.Q4_1.gguf
"""
import os
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer
from tokenizers import pre_tokenizers

HERE = os.path.dirname(os.path.abspath(__file__))
TEXT = """A key-value cache holds, for every layer and every token, one key and one value vector a head. Without it, each
new token would have to look at the whole text again. With it, memory grows by 23,040 bytes a token for this model: 30
layers, 3 heads and 64 channels, twice, at 16 bits.

def bytes_per_token(layers=30, heads=3, channels=64):
    return layers * heads * channels * 2 * 2

In long conversations the cache outgrows the weights. That is why people quantise it, evict tokens from it or project it
onto fewer channels, and why the numbers that they report are so hard to compare.
"""


def main():
    folder, file = os.path.split(os.path.abspath(sys.argv[1]))
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32).eval()
    ids = tokenizer(TEXT, return_tensors="pt").input_ids[:, :128]
    assert ids.shape[1] == 128, ids.shape
    with torch.no_grad():
        logits = model(ids).logits[0]
    torch.manual_seed(1)
    chosen = list(dict.fromkeys(ids[0].tolist() + torch.randperm(logits.shape[1]).tolist()))[:256]
    columns = torch.tensor(chosen)
    save_file({"input_ids": ids, "columns": columns, "logits": logits[:, columns].contiguous(),
               "argmax": logits.argmax(-1), "logsumexp": torch.logsumexp(logits.double(), -1).float()},
              os.path.join(HERE, "smollm2-128.golden.safetensors"), metadata={"text": TEXT})


if __name__ == "__main__":
    main()
