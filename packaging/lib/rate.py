# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes that each method needs for a given divergence of the next tokens, over the committed texts."""
import csv
import io
import json
import math
import random
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

TARGETS = [.001, .01, .1]  # nats
PREDICT = 128
RESAMPLES = 2000
CALIBRATION_TOKENS = 1000
TIERS = ["[16,32,48]", "[32,64,96]", "[64,96,128]", "[96,128,160]", "[128,160,192]"]
# Settings that reach from below the first target to above the last one, where the method can.
SWEEPS = {
    "fisher": ("fisher:step={}", [.5, 1, 2, 4, 8, 16, 32, 64]),
    "fisher-layers": ("fisher:step={},prediction=layers", [1, 2, 4, 8, 16, 32, 64, 128]),
    "fisher-layer": ("fisher:step={},prediction=layer", [.5, 1, 2, 4, 8, 16, 32, 64]),
    "kvtc": ("kvtc:compression={}", [2, 4, 8, 16, 32, 64]),
    "fastvideo": ("fastvideo:compression_ratio={}", [.08, .12, .16, .2, .25, .3, .4]),
    "fastv": ("fastv:subvector={}", [1, 2, 3, 4, 8]),
    "pyramid": ("pyramid:compression_ratio={}", [.05, .1, .15, .2, .3, .4, .5]),
    "lora": ("lora:rank={},code_bits=6", [32, 64, 96, 128, 160, 192]),
    "lora_plus": ("lora_plus:ranks={}", TIERS),
    "minillm": ("minillm:student_size={}", [32, 64, 96, 128, 160]),
    "pyramid-adaptive": ("pyramid:compression_ratio={},coding=adaptive", [.05, .1, .15, .2, .3, .4]),
    "kvtc-alone": ("kvtc:compression={},sinks=1,recent=0", [2, 4, 8, 16, 32, 64]), # without its window
    # Fitted in the metric of the next tokens, taken from the cache itself.
    "lora-metric": ("lora:rank={},code_bits=6,metric=next_token", [32, 64, 96, 128, 160, 192]),
    "lora_plus-metric": ("lora_plus:ranks={},metric=next_token", TIERS),
    "minillm-metric": ("minillm:student_size={},metric=next_token", [32, 64, 96, 128, 160]),
    "pyramid-metric": ("pyramid:compression_ratio={},metric=next_token", [.05, .1, .15, .2, .3, .4, .5]),
    "turboquant": ("turboquant:key_bits={0},value_bits={0},sinks=4", [2, 3, 4, 5, 6]),
    "kivi": ("kivi:key_bits={0},value_bits={0}", [1, 2, 3, 4, 5, 6, 8]),
    "q4_0": ("q4_0", [0]),
    "q8_0": ("q8_0", [0]),
}
# With shared bytes apart: what is swept, and what is learned.
CALIBRATED = {"fisher-layers+": ("fisher-layers", "fisher:prediction=layers"),
              "fisher-layer+": ("fisher-layer", "fisher:prediction=layer"),
              "fisher+": ("fisher", "fisher"), "kvtc+": ("kvtc", "kvtc"), "kvtc-alone+": ("kvtc-alone", "kvtc"),
              "lora+": ("lora", "lora:rank=192"), "lora_plus+": ("lora_plus", "lora_plus:ranks=[128,160,192]"),
              "pyramid+": ("pyramid", "pyramid"), "pyramid-adaptive+": ("pyramid-adaptive", "pyramid")}

UNCALIBRATED = {"fisher-layers", "fisher-layer"}  # there is none without a calibration


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


def calibrate(pikv, spec, texts, folder):
    dumps = []
    for path in texts:
        dumps.append(f"{folder}/{path.stem}.safetensors")
        if not Path(dumps[-1]).exists():
            subprocess.run([pikv, "capture", "--model", "default", "--text-file", path, "--tokens", str(CALIBRATION_TOKENS),
                            "-o", dumps[-1], "--quiet"], check=True, stdout=subprocess.DEVNULL)
    basis = f"{folder}/{spec.split(':')[0]}.pikv-basis"
    subprocess.run([pikv, "calibrate", *dumps, "--with", spec, "-o", basis, "--quiet"], check=True,
                   stdout=subprocess.DEVNULL)
    return basis


def curve(pikv, text, context, specs):
    """The program's own rows of the settings, as dictionaries of texts."""
    command = [pikv, "next-token", "--model", "default", "--text-file", text, "--context", str(context), "--predict",
               str(PREDICT), "--csv", "-", "--quiet"]
    for spec in specs:
        command += ["--with", spec]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"measure: {text.name}: {result.stderr.strip()[-500:]}")
    method = specs[0].split(":")[0]
    return [row for row in csv.DictReader(io.StringIO(result.stdout)) if row["compressor"] == method]


def points_of(rows):
    """[(share of 16 bits, KL)]"""
    return [(float(row["compression_ratio"]), float(row["next_token_kl"])) for row in rows]


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def mean_rows(curves):
    """A row a setting: the mean of each figure over the texts, the rest as in the first one."""
    rows = []
    for same in zip(*curves):
        row = dict(same[0])
        for name in row:
            values = [number(one[name]) for one in same]
            if name != "seed" and None not in values:
                mean = sum(values) / len(values)
                row[name] = str(round(mean) if name.endswith("_bytes") else mean)
        rows.append(row)
    return rows


def write_rows(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def distance_class(distance):
    """As LayerFisher::distanceClass(): two classes an octave of distances to the end."""
    octave = (distance + 1).bit_length() - 1
    return 2 * octave + ((distance + 1) >> (octave - 1) & 1 if octave else 0)


def components(basis, tokens):
    """[(deviation in steps of 1, [(how much wider steps are, for how many tokens)])] of a fisher calibration, by layer and
    side: sizes are log2 in quarters of 0.7 deviations, classes by distance log2 in halves."""
    seen = {}
    for distance in range(tokens):
        seen[distance_class(distance)] = seen.get(distance_class(distance), 0) + 1
    with open(basis, "rb") as file:
        length, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))

        def numbers(name, kind):
            begin, end = header[name]["data_offsets"]
            file.seek(8 + length + begin)
            all_of_it = [value for value, in struct.iter_unpack(kind, file.read(end - begin))]
            layers = header[name]["shape"][0]
            return [all_of_it[i * len(all_of_it) // layers:(i + 1) * len(all_of_it) // layers] for i in range(layers)]

        found = []
        for side in "kv":
            for sizes, classes in zip(numbers(side + ".sizes", "<h"), numbers(side + ".distances", "<b")):
                widths = [(2 ** (classes[c] / 2), count) for c, count in seen.items()]
                found += [(2 ** (size / 4) / .7, widths) for size in sizes]
        return found


def water_filled(parts, step):
    """Share of 16 bits that the components would take, were they Gaussian and of the calibration's variances, for the mean
    square error of uniform steps (reverse water-filling in the Fisher metric; Cover & Thomas, theorem 10.3.3)."""
    bits = tokens = 0
    for deviation, widths in parts:
        for width, count in widths:
            bits += count * max(0, math.log2(deviation / (step * width / math.sqrt(12))))
            tokens += count
    return bits / tokens / 16


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


def floor_cells(basis, context, curves):
    """What reverse water-filling takes at the steps where the calibrated codec has the targets' divergences."""
    parts = components(basis, context)
    cells = []
    for target in TARGETS:
        shares = []
        for rows in curves:
            points = [(water_filled(parts, float(re.search(r"step=([0-9.e+-]+)", row["params"]).group(1))),
                       float(row["next_token_kl"])) for row in rows]
            shares.append(share_at(points, target))
        cells.append(cell(shares))
    return cells


def measure(pikv, root, methods, contexts, out=None):
    texts, learned = (sorted((root / "tests/data/texts" / kind).glob("*.txt")) for kind in ("test", "calibration"))
    check_apart(texts, learned)
    print(f"rate, whole files as a share of 16 bits, means and 95 % intervals over {len(texts)} texts; + with a calibration, "
          "its bytes apart")
    print(f"  {'':<16} {'tokens':>6}  " + "".join(f"{'KL ' + str(target):<38}" for target in TARGETS))
    tables = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in methods or [*(name for name in SWEEPS if name not in UNCALIBRATED), *CALIBRATED]:
            method, spec = CALIBRATED.get(name, (name, None))
            pattern, settings = SWEEPS[method]
            basis = calibrate(pikv, spec, learned, folder) if spec else None
            more = f",shared={basis}" if basis else ""
            for context in contexts:
                curves = [curve(pikv, text, context, [pattern.format(s) + more for s in settings]) for text in texts]
                cells = [cell([share_at(points_of(rows), target) for rows in curves]) for target in TARGETS]
                print(f"  {name:<16} {context:>6}  " + "".join(f"{text:<38}" for text in cells), flush=True)
                if name == "fisher+":
                    print(f"  {'Gauss floor':<16} {context:>6}  "
                          + "".join(f"{text:<38}" for text in floor_cells(basis, context, curves)), flush=True)
                kind = "calibrated" if basis else "own"
                tables.setdefault(f"{kind}-{context}", []).extend(mean_rows(curves))
                if out:
                    draw(pikv, out, f"{kind}-{context}", tables[f"{kind}-{context}"])
    for context in contexts:
        bytes_of_ids = curve(pikv, texts[0], context, ["recompute"])[0]["compression_ratio"]
        print(f"  {'recompute':<16} {context:>6}  KL 0 at {100 * float(bytes_of_ids):.3f} %: token ids, and the model runs again")


def draw(pikv, out, name, rows):
    """Means over the texts as a table and as the program's own charts: after each method, as a run takes hours."""
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / f"{name}.csv", rows)
    subprocess.run([pikv, "plot", folder / f"{name}.csv", "-o", folder / name, "--quiet"], check=True,
                   stdout=subprocess.DEVNULL)
