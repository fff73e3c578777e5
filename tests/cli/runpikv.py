# SPDX-License-Identifier: GPL-3.0-or-later
"""The program for the tests in Python, and what they feed it. Exits with 77 (skipped) where the variable PIKV does not
name it."""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

if not os.environ.get("PIKV"):
    print("skipped: the variable PIKV does not name the program")
    sys.exit(77)

ROOT = Path(__file__).resolve().parents[2]
MODEL = Path(os.environ.get("PIKV_TEST_MODEL") or ROOT / "tests" / "data" / "model" / "tiny-llama3")
TEXT = ROOT / "resources" / "samples" / "sample-text.txt"


def own_folder(test_class):
    """A folder of a test class's own, which goes with it."""
    folder = tempfile.TemporaryDirectory()
    test_class.addClassCleanup(folder.cleanup)
    return Path(folder.name)


def pikv(*arguments):
    """What it prints."""
    return subprocess.run([os.environ["PIKV"], *map(str, arguments), "--quiet"], check=True, capture_output=True,
                          text=True).stdout
