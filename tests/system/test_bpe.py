"""Byte-level BPE against the Python package `tokenizers`: tokenizers that the package trains and
saves must give the same ids here, for English, for a page of hard Unicode, for every prefix of
random bytes, and for merges and added tokens made to be ambiguous."""

import array
import json
import random
import subprocess
import sys
import unittest

import harness

try:
    import tokenizers
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
except ImportError:
    tokenizers = None

END = "<|endoftext|>"
SEEDS = range(4)

# What pre-tokenizers and decoders get wrong, a line each.
HARD = "\n".join(
    [
        "It's I'll you'd we've they're I'm don't, IT'S 'S o'clock ''s 's  's\t's",
        "e\u0301 a\u0308\u0323 \u0301 n\u0303o combining marks: \u0e01\u0e34\u0e19 \u0939\u093f\u0928\u094d\u0926\u0940 \u0bae\u0bbf\u0bb3\u0bcd",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f3f4\u200d\u2620\ufe0f \U0001f1e9\U0001f1ea\U0001f44d\U0001f3fd \u2764\ufe0f x\U0001f600y",
        "\u05d8\u05d7\u05e0\u05ea \u05d4\u05de\u05d9\u05dd \u0637\u0627\u062d\u0648\u0646\u0629 \u200f\u202e\u0627\u0644\u0645\u0627\u0621\u202c \u0646\u0651\u064e",
        "\u6c34\u8eca\u306f\u56de\u308b\u3002\u6c34\u8f66\u5728\u8f6c\u52a8 \ubb3c\ub808\ubc29\uc544 \u304b\u3099 \uff76\uff9e \U00020000\U00030000\u3007",
        "a\u00a0b \u00a0c\u00a0 d\u2003e\u2003\u2003f\u3000g \u3000\u3000 h\u0085i\u0085\u0085j\u1680k\u202fl\u205fm\u2028n\u2029o",
        "\u200b\u200ba\u200bb\u2060\ufeffc\u180ed \u00ad soft\u00adhyphen",
        "\u0664\u0662 \u096a\u0968 \u0e54\u0e52 \uff14\uff12 \U0001d7d2\U0001d7d0 4\u0662x 1\u20442 \u00bd \u2155",
        "x\u00b2 y\u00b3 z\u2074 H\u2082O \u2460\u24ea \u2163 \u216b \u2188 \u3289 \U00010107 a\u2163b",
        "\u0000\u0001\u001b[0m\u007f\u0080\u009f\u001c\u001d\u001e\u001fx\u000by\u000cz",
        "\ue000\uf8ff \U000f0000 \U0010fffd \ufffe\uffff \U0001ffff \u0378\u0379 \ufdd0 \ufffd\ufffd\ufffd",
        "\u00aa\u00ba \u02b0\u02c1 \u01c5\u01c8 \u00df\u1e9e \u0130\u0131 \ufb01 \u2126 \u212b \u00b5 \u1fbe",
        "tabs\t\tand  spaces   \n\n\n   \t\n \n  lines\r\n\r\rreturns  ",
        "!!!???...---***   ###_under_score_ (a)[b]{c} \u00ab\u00bb\u201c\u201d\u2018s \u2019s x\u2019s \u2026 \u20ac$\u00a3 \u00b1\u00d7\u00f7 \u2200x\u2208\u211d",
        "\u0120\u010a\u0141 spelled bytes \u0120a \u00c3\u00a9 \u00e9 <|endoftext|> <|endoftext| |> [MASK]<s></s>",
        "\U000105c0\U0001e5d0 \ua7cb\u1c89 letters of Unicode 16 \u0870 15: \U0001e4d0 \U0001f7d9 17: \ua7ce \U0001e6c0",
    ]
)


def english():
    for place in (harness.SOURCE.parent / "shared" / "data", harness.SOURCE / "data"):
        if (place / "tinyshakespeare.txt").exists():
            return (place / "tinyshakespeare.txt").read_text()
    print(
        "tiny Shakespeare is neither in data/ nor in ../shared/data; a generated text stands in "
        "(scripts/get-data tinyshakespeare)"
    )
    return harness.TEXT * 20


def byte_level(model, add_prefix_space=False, use_regex=True):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=add_prefix_space, use_regex=use_regex
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def trained(texts, size, **how):
    tokenizer = byte_level(models.BPE(), **how)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def random_bytes(seed, length=300):
    """Bytes of all kinds: random ones, words, quotes and spaces, pieces of the hard page."""
    source = random.Random(seed)
    page = HARD.encode()
    made = b""
    while len(made) < length:
        kind = source.randrange(4)
        if kind == 0:
            made += bytes(source.randrange(256) for _ in range(source.randrange(1, 6)))
        elif kind == 1:
            made += source.choice(
                [
                    b" ",
                    b"  ",
                    b"\n",
                    b"'s",
                    b"'",
                    b"the",
                    b" mill",
                    b"42",
                    b"\xc2\xa0",
                    b"<|endoftext|>",
                ]
            )
        else:
            at = source.randrange(len(page))
            made += page[at : at + source.randrange(1, 12)]
    return made[:length]


def prefixes_of_random_bytes():
    for seed in SEEDS:
        made = random_bytes(seed)
        for length in range(len(made) + 1):
            yield made[:length].decode("utf-8", errors="replace")


@unittest.skipIf(
    tokenizers is None,
    "the Python package tokenizers is not installed: scripts/setup puts it into .venv",
)
class TokenizerTest(harness.SystemTest):
    """What tests of `tokenize` beside the package share."""

    def run_tokenize(self, *words, lines):
        """What `tokenize --json` makes of these values, one JSON line each."""
        done = subprocess.run(
            [harness.BIN / "tokenize", *words, "--json"],
            input="".join(json.dumps(line) + "\n" for line in lines),
            capture_output=True,
            encoding="utf-8",
            timeout=harness.LONG_ENOUGH_S,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.split("\n")[:-1]]

    def save(self, tokenizer):
        path = self.folder / "tokenizer.json"
        tokenizer.save(str(path))
        return path


class BpeTest(TokenizerTest):
    def assert_same_ids(self, tokenizer, path, texts):
        """With special tokens as text, and recognised; and the same texts back."""
        texts = list(texts)
        for flags, as_text in (([], True), (["--specials"], False)):
            tokenizer.encode_special_tokens = as_text
            theirs = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
            ours = self.run_tokenize("--encode", path, *flags, lines=texts)
            self.assertEqual(len(ours), len(texts))
            for text, a, b in zip(texts, ours, theirs):
                self.assertEqual(a, b, f"{text!r}, specials as text: {as_text}")
        tokenizer.encode_special_tokens = False
        decoded = self.run_tokenize("--decode", path, lines=theirs)
        self.assertEqual(
            decoded, [tokenizer.decode(ids, skip_special_tokens=False) for ids in theirs]
        )

    def test_trained_tokenizers(self):
        text = english()
        for how in ({}, {"add_prefix_space": True}, {"use_regex": False}):
            with self.subTest(**how):
                # Without the pattern a text is one word, so the trainer is given lines.
                lines = (
                    text[:200_000].splitlines() if how.get("use_regex") is False else [text, HARD]
                )
                tokenizer = trained(lines, 3000, **how)
                path = self.save(tokenizer)
                whole = [] if how.get("use_regex") is False else [text]
                self.assert_same_ids(
                    tokenizer, path, [*whole, HARD, *HARD.split("\n"), *prefixes_of_random_bytes()]
                )

    def test_the_pair_of_files_is_the_same(self):
        tokenizer = trained([english(), HARD], 2000)
        tokenizer.model.save(str(self.folder))
        texts = [HARD, *prefixes_of_random_bytes()]
        for name in ("vocab.json", "merges.txt", "."):
            ours = self.run_tokenize("--encode", self.folder / name, "--specials", lines=texts)
            self.assertEqual(ours, [tokenizer.encode(text).ids for text in texts], name)

    def test_decoding_cuts_characters_as_python_does(self):
        tokenizer = trained([HARD], 600)
        path = self.save(tokenizer)
        source = random.Random(7)
        lists = [[source.randrange(600) for _ in range(source.randrange(12))] for _ in range(2000)]
        lists += [tokenizer.encode(HARD).ids[at : at + 5] for at in range(400)]
        self.assertEqual(
            self.run_tokenize("--decode", path, lines=lists),
            [tokenizer.decode(ids, skip_special_tokens=False) for ids in lists],
        )

    def test_every_code_point_cuts_words_alike(self):
        """Merges of "a", "1" and "!" with every byte that may start a character show whether both
        are in one word."""
        alphabet = dict(zip(self.bytes_in_order(), self.alphabet()))
        vocabulary = {spelling: i for i, spelling in enumerate(alphabet.values())}
        merges = []
        for left in "a1!":
            for byte in range(0x20, 0xF5):
                if not chr(byte).isascii() or not chr(byte).isalnum():
                    merges.append((left, alphabet[byte]))
        for left, right in merges:
            vocabulary[left + right] = len(vocabulary)
        tokenizer = byte_level(models.BPE(vocabulary, merges))
        path = self.save(tokenizer)
        points = [chr(c) for c in range(0x80, 0x110000) if not 0xD800 <= c < 0xE000]
        texts = [
            "".join(f"a{c}1{c}!{c}\n" for c in points[at : at + 4096])
            for at in range(0, len(points), 4096)
        ]
        theirs = [tokenizer.encode(text).ids for text in texts]
        for at, (a, b) in enumerate(zip(self.run_tokenize("--encode", path, lines=texts), theirs)):
            self.assertEqual(a, b, f"code points from {ord(points[at * 4096]):#x} on")

    def test_ambiguous_merges(self):
        """Random lists of merges over two letters: many ways to the same token, merges listed
        twice, out-of-date candidates."""
        for seed in range(40):
            source = random.Random(seed)
            vocabulary = {"a": 0, "b": 1, "c": 2}
            merges = []
            for _ in range(source.randrange(4, 40)):
                left, right = source.choice(list(vocabulary)), source.choice(list(vocabulary))
                if len(left + right) > 8:
                    continue
                merges.append((left, right))
                vocabulary.setdefault(left + right, len(vocabulary))
            # Every way to cut each token in two, so that one token comes about in several turns.
            merges += [
                (t[:i], t[i:])
                for t in vocabulary
                for i in range(1, len(t))
                if t[:i] in vocabulary and t[i:] in vocabulary
            ]
            source.shuffle(merges)
            tokenizer = byte_level(models.BPE(vocabulary, merges, ignore_merges=seed % 2 == 1))
            words = [
                "".join(source.choice("aaabbc") for _ in range(source.randrange(1, 40)))
                for _ in range(200)
            ]
            path = self.save(tokenizer)
            theirs = [tokenizer.encode(word).ids for word in words]
            self.assertEqual(
                self.run_tokenize("--encode", path, lines=words), theirs, f"seed {seed}: {merges}"
            )

    def test_added_tokens_of_all_kinds(self):
        for prefix in (False, True):
            tokenizer = trained([english()[:100_000], HARD], 700, add_prefix_space=prefix)
            tokenizer.add_special_tokens(
                [
                    AddedToken("<s>", normalized=False),
                    AddedToken("<s><s>", normalized=False),
                    "[MASK]",
                ]
            )
            tokenizer.add_tokens(
                [
                    AddedToken("mill", normalized=True),
                    AddedToken("mill wheel", normalized=True),
                    AddedToken("s><", normalized=False),
                    AddedToken("\u6c34", normalized=False),
                    AddedToken(" race", normalized=False),
                    AddedToken("e\u0301", normalized=True),
                    "!",
                ]
            )
            source = random.Random(3)
            pieces = [
                "<s>",
                "<s",
                "><",
                "s",
                "[MASK]",
                "mill",
                " wheel",
                " race",
                "\u6c34\u8eca",
                "e\u0301",
                "e",
                "!",
                " ",
                "\n",
                "The",
                END,
            ]
            texts = [
                "".join(source.choice(pieces) for _ in range(source.randrange(12)))
                for _ in range(1500)
            ]
            self.assert_same_ids(tokenizer, self.save(tokenizer), texts)

    @staticmethod
    def bytes_in_order():
        own = [*range(33, 127), *range(161, 173), *range(174, 256)]
        return own + [byte for byte in range(256) if byte not in own]

    @classmethod
    def alphabet(cls):
        own = cls.bytes_in_order()[:188]
        return [chr(byte) for byte in own] + [chr(256 + i) for i in range(68)]

    def tokenize_files(self, out, *more, path="text.txt"):
        recipe = [harness.SMALL, f"--data.path={path}", "--data.tokenizer=tokenizer.json"]
        return ["tokenize", *recipe, "--out", out, *more]

    def ids_of(self, path):
        found = array.array("H")
        found.frombytes((self.folder / path).read_bytes())
        if sys.byteorder == "big":
            found.byteswap()
        return found.tolist()

    def test_files_hold_what_the_package_says(self):
        """train.bin and val.bin as nanoGPT has them: of one text, and of lines each with its
        end."""
        text = english()
        (self.folder / "text.txt").write_text(text)
        tokenizer = trained([text], 1000)
        self.save(tokenizer)
        self.run_program(*self.tokenize_files("one"))
        end = len(text) * 9 // 10
        mark = tokenizer.token_to_id(END)
        self.assertEqual(self.ids_of("one/train.bin"), [*tokenizer.encode(text[:end]).ids, mark])
        self.assertEqual(self.ids_of("one/val.bin"), [*tokenizer.encode(text[end:]).ids, mark])

        self.run_program(*self.tokenize_files("lines", "--data.format=lines", "--val_fraction=0"))
        wanted = [
            i for line in text.split("\n") if line for i in [*tokenizer.encode(line).ids, mark]
        ]
        self.assertEqual(self.ids_of("lines/train.bin"), wanted)
        meta = json.loads((self.folder / "lines" / "meta.json").read_text())
        self.assertEqual(
            (meta["dtype"], meta["vocab_size"], meta["end_of_text"]),
            ("uint16", tokenizer.get_vocab_size(), mark),
        )

    def test_a_run_that_is_killed_goes_on(self):
        (self.folder / "text.txt").write_text(english())
        self.save(trained([HARD], 500))
        words = ["--data.format=lines", "--shard-tokens=20000"]
        self.run_program(*self.tokenize_files("whole", *words))
        first = self.folder / "killed" / "train_000000.bin"
        process = self.start(*self.tokenize_files("killed", *words))
        self.wait_until(
            lambda: first.exists() or process.poll() is not None, "the first file is there"
        )
        process.kill()  # it may just have ended, which is as well
        process.communicate()
        self.run_program(*self.tokenize_files("killed", *words))
        whole, killed = (
            {
                path.name: path.read_bytes()
                for path in (self.folder / name).iterdir()
                if path.name != ".lock"
            }
            for name in ("whole", "killed")
        )
        self.assertEqual(sorted(whole), sorted(killed))
        self.assertEqual(whole, killed)

    def test_unknown_parts_are_refused_and_ids_checked(self):
        tokenizer = trained([HARD], 400)
        tokenizer.normalizer = tokenizers.normalizers.Lowercase()
        path = self.save(tokenizer)
        for words, sentence in (
            (["--encode", path], "the normalizer Lowercase is not implemented"),
            (["--encode", "none.json"], "none.json: there is no such tokenizer"),
        ):
            _, errors = self.run_program("tokenize", *words, status=1)
            self.assertIn(sentence, errors)


if __name__ == "__main__":
    unittest.main()
