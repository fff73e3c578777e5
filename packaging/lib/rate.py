# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes that each method needs for a given divergence of the next tokens, over the committed texts."""
import csv
import io
import math
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TARGETS = [.001, .01, .1]  # nats
PREDICT = 128
RESAMPLES = 2000
CALIBRATION_TOKENS = 1000
# Settings that reach from below the first target to above the last one, where the method can.
SWEEPS = {
    "fisher": ("fisher:step={}", [.5, 1, 2, 4, 8, 16, 32]),
    "kvtc": ("kvtc:compression={}", [2, 4, 8, 16, 32, 64]),
    "fastvideo": ("fastvideo:compression_ratio={}", [.08, .12, .16, .2, .25, .3, .4]),
    "fastv": ("fastv:compression_ratio={}", [.1, .15, .2, .25, .3, .4, .5]),
    "pyramid": ("pyramid:compression_ratio={}", [.1, .15, .2, .3, .4, .5]),
    "lora": ("lora:rank={},code_bits=6", [16, 32, 64, 96, 128]),
    "lora_plus": ("lora_plus:rank={}", [8, 16, 32, 64, 96]),
    "minillm": ("minillm:compression_ratio={}", [.1, .2, .3, .4, .5]),
    "turboquant": ("turboquant:key_bits={0},value_bits={0},sinks=4", [2, 3, 4, 5, 6]),
    "kivi": ("kivi:key_bits={0},value_bits={0}", [1, 2, 3, 4, 5, 6, 8]),
    "q4_0": ("q4_0", [0]),
    "q8_0": ("q8_0", [0]),
}
CALIBRATED = {"fisher+": "fisher", "kvtc+": "kvtc", "lora+": "lora", "minillm+": "minillm"}  # with shared bytes apart


def words(path):
    return re.findall(r"\w+", path.read_text(encoding="utf-8").lower())


def check_apart(test, calibration, run=8):
    """Ends the program where a test text and a calibration text have `run` words in a row in common."""
    seen = {}
    for path in calibration:
        text = words(path)
        for i in range(len(text) - run + 1):
            seen.setdefault(tuple(text[i:i + run]), path.name)
    for path in test:
        text = words(path)
        for i in range(len(text) - run + 1):
            if (key := tuple(text[i:i + run])) in seen:
                sys.exit(f"measure: {path.name} and {seen[key]} both say '{' '.join(key)}': no fair test")


def calibrate(pikv, method, texts, folder):
    dumps = []
    for path in texts:
        dumps.append(f"{folder}/{path.stem}.safetensors")
        if not Path(dumps[-1]).exists():
            subprocess.run([pikv, "capture", "--model", "default", "--text-file", path, "--tokens", str(CALIBRATION_TOKENS),
                            "-o", dumps[-1], "--quiet"], check=True, stdout=subprocess.DEVNULL)
    basis = f"{folder}/{method}.pikv-basis"
    subprocess.run([pikv, "calibrate", *dumps, "--with", method, "-o", basis, "--quiet"], check=True,
                   stdout=subprocess.DEVNULL)
    return basis


def curve(pikv, text, context, specs):
    """[(share of 16 bits, KL)] of the settings that the text's cache allows."""
    command = [pikv, "next-token", "--model", "default", "--text-file", text, "--context", str(context), "--predict",
               str(PREDICT), "--csv", "-", "--quiet"]
    for spec in specs:
        command += ["--with", spec]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"measure: {text.name}: {result.stderr.strip()[-500:]}")
    method = specs[0].split(":")[0]
    rows = [row for row in csv.DictReader(io.StringIO(result.stdout)) if row["compressor"] == method]
    return [(float(row["compression_ratio"]), float(row["next_token_kl"])) for row in rows]


def share_at(points, target):
    """Between the two settings around the target, straight in both logarithms; None: no setting reaches so far."""
    points = sorted((kl, share) for share, kl in points if kl > 0)
    for (low, more), (high, less) in zip(points, points[1:]):
        if low <= target <= high:
            t = (math.log(target) - math.log(low)) / (math.log(high) - math.log(low)) if high > low else 0
            return math.exp(math.log(more) + t * (math.log(less) - math.log(more)))
    return None


def interval(values):
    """Mean and its 95 % percentile bootstrap interval over texts."""
    generator = random.Random(0)
    means = sorted(sum(generator.choices(values, k=len(values))) / len(values) for _ in range(RESAMPLES))
    return sum(values) / len(values), means[int(.025 * RESAMPLES)], means[int(.975 * RESAMPLES) - 1]


def cell(values):
    have = [value for value in values if value is not None]
    if not have:
        return "-"
    mean, low, high = interval(have)
    missing = "" if len(have) == len(values) else f" ({len(have)} texts)"
    return f"{100 * mean:.1f} % ({100 * low:.1f} to {100 * high:.1f}){missing}"


def measure(pikv, root, methods, contexts):
    texts, learned = (sorted((root / "tests/data/texts" / kind).glob("*.txt")) for kind in ("test", "calibration"))
    check_apart(texts, learned)
    print(f"rate, whole files as a share of 16 bits, means and 95 % intervals over {len(texts)} texts; + with a calibration, "
          "its bytes apart")
    print(f"  {'':<12} {'tokens':>6}  " + "".join(f"{'KL ' + str(target):<28}" for target in TARGETS))
    with tempfile.TemporaryDirectory() as folder:
        for name in methods or [*SWEEPS, *CALIBRATED]:
            method = CALIBRATED.get(name, name)
            pattern, settings = SWEEPS[method]
            more = f",shared={calibrate(pikv, method, learned, folder)}" if name in CALIBRATED else ""
            for context in contexts:
                curves = [curve(pikv, text, context, [pattern.format(s) + more for s in settings]) for text in texts]
                cells = [cell([share_at(points, target) for points in curves]) for target in TARGETS]
                print(f"  {name:<12} {context:>6}  " + "".join(f"{text:<28}" for text in cells), flush=True)
