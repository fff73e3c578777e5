#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write golden.json: the corpus of strings, their pieces under each pre-tokenizer, and their token ids.

Pieces come from the tokenizers library with the published regular expressions; ids from its BPE over the vocabulary that
transformers reads from the GGUF file (SmolLM2's published pre-tokenizer in place of the plain one that transformers
assumes for every GGUF file), and over the tiny vocabulary of tests/data/model.

    python3 make_golden.py SmolLM2-135M-Instruct.Q4_1.gguf
"""
import json
import os
import random
import sys

import tokenizers
from tokenizers import pre_tokenizers
from transformers import AutoTokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
TINY = os.path.join(HERE, "..", "model")
LLAMA = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
         r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN = LLAMA.replace(r"\p{N}{1,3}", r"\p{N}")


def split(regex):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(tokenizers.Regex(regex), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


RULES = {
    "gpt-2": pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                       pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]),
    "llama-bpe": split(LLAMA),
    "qwen2": split(QWEN),
}

PLAIN = [
    "", " ", "  ", "   ", "\n", "\n\n", "\t", "\r\n", "a", " a", "a ", "  a", "a  ", "\na", "a\n", "Hello world",
    "Hello  world's 1999\n\n x", "I'LL pay $12345.67 (now)!  ", "a\t\tb  \n  c", "café 你好 ٣٤ x²", "I'm you're we've he'd it's",
    "I'M YOU'RE WE'VE HE'D IT'S don't DON'T", "'s 't 're", "''s", "' s", "rock'n'roll", "The quick brown fox jumps over the lazy dog.",
    "Attention is all you need.", "In 2017, Vaswani et al. wrote it.", "3.14159", "1 2 3", "12 34 567 8901", "1234567890123",
    "a1b2c3", "1a 2b", "x = 1", "0x1F", "1e-5", "1,000,000", "½ ¾ ² ³ Ⅷ ①", "𝟏𝟐𝟑", "٠١٢٣٤٥", "१२३", "一二三",
    "snake_case camelCase PascalCase kebab-case", "https://example.org/a?b=c&d=%20#e", "user@example.org", "C:\\Windows\\x",
    "../../etc/hosts", "#include <vector>", "int main() { return 0; }", "for (int i = 0; i < n; ++i)\n    sum += a[i];\n",
    "def f(x):\n    return x * 2\n", "\tif (x)\n\t\ty();\n", "SELECT * FROM t WHERE a = 'b';", "<p class=\"x\">y</p>",
    "{\"a\": [1, 2.5, null, true]}", "a && b || !c", "x->y.z::w", "/* comment */ // more", "fn main() -> Result<(), E> {}",
    "λx.x", "$\\sum_{i=1}^n x_i$", "```python\nprint('hi')\n```", "- item\n- item 2\n  - nested\n", "| a | b |\n|---|---|\n",
    "        eight spaces", "trailing   ", "a\n\n\nb", "a\n \n b", "a \n", "a\r\nb\r\n", "\n  x", "  \n", " \t \n\t ", "\u00a0x\u00a0",
    "x\u2003y", "x\u3000y", "x\u2028y\u2029z", "x\u0085y", "x\u180ey", "x\u200by", "x\ufeffy", "\u202fx", "\x0b\x0c", "a\u00adb",
    "Ünïcödé ÄÖÜ ß", "e\u0301 e\u0301e\u0301", "Crème brûlée à la façon", "naïve coöperation", "Zażółć gęślą jaźń",
    "Příliš žluťoučký kůň", "Árvíztűrő tükörfúrógép", "Iñtërnâtiônàlizætiøn", "İstanbul'da ığdır", "Đây là tiếng Việt",
    "Привет, мир! Как дела?", "Здравствуйте 123", "Καλημέρα κόσμε", "שלום עולם", "مرحبا بالعالم", "سلام دنیا ۱۲۳", "नमस्ते दुनिया", "বাংলা লেখা",
    "தமிழ் மொழி", "ไทยภาษา", "ພາສາລາວ", "မြန်မာ", "ខ្មែរ", "ქართული ენა", "Հայերեն լեզու", "አማርኛ", "你好，世界！", "我有123个苹果。",
    "繁體中文", "こんにちは世界", "カタカナとひらがな", "半角ｶﾅ", "안녕하세요 세계", "한국어 텍스트 42", "汉字kanji混ぜるmix", "ᚠᚢᚦ", "𐍈", "𒀀𒁀",
    "😀", "😀😃😄", "I ❤️ you", "👩‍👩‍👧‍👦 family", "👍🏽", "🇩🇪🇫🇷", "☕️ time", "🏳️‍🌈", "a😀b", "1️⃣2️⃣", "™ © ® € £ ¥", "→ ⇒ ∀ ∃ ∈ ≤ ≥ ≠ ∞",
    "“quotes” ‘single’ «guillemets»", "em—dash en–dash", "ellipsis…", "• bullet", "†‡§¶", "½-way", "10°C", "5′ 6″", "a…b…c",
    "!!!", "???", "...", "....", "......", "-----", "=====", "#####", "*****", "_____", "~~~~", "((()))", "[[]]", "<<>>", ",,,", ";;;",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "ababababababababab", "zzzzzzzzzzzzz", "the the the the the", "thethethe",
    "supercalifragilisticexpialidocious", "antidisestablishmentarianism", "XMLHttpRequest", "iPhone15ProMax", "COVID-19",
    "U.S.A.", "e.g., i.e., etc.", "Mr. & Mrs. O'Neil", "it''s", "'tis", "y'all'd've", "ſ's 'ſ", "'K 'k", "O’Reilly’s",
    "\x00", "a\x00b", "\x01\x02\x03", "\x7f", "\x1b[31mred\x1b[0m", "\x04\x06\x13", "!\x04!", "\U00040000", "\U000e0041", "\U0010ffff",
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|im_start|>user\nHi<|im_end|>\n", "a<|im_end|>b", "a <|im_end|> b",
    "<|im_start|><|im_start|>", "<|im_start", "<|im_start|", "|im_start|>", "<<|im_end|>>", "<repo_name>x<file_sep>y", "<|IM_END|>",
    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\n"
    "What is 2 + 2?<|im_end|>\n<|im_start|>assistant\n4<|im_end|>\n",
    "The theory of the thing that they then wrote: \"the cat sat on the mat\" (1999), and the dog ran.",
    "Compression of a key-value cache trades bytes for fidelity; the reader pays for every bit of it.\n" * 3,
]


def generated():
    """Random mixtures, so that boundaries between classes of characters meet in every order."""
    rng = random.Random(7)
    parts = ["a", "Word", " ", "  ", "\n", "\t", "7", "42", "'s", "'S", ".", "!?", "é", "你", "😀", "_", "\r\n", "ß", "²", "\u00a0", "-", "the"]
    return ["".join(rng.choice(parts) for _ in range(rng.randint(3, 24))) for _ in range(40)]


def tokenizer_of(model_json, rule, added):
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
        "pre_tokenizer": None, "post_processor": None, "decoder": None, "model": model_json}))
    tokenizer.pre_tokenizer = RULES[rule]
    return tokenizer


def main():
    strings = PLAIN + generated()
    folder, file = os.path.split(os.path.abspath(sys.argv[1]))
    loaded = json.loads(AutoTokenizer.from_pretrained(folder, gguf_file=file).backend_tokenizer.to_str())
    smollm = tokenizer_of(loaded["model"], "smollm", loaded["added_tokens"])
    with open(os.path.join(TINY, "tiny-llama3", "tokenizer.json"), encoding="utf-8") as source:
        tiny = json.load(source)
    tiny_bpe = {**tiny["model"], "ignore_merges": False}
    out = {
        "strings": strings,
        "pieces": {name: [[piece for piece, _ in rule.pre_tokenize_str(s)] for s in strings] for name, rule in RULES.items()},
        "ids": {"smollm2": [smollm.encode(s, add_special_tokens=False).ids for s in strings]},
    }
    for rule in RULES:
        model = tiny["model"] if rule == "llama-bpe" else tiny_bpe
        tokenizer = tokenizer_of(model, rule, tiny["added_tokens"])
        out["ids"][f"tiny {rule}"] = [tokenizer.encode(s, add_special_tokens=False).ids for s in strings]
    with open(os.path.join(HERE, "golden.json"), "w", encoding="utf-8") as target:
        target.write("{\n")
        target.write(',\n'.join(f'"{key}": ' + json.dumps(value, ensure_ascii=True, separators=(",", ":"))
                                for key, value in out.items()))
        target.write("\n}\n")
    print(len(strings), "strings")


if __name__ == "__main__":
    main()
