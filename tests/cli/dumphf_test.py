# SPDX-License-Identifier: GPL-3.0-or-later
"""resources/exporters/dump_hf.py on small random models. Exits with 77 (skipped) without torch and transformers.

The program's path in the variable PIKV lets the tests open what was dumped with it."""
import csv
import io
import json
import os
import runpy
import subprocess
import sys
import tempfile
import types
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

try:
    import torch
    import transformers
    from safetensors import safe_open
    from safetensors.torch import load_file
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

SCRIPT = Path(__file__).resolve().parents[2] / "resources" / "exporters" / "dump_hf.py"
PIKV = os.environ.get("PIKV")
TEXT = "Nine ships passed; two of them turned back before noon.\n"
TEMPLATE = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<answer>{% endif %}"


def byte_tokenizer():
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def save_model(folder, kind, **options):
    torch.manual_seed(1)
    config = transformers.AutoConfig.for_model(
        kind, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
        vocab_size=256, max_position_embeddings=64, bos_token_id=0, eos_token_id=1, pad_token_id=2, **options)
    transformers.AutoModelForCausalLM.from_config(config).to(torch.bfloat16).save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)


# Those that this version of transformers has; Gemma 3 scales its queries and has layers with a window.
KINDS = [kind for kind in ("llama", "qwen2", "qwen3", "gemma3_text") if kind in transformers.models.auto.CONFIG_MAPPING]


class DumpHf(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.model, self.out = self.root / "tiny-model", self.root / "out.safetensors"
        (self.root / "text.txt").write_text(TEXT)

    def dump(self, *arguments, text=None):
        """Runs the script in this process: importing transformers takes seconds."""
        words = ["--model", self.model, *(text or ["--text-file", self.root / "text.txt"]), "-o", self.out,
                 "--device", "cpu", *arguments]
        code, errors = 0, io.StringIO()
        with mock.patch.object(sys, "argv", [str(SCRIPT), *map(str, words)]), redirect_stderr(errors), \
                redirect_stdout(io.StringIO()):
            try:
                runpy.run_path(str(SCRIPT), run_name="__main__")
            except SystemExit as end:
                code = 0 if end.code is None else 1
                errors.write(str(end.code))
        return types.SimpleNamespace(returncode=code, stderr=errors.getvalue())

    def dumped(self, *arguments, **options):
        result = self.dump(*arguments, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return load_file(self.out)

    def assert_refused(self, result, reason):
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(reason, result.stderr)
        self.assertNotIn("Traceback", result.stderr)
        self.assertFalse(self.out.exists())

    def test_verified_dump(self):
        for kind in KINDS:
            with self.subTest(kind):
                save_model(self.model, kind)
                result = self.dump("--tokens", "24", "--queries", "5", "--dtype", "f32", "--verify")
                self.assertEqual(result.returncode, 0, result.stderr)
                with safe_open(self.out, "pt") as file:
                    metadata = file.metadata()
                    self.assertEqual(file.get_slice("layers.1.key").get_shape(), [1, 2, 24, 8])
                    self.assertEqual(file.get_slice("layers.1.query").get_shape(), [1, 4, 5, 8])
                    self.assertEqual(file.get_tensor("query_positions").tolist(), [19, 20, 21, 22, 23])
                self.assertEqual(metadata["kv_format"], "pikv-kv-1")
                self.assertEqual(metadata["model"], "tiny-model")
                self.assertEqual(metadata["text"], TEXT[:24])
                self.assertEqual((metadata["key_rope"], metadata["rope_layout"]), ("post", "half"))
                self.assertEqual(json.loads(metadata["config"])["model_type"], kind)
                self.assertNotIn(str(self.root), json.dumps(metadata))

    def test_keys_and_values_alone_in_the_models_dtype(self):
        save_model(self.model, "llama")
        self.assertEqual(self.dump("--queries", "0").returncode, 0)
        with safe_open(self.out, "pt") as file:
            self.assertNotIn("layers.0.query", file.keys())
            self.assertEqual(file.get_tensor("layers.0.key").dtype, torch.bfloat16)

    def test_a_batch_is_padded_at_the_left(self):
        (self.root / "short.txt").write_text(TEXT[:9])
        for kind in KINDS:
            with self.subTest(kind):
                save_model(self.model, kind)
                alone = self.dumped("--queries", "0", "--dtype", "f32", text=["--text-file", self.root / "short.txt"])
                files = ["--batch", self.root / "text.txt", self.root / "short.txt"]
                both = self.dumped("--queries", "4", "--dtype", "f32", "--verify", text=files)
                seq = len(TEXT)
                self.assertEqual(both["attention_mask"].tolist(), [[1] * seq, [0] * (seq - 9) + [1] * 9])
                self.assertEqual(both["input_ids"][1, -9:].tolist(), alone["input_ids"][0].tolist())
                for i in range(2):  # values do not know where a sequence stands; keys are rotated by it
                    value = both[f"layers.{i}.value"][1]
                    self.assertTrue(torch.allclose(value[:, -9:], alone[f"layers.{i}.value"][0], rtol=0.03, atol=0.01))
                    self.assertFalse(value[:, :-9].any())
                with safe_open(self.out, "pt") as file:
                    self.assertNotIn("text", file.metadata())

    @unittest.skipUnless(PIKV, "the variable PIKV does not name the program")
    def test_the_program_knows_the_mask(self):
        (self.root / "short.txt").write_text(TEXT[:9])
        save_model(self.model, "llama")
        self.dumped("--queries", "4", text=["--batch", self.root / "text.txt", self.root / "short.txt"])
        info = json.loads(subprocess.run([PIKV, "info", "--json", self.out], check=True, capture_output=True).stdout)
        self.assertEqual(info["tokens_of_sequences"], [len(TEXT), 9])
        table = subprocess.run([PIKV, "eval", self.out, "--with", "identity", "--csv", "-"], check=True, text=True,
                               capture_output=True).stdout.splitlines()
        row = next(csv.DictReader(table))
        # 16 bits of 2 layers x keys and values x 2 heads x 8 channels, of tokens alone
        self.assertEqual(int(row["original_bytes"]), (len(TEXT) + 9) * 2 * 2 * 2 * 8 * 2)
        self.assertEqual(float(row["key_mse"]), 0)

    def test_chunks_are_the_whole(self):
        for kind in KINDS:
            with self.subTest(kind):
                save_model(self.model, kind)
                whole = self.dumped("--queries", "9", "--dtype", "f32")
                parts = self.dumped("--queries", "9", "--dtype", "f32", "--chunks", "7", "--verify")
                self.assertEqual(whole.keys(), parts.keys())
                for name in whole:
                    self.assertEqual(whole[name].shape, parts[name].shape)
                    self.assertTrue(torch.allclose(whole[name].float(), parts[name].float(), rtol=0.03, atol=0.02), name)

    def test_chat_template(self):
        save_model(self.model, "llama")
        self.assert_refused(self.dump("--chat-template"), "has no chat template")
        tokenizer = transformers.AutoTokenizer.from_pretrained(self.model)
        tokenizer.chat_template = TEMPLATE
        tokenizer.save_pretrained(self.model)
        (self.root / "text.txt").write_text("Who?")
        self.dumped("--chat-template")
        with safe_open(self.out, "pt") as file:
            self.assertEqual(file.metadata()["text"], "<user>Who?<answer>")

    def test_refusals(self):
        self.assert_refused(self.dump(), "cannot load the model")
        save_model(self.model, "mistral", sliding_window=16)
        self.assert_refused(self.dump("--tokens", "20"), "sliding window of 16")
        self.assert_refused(self.dump("--tokens", "5000"), "asks for 5000")
        (self.root / "text.txt").write_text(TEXT * 2)
        self.assert_refused(self.dump(), "context of 64")


if __name__ == "__main__":
    unittest.main()
