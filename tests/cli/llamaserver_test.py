# SPDX-License-Identifier: GPL-3.0-or-later
"""A slot that the program wrote goes back into llama.cpp's server, which then predicts what it would have predicted.

The server reads a context and saves its slot. The program reads the file, compresses it and writes a slot again; the
server restores that, finds the whole context in it, and predicts. What identity brings back predicts the very same; what
the program captured itself, with its own copy of the model, the same within the rounding of the server's products.

    PIKV=build/release/bin/pikv python3 tests/cli/llamaserver_test.py     # exits with 77 (skipped) without xllamacpp

PIKV_TEST_MODEL is another .gguf file instead of the one that packaging/fetch-model fetched.
"""
import json
import math
import os
import socket
import sys
import unittest
import urllib.request
from pathlib import Path

try:
    import xllamacpp
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)
from runpikv import TEXT, own_folder, pikv

FETCHED = Path.home() / ".local/share/pikv-explorer/models/SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL = Path(os.environ.get("PIKV_TEST_MODEL") or FETCHED)
if MODEL.suffix != ".gguf" or not MODEL.exists():
    print(f"skipped: {MODEL} is no GGUF file; packaging/fetch-model fetches one")
    sys.exit(77)
CONTEXT, PREDICT = 40, 6


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def divergence(original, other):
    """KL in nats, the mean over positions."""
    return sum(sum(math.exp(p[t]) * (p[t] - q[t]) for t in p) for p, q in zip(original, other)) / len(original)


class LlamaServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = own_folder(cls)
        params = xllamacpp.CommonParams()
        params.model.path, params.slot_save_path = str(MODEL), f"{cls.root}/"
        params.n_ctx, params.n_parallel, params.warmup, params.port = 128, 1, False, free_port()
        params.endpoint_slots = True
        cls.server = xllamacpp.Server(params)
        pikv("capture", "--model", MODEL, "--text-file", TEXT, "--tokens", CONTEXT + PREDICT, "-o", cls.root / "all.safetensors")
        header = (cls.root / "all.safetensors").read_bytes()
        length = int.from_bytes(header[:8], "little")
        begin, end = json.loads(header[8:8 + length])["input_ids"]["data_offsets"]
        ids = header[8 + length + begin:8 + length + end]
        cls.ids = [int.from_bytes(ids[i:i + 8], "little") for i in range(0, len(ids), 8)]
        cls.post("/completion", prompt=cls.ids[:CONTEXT], n_predict=0, cache_prompt=True, id_slot=0)
        cls.post("/slots/0?action=save", filename="saved.bin")
        cls.original = cls.predicted("saved.bin")

    @classmethod
    def post(cls, path, **body):
        request = urllib.request.Request(cls.server.listening_address + path, json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read())

    @classmethod
    def predicted(cls, name):
        """Log-probabilities of all tokens behind each of the next ones, from that slot's cache."""
        cls.post("/slots/0?action=erase")
        restored = cls.post("/slots/0?action=restore", filename=name)
        assert restored["n_restored"] == CONTEXT, restored
        positions = []
        for count in range(CONTEXT + 1, CONTEXT + PREDICT + 1):
            answer = cls.post("/completion", prompt=cls.ids[:count], n_predict=1, temperature=0, cache_prompt=True,
                              id_slot=0, n_probs=1 << 20)
            assert answer["timings"]["cache_n"] >= CONTEXT, "the server read the context anew"
            top = answer["completion_probabilities"][0]["top_logprobs"]
            positions.append({entry["id"]: entry["logprob"] for entry in top})
        return positions

    def restored(self, source, *options, spec="identity"):
        pikv("compress", source, *options, "--with", spec, "-o", self.root / "small.pikv")
        pikv("convert", self.root / "small.pikv", "-o", self.root / "restored.bin")
        return self.predicted("restored.bin")

    def test_own_slots_come_back(self):
        self.assertEqual(self.restored(self.root / "saved.bin"), self.original)

    def test_compressed_ones_are_read(self):
        kl = divergence(self.original, self.restored(self.root / "saved.bin", spec="turboquant"))
        self.assertTrue(0 < kl < 5, kl)

    def test_captures_predict_the_same(self):
        pikv("capture", "--model", MODEL, "--text-file", TEXT, "--tokens", CONTEXT, "-o", self.root / "own.safetensors")
        kl = divergence(self.original, self.restored(self.root / "own.safetensors"))
        print(f"KL of the program's own capture: {kl:.5f} nats")
        self.assertLess(kl, 0.02)


if __name__ == "__main__":
    unittest.main()
