#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the sessions and slots llama-*.bin of this folder with llama.cpp, and beside each what its graph computed as keys
and values (*.expected.npz, f32, rows by position).

A tiny random Llama (two layers, one KV head) reads ten tokens; two sequences in one file read ten and four. With 64
channels llama.cpp multiplies quantised keys and values by a Hadamard matrix, with 32 it does not. Written with
llama-cpp-python 0.3.36.

    pip install llama-cpp-python gguf numpy
    tests/data/dumps/engines/make_llama.py [FOLDER]
"""
import ctypes
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np
from llama_cpp import llama_cpp as lib

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
IDS = [7, 3, 9, 1, 4, 4, 8, 2, 6, 5]
F16, Q8_0 = 1, 8
WIDTH = 64  # of the model

ggml = ctypes.CDLL(next(Path(lib.__file__).parent.glob("lib/libggml-base.so*")))
ggml.ggml_get_name.restype = ctypes.c_char_p
ggml.ggml_nbytes.restype = ctypes.c_size_t
ggml.ggml_is_contiguous.restype = ctypes.c_bool
for function in (ggml.ggml_get_name, ggml.ggml_nbytes, ggml.ggml_is_contiguous):
    function.argtypes = [ctypes.c_void_p]
ggml.ggml_backend_tensor_get.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t]


def write_model(path, dim):
    rng = np.random.default_rng(5)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(2)
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(2)
    writer.add_head_count_kv(1)
    writer.add_key_length(dim)
    writer.add_value_length(dim)
    writer.add_rope_dimension_count(dim)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(16)
    writer.add_tokenizer_model("no_vocab")

    def matrix(name, rows, columns):
        writer.add_tensor(name, rng.normal(0, 1.5 / columns**0.5, (rows, columns)).astype(np.float32))

    matrix("token_embd.weight", 16, WIDTH)
    matrix("output.weight", 16, WIDTH)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    for i in range(2):
        for part in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{i}.{part}.weight", np.ones(WIDTH, np.float32))
        for part, rows, columns in (("attn_q", 2 * dim, WIDTH), ("attn_k", dim, WIDTH), ("attn_v", dim, WIDTH),
                                    ("attn_output", WIDTH, 2 * dim), ("ffn_gate", WIDTH, WIDTH), ("ffn_up", WIDTH, WIDTH),
                                    ("ffn_down", WIDTH, WIDTH)):
            matrix(f"blk.{i}.{part}.weight", rows, columns)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


class Engine:
    """A context, and what its graph computed as Kcur and Vcur of every layer, the last under each name."""

    def __init__(self, path, dim, key_type, value_type, flash, sequences=1):
        self.dim, self.computed = dim, {}
        self.listener = lib.ggml_backend_sched_eval_callback(self.listen)
        params = lib.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_seq_max, params.kv_unified = 64, 64, sequences, True
        params.type_k, params.type_v, params.flash_attn_type = key_type, value_type, int(flash)
        params.cb_eval = self.listener
        self.model = lib.llama_model_load_from_file(str(path).encode(), lib.llama_model_default_params())
        self.context = lib.llama_init_from_model(self.model, params)
        assert self.context, "no context"

    def listen(self, tensor, ask, _):
        name = ggml.ggml_get_name(tensor).decode()
        if not name.startswith(("Kcur-", "Vcur-")) or "(" in name:
            return False
        if not ask and ggml.ggml_is_contiguous(tensor):
            data = np.empty(ggml.ggml_nbytes(tensor) // 4, np.float32)
            ggml.ggml_backend_tensor_get(tensor, data.ctypes.data, 0, data.nbytes)
            self.computed[name] = data.reshape(1, -1, self.dim)
        return True

    def read(self, ids, sequence=0):
        batch = lib.llama_batch_init(len(ids), 0, 1)
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token, i, 1, i + 1 == len(ids)
            batch.seq_id[i][0] = sequence
        assert lib.llama_decode(self.context, batch) == 0
        lib.llama_batch_free(batch)
        return {f"{'k' if name[0] == 'K' else 'v'}_{name[5:]}": rows[None].copy() for name, rows in self.computed.items()}

    def save(self, name, expected, session, ids=IDS):
        tokens = (ctypes.c_int32 * len(ids))(*ids)
        path = str(FOLDER / f"llama-{name}.bin").encode()
        if session:
            assert lib.llama_state_save_file(self.context, path, tokens, len(ids))
        else:
            assert lib.llama_state_seq_save_file(self.context, path, 0, tokens, len(ids))
        np.savez_compressed(FOLDER / f"llama-{name}.expected.npz", **expected)


def main():
    lib.llama_backend_init()
    with tempfile.TemporaryDirectory() as folder:
        for dim in (32, 64):
            write_model(f"{folder}/{dim}.gguf", dim)

        def engine(dim, *options, **more):
            return Engine(f"{folder}/{dim}.gguf", dim, *options, **more)

        for name, options in {"transposed": (32, F16, F16, False), "flash": (32, F16, F16, True),
                              "q8": (32, Q8_0, Q8_0, True), "rotated": (64, Q8_0, Q8_0, True)}.items():
            one = engine(*options)
            expected = one.read(IDS)
            one.save(f"session-{name}", expected, True)
            one.save(f"slot-{name}", expected, False)
        two = engine(32, F16, F16, False, sequences=2)
        two.read(IDS[:4], 0)
        expected = two.read(IDS, 1)
        two.save("session-two", expected, True)


if __name__ == "__main__":
    main()
