# SPDX-License-Identifier: GPL-3.0-or-later
"""The exporters of resources/exporters dump what `pikv capture` computes from the same model and text.

    PIKV=build/release/bin/pikv python3 tests/cli/exporters_test.py          # exits with 77 (skipped) where no engine is

Each script runs with the Python that runs this; those whose engine it lacks are skipped. PIKV_TEST_MODEL is another model
folder instead of the tiny one of the tests, whose heads are too narrow for vLLM: it is run with such a model alone.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import numpy as np
    from safetensors import safe_open
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)
from runpikv import MODEL, ROOT, TEXT, pikv

TOKENS = 48


def arrays_of(dump):
    """Everything in a dump as float32, whatever its types are: the program converts."""
    pikv("convert", dump, "-o", f"{dump}.npz")
    with np.load(f"{dump}.npz") as file:
        return {name: widened(name, file[name]) for name in file.files if file[name].dtype.kind != "U"}


def copied_model(folder):
    """The model with the parts of its tokenizer that this program does without, and its RoPE in the words of both
    transformers 5 and 4, of which mlx-lm knows the latter."""
    shutil.copytree(MODEL, folder / MODEL.name)
    path = folder / MODEL.name / "tokenizer.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    tokenizer["decoder"] = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    path.write_text(json.dumps(tokenizer), encoding="utf-8")
    path = folder / MODEL.name / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    rope = dict(config.get("rope_parameters") or {})
    if "rope_theta" in rope:
        config["rope_theta"] = rope.pop("rope_theta")
        config["rope_scaling"] = None if rope.get("rope_type") == "default" else rope
    path.write_text(json.dumps(config), encoding="utf-8")
    return folder / MODEL.name


def widened(name, array):
    if name.endswith(".bf16"):
        return (array.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return array.astype(np.float32 if array.dtype.kind == "f" else np.int64)


class Exporters(unittest.TestCase):
    def test_dumps_are_what_the_program_computes(self):
        ran = []
        with tempfile.TemporaryDirectory() as folder:
            own = f"{folder}/own.safetensors"
            model = copied_model(Path(folder))
            pikv("capture", "--model", model, "--text-file", TEXT, "--tokens", TOKENS, "--dtype", "f32", "-o", own)
            expected = arrays_of(own)
            for script in ["dump_hf.py", "dump_mlx.py"] + ["dump_vllm.py"] * bool(os.environ.get("PIKV_TEST_MODEL")):
                with self.subTest(script):
                    out = f"{folder}/{script}.safetensors"
                    result = subprocess.run(
                        [sys.executable, ROOT / "resources" / "exporters" / script, "--model", model, "--text-file", TEXT,
                         "--tokens", str(TOKENS), "-o", out], capture_output=True, text=True)
                    if "install it with" in result.stderr:
                        continue
                    ran.append(script)
                    self.assertEqual(result.returncode, 0, result.stderr[-2000:])
                    self.compare(script, out, expected)
        if not ran:
            print("skipped: Python has none of the engines", flush=True)
            os._exit(77)

    def compare(self, script, dump, expected):
        found, worst = arrays_of(dump), 0.0
        for name, array in expected.items():
            plain = name.removesuffix(".bf16")
            if "quer" in plain and not any("quer" in n for n in found):
                continue  # mlx-lm hands none out
            other = found[plain] if plain in found else found[f"{plain}.bf16"]
            self.assertEqual(other.shape, array.shape, name)
            if array.dtype.kind == "i":
                self.assertEqual(other.tolist(), array.tolist(), name)
                continue
            worst = max(worst, float(np.linalg.norm(other - array) / np.linalg.norm(array)))
        print(f"{script}: largest relative difference {worst:.1e}")
        self.assertLess(worst, 0.03)  # an engine may compute in bf16
        info = json.loads(pikv("info", "--json", dump))
        self.assertEqual(info["seq"], TOKENS)
        with safe_open(dump, "np") as file:
            metadata = file.metadata()
        self.assertEqual((metadata["key_rope"], metadata["rope_layout"]), ("post", "half"))
        self.assertEqual(metadata["model"], MODEL.name)
        text = metadata["text"].removeprefix("<|im_start|>").rstrip("\ufffd")
        self.assertTrue(text and TEXT.read_text(encoding="utf-8").startswith(text))


if __name__ == "__main__":
    unittest.main()
