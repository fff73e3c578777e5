# SPDX-License-Identifier: GPL-3.0-or-later
"""resources/exporters/dump_hf.py on small random models. Exits with 77 (skipped) without torch and transformers."""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import torch
    import transformers
    from safetensors import safe_open
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

SCRIPT = Path(__file__).resolve().parents[2] / "resources" / "exporters" / "dump_hf.py"
TEXT = "Nine ships passed; two of them turned back before noon.\n"


def byte_tokenizer():
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def save_model(folder, kind, **options):
    torch.manual_seed(1)
    config = transformers.AutoConfig.for_model(
        kind, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        vocab_size=256, max_position_embeddings=64, bos_token_id=0, eos_token_id=1, pad_token_id=2, **options)
    transformers.AutoModelForCausalLM.from_config(config).to(torch.bfloat16).save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)


class DumpHf(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.model, self.out = self.root / "tiny-model", self.root / "out.safetensors"
        (self.root / "text.txt").write_text(TEXT)

    def dump(self, *arguments):
        return subprocess.run([sys.executable, SCRIPT, "--model", self.model, "--text-file", self.root / "text.txt",
                               "-o", self.out, "--device", "cpu", *arguments], capture_output=True, text=True)

    def assert_refused(self, result, reason):
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(reason, result.stderr)
        self.assertNotIn("Traceback", result.stderr)
        self.assertFalse(self.out.exists())

    def test_verified_dump(self):
        for kind in ("llama", "qwen2"):
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

    def test_refusals(self):
        self.assert_refused(self.dump(), "cannot load the model")
        save_model(self.model, "mistral", sliding_window=16)
        self.assert_refused(self.dump("--tokens", "20"), "sliding window of 16")
        self.assert_refused(self.dump("--tokens", "5000"), "asks for 5000")
        (self.root / "text.txt").write_text(TEXT * 2)
        self.assert_refused(self.dump(), "context of 64")


if __name__ == "__main__":
    unittest.main()
