# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache that was compressed and restored goes back into transformers, which then predicts what `pikv next-token` says.

The program compresses the context's cache to a file and restores it as a .pt file. transformers reads the continuation
from that cache: probabilities of the text's tokens and KL against the uncompressed cache are the program's own, position
by position, and generate() goes on with the tokens that a forward pass over all of them would choose.

    PIKV=build/release/bin/pikv python3 tests/cli/restored_test.py          # exits with 77 (skipped) without transformers

PIKV_TEST_MODEL is another model, a folder or a .gguf file, instead of the tiny one of the tests.
"""
import json
import sys
import unittest
from pathlib import Path

try:
    import torch
    import transformers
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)
from runpikv import MODEL, TEXT, own_folder, pikv

CONTEXT, PREDICT = 40, 30
METHODS = ["identity", "kivi:residual_length=8,group_size=8", "lora"]


def load_model():
    folder, options = MODEL, {}
    if MODEL.suffix == ".gguf":
        folder, options = MODEL.parent, {"gguf_file": MODEL.name}
    config = transformers.AutoConfig.from_pretrained(folder, **options)
    newer = int(transformers.__version__.split(".")[0]) >= 5
    if not newer and getattr(config, "rope_parameters", None):  # a configuration of version 5, which 4 does not understand
        rope = dict(config.rope_parameters)
        config.rope_theta, config.rope_scaling = rope.pop("rope_theta"), rope
    options["dtype" if newer else "torch_dtype"] = torch.float32
    return transformers.AutoModelForCausalLM.from_pretrained(folder, config=config, **options).eval()


def cache_of(path):
    """What the program wrote, as the cache that a model takes."""
    cache = transformers.DynamicCache()
    for i, (key, value) in enumerate(torch.load(path, weights_only=True)["past_key_values"]):
        cache.update(key.float(), value.float(), i)
    return cache


class Restored(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = own_folder(cls)
        pikv("capture", "--model", MODEL, "--text-file", TEXT, "--tokens", CONTEXT + PREDICT + 1, "-o", cls.root / "all.pt")
        cls.ids = torch.load(cls.root / "all.pt", weights_only=True)["input_ids"].view(1, -1)
        pikv("capture", "--model", MODEL, "--text-file", TEXT, "--tokens", CONTEXT, "-o", cls.root / "context.safetensors")
        pikv("convert", cls.root / "context.safetensors", "-o", cls.root / "context.pt")
        cls.model = load_model()
        cls.original = cls.predict(cls.root / "context.pt")

    @classmethod
    def predict(cls, path):
        """Logarithms of the probabilities [positions, vocabulary] behind each token of the continuation."""
        with torch.no_grad():
            logits = cls.model(cls.ids[:, CONTEXT:-1], past_key_values=cache_of(path)).logits
        return logits[0].double().log_softmax(-1)

    def restored(self, method):
        pikv("compress", self.root / "context.safetensors", "--with", method, "-o", self.root / "context.pikv")
        pikv("decompress", self.root / "context.pikv", "-o", self.root / "restored.pt")
        return self.root / "restored.pt"

    def test_predictions_are_those_of_next_token(self):
        pikv("next-token", "--model", MODEL, "--text-file", TEXT, "--context", CONTEXT, "--predict", PREDICT,
             "--json", self.root / "out.json", *(word for m in METHODS for word in ("--with", m)))
        told = {r["compressor"]: r for r in json.loads((self.root / "out.json").read_text())["results"]}
        for method in METHODS:
            with self.subTest(method):
                compressed = self.predict(self.restored(method))
                kl = (self.original.exp() * (self.original - compressed)).sum(-1)
                positions = told[method.split(":")[0]]["next_token"]["per_position"]
                self.assertEqual(len(positions), PREDICT)
                worst = {"p": 0.0, "kl": 0.0}
                for i, position in enumerate(positions):
                    target = self.ids[0, CONTEXT + i + 1].item()
                    self.assertEqual(position["target"], target)
                    for rows, name in ((self.original, "p_original"), (compressed, "p_compressed")):
                        p = rows[i, target].exp().item()
                        worst["p"] = max(worst["p"], abs(p - position[name]) / position[name])
                    worst["kl"] = max(worst["kl"], abs(kl[i].item() - position["kl"]))
                print(f"{method}: mean KL {kl.mean().item():.6f}, largest difference of p {worst['p']:.1e} (relative), "
                      f"of KL {worst['kl']:.1e}")
                self.assertLess(worst["p"], 1e-3)
                self.assertLess(worst["kl"], 1e-4)
                self.assertEqual(method != "identity", kl.mean().item() > 1e-3)  # the bounds tell methods apart

    def test_generate_goes_on_from_the_restored_cache(self):
        path = self.restored(METHODS[1])
        # generate() wants the whole text, and one token more than the cache holds.
        begin = self.ids[:, :CONTEXT + 1]
        options = dict(max_new_tokens=6, do_sample=False, eos_token_id=None, pad_token_id=0)
        told = self.model.generate(begin, attention_mask=torch.ones_like(begin), past_key_values=cache_of(path), **options)
        self.assertEqual(told[:, :CONTEXT + 1].tolist(), begin.tolist())
        with torch.no_grad():
            logits = self.model(told[:, CONTEXT:-1], past_key_values=cache_of(path)).logits
        self.assertEqual(logits[0].argmax(-1).tolist(), told[0, CONTEXT + 1:].tolist())


if __name__ == "__main__":
    unittest.main()
