"""Tokenizers as published models have them (Llama 3, Qwen 2, GPT-NeoX, ModernBERT, StarCoder and
others) against the Python package `tokenizers`: the same normalizers, patterns, added tokens and
post-processors around vocabularies made here must give the same ids, for random and for hard
Unicode."""

import random
import unittest

import harness
from test_bpe import END, HARD, TokenizerTest

try:
    import tokenizers
    from tokenizers import (
        AddedToken,
        Regex,
        Tokenizer,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )
except ImportError:
    tokenizers = None

# The patterns by which these models split a text.
LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN_2 = LLAMA_3.replace(r"\p{N}{1,3}", r"\p{N}")
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
DEEPSEEK_V3 = [
    r"\p{N}{1,3}",
    r"[一-龥぀-ゟ゠-ヿ]+",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|"
    r" ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
]
DEEPSEEK_CODER = [
    r"[\r\n]",
    r"\s?\p{L}+",
    r"\s?\p{P}+",
    r"[一-龥ࠀ-一가-퟿]+",
]
BLOOM = " ?[^(\\s|[.,!?…。，、।۔،])]+"
TIKTOKEN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|"
    r"\s*[\r\n]|\s+$|\s+(?!\S)|\s+"
)
OTHERS = [
    r"[^\S\r\n]+|(?:a|ab)+c|x{2,}?y|[a-z&&[^aeiou]]+|[^a-y&&\p{Ll}]",
    r"[\p{^L}&&\S]|\P{M}\p{Mn}|\p{Zs}{2}|\t?\x{1F468}|\u6c34|[-+]\d|\D\.",
    r"(?i:[^a-f])+?|(?:'|’)(?=s)",
]


def bytes_in_order():
    own = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return own + [byte for byte in range(256) if byte not in own]


def alphabet():
    return [chr(byte) for byte in bytes_in_order()[:188]] + [chr(256 + i) for i in range(68)]


def all_pairs(**how):
    """A model in which any two bytes merge, in random order, so that ids show where pieces end."""
    letters = alphabet()
    merges = [(left, right) for left in letters for right in letters]
    random.Random(1).shuffle(merges)
    vocabulary = {token: i for i, token in enumerate(letters)}
    for left, right in merges:
        vocabulary[left + right] = len(vocabulary)
    return models.BPE(vocabulary, merges, **how)


def bare_bytes():
    return models.BPE({token: i for i, token in enumerate(alphabet())}, [])


def splits(*patterns, behavior="isolated", invert=False):
    return [pre_tokenizers.Split(Regex(pattern), behavior, invert) for pattern in patterns]


def after(*parts, prefix=False, use_regex=False):
    last = pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=use_regex)
    return pre_tokenizers.Sequence([*parts, last])


def tokenizer_of(pre_tokenizer, normalizer=None, model=None):
    tokenizer = Tokenizer(model or all_pairs())
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    return tokenizer


def random_texts(count, seed=0):
    """Texts of pieces at which patterns cut, of the hard page, and of random characters."""
    source = random.Random(seed)
    words = [
        *("'s", "'S", "'\u017f", "'ll", "'LL", "'re", "'", "\u2019s", "don't", "we'VE", "I'm"),
        *(" ", "  ", "   ", "\n", "\r\n", "\n\n", "\t", "\u00a0", "\u3000", "\u0085", "\u2028"),
        *("the", "The", "THE", "camelCase", "\u01c5", "e\u0301", "\u00e9", "\u1100\u1161\u11a8"),
        *("1", "12", "1234", "1234567", "\u0664\u0662", "\u00b2", "\u2163", "3.14", "-5"),
        *("!", "!!!", "...", "/*", "//", "(a)", "[b]", "{c}", "|", "a-b", "#", "_x", "\u2026"),
        *("\u6c34\u8eca", "\u304b\u3099", "\ud55c\uae00", "\u0939\u093f", "\u0e01\u0e34"),
        *("\U0001f468\u200d\U0001f469", "\u2764\ufe0f", "\ufb01", "\u212b", "\u212a", "\ufdfa"),
        *("\u0327\u0301", "\u0344", "\u1abf\u0323", "\U000105d2\u0307", "\u0000", "\ufffe"),
        *(END, "[MASK]", "<s>", "xxy", "abc", "aeiou"),
    ]
    for _ in range(count):
        made = []
        for _ in range(source.randrange(1, 14)):
            kind = source.randrange(8)
            if kind == 0:
                made.append(random_character(source))
            elif kind == 1:
                at = source.randrange(len(HARD))
                made.append(HARD[at : at + source.randrange(1, 6)])
            else:
                made.append(source.choice(words))
        yield "".join(made)


def random_character(source):
    while True:
        c = source.randrange(source.choice((0x80, 0x400, 0x3000, 0x10000, 0x110000)))
        if not 0xD800 <= c < 0xE000:
            return chr(c)


def long_texts():
    """Longer than the windows in which texts are matched."""
    for text in (" " * 20_000 + "x", "1" * 40_000, "ab " * 9_000, "\u6c34" * 17_000 + "\n" * 9):
        yield text
        yield "y" * 16_380 + text
    yield HARD * 40
    yield "e\u0301" * 5_000 + "\u0323" * 300 + " e\u0301"


# All code points but most of long runs that have nothing of their own: ideographs, syllables of
# Hangul and of Tangut, hieroglyphs, private and unassigned ones.
CHARACTERS = [
    chr(c)
    for first, end in (
        *((0, 0x3510), (0x4DB0, 0x4E10), (0x9FE0, 0xAD00), (0xD780, 0xD800), (0xE000, 0xE010)),
        *((0xF8F0, 0x12600), (0x13420, 0x13470), (0x16000, 0x17010), (0x18AF0, 0x18D10)),
        *((0x1AFF0, 0x1B300), (0x1BC00, 0x1FC00), (0x2A6D0, 0x2A6F0), (0x2F7F0, 0x2FA30)),
        *((0xE0000, 0xE0200), (0xFFFF0, 0x100010), (0x10FFF0, 0x110000)),
    )
    for c in range(first, end)
]


def all_characters(before="", behind=""):
    points = CHARACTERS
    for at in range(0, len(points), 4096):
        yield "".join(before + c + behind for c in points[at : at + 4096])


class FamiliesTest(TokenizerTest):
    def compare(self, tokenizer, texts, specials=(True, False)):
        texts = list(texts)
        path = self.save(tokenizer)
        for recognised in specials:
            tokenizer.encode_special_tokens = not recognised
            theirs = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
            flags = ["--specials"] if recognised else []
            ours = self.run_tokenize("--encode", path, *flags, lines=texts)
            for text, a, b in zip(texts, ours, theirs, strict=True):
                if a != b:
                    self.fail(
                        f"{text[:200]!r}, specials recognised: {recognised}:\n{a}\n{b}"[:2000]
                    )

    def texts(self, count=1500):
        return [*random_texts(count), HARD, *HARD.split("\n"), *long_texts()]

    def test_llama_3(self):
        tokenizer = tokenizer_of(after(*splits(LLAMA_3)), model=all_pairs(ignore_merges=True))
        tokenizer.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>"])
        tokenizer.post_processor = processors.Sequence(
            [
                processors.ByteLevel(trim_offsets=True),
                processors.TemplateProcessing(
                    single="<|begin_of_text|> $A",
                    special_tokens=[
                        ("<|begin_of_text|>", tokenizer.token_to_id("<|begin_of_text|>"))
                    ],
                ),
            ]
        )
        tokenizer.enable_truncation(16)
        tokenizer.enable_padding(length=32)
        path = self.save(tokenizer)
        text = "The mill's  wheel turns 12345 times, again and again and again.\n\n"
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self.assertEqual(
            self.run_tokenize("--encode", path, lines=[text]),
            [tokenizer.encode(text, add_special_tokens=False).ids],
        )
        self.compare(tokenizer, self.texts())
        self.compare(tokenizer, all_characters("a", "1"), specials=[True])

    def test_qwen_2(self):
        tokenizer = tokenizer_of(after(*splits(QWEN_2)), normalizers.NFC())
        tokenizer.add_special_tokens(["<|im_start|>", END])
        tokenizer.add_tokens([AddedToken("<think>", normalized=False)])
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
        self.compare(tokenizer, [*self.texts(), "<think> x <think>\n"])

    def test_gpt_neox(self):
        """White space as added tokens that are looked for in the normalized text."""
        tokenizer = tokenizer_of(
            pre_tokenizers.ByteLevel(add_prefix_space=False), normalizers.NFC()
        )
        tokenizer.add_special_tokens([END, "<|padding|>"])
        tokenizer.add_tokens(
            [AddedToken(" " * n, normalized=True) for n in range(24, 1, -1)]
            + [AddedToken("e\u0301!", normalized=True), AddedToken("\u212b", normalized=True)]
        )
        self.compare(tokenizer, [*self.texts(), "e\u0301! \u00e9! \u00c5 A\u030a \u212b"])

    def test_modern_bert(self):
        tokenizer = tokenizer_of(
            pre_tokenizers.ByteLevel(add_prefix_space=False), normalizers.NFC()
        )
        tokenizer.add_special_tokens(["[CLS]", "[SEP]", AddedToken("[MASK]", lstrip=True)])
        tokenizer.add_special_tokens([AddedToken("<s>", rstrip=True)])
        tokenizer.add_tokens([AddedToken(" race", normalized=False)])
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]",
            special_tokens=[(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")],
        )
        source = random.Random(2)
        pieces = ["[MASK]", "<s>", " ", "  \u3000", "\n", "a", " race", "\u0085", "\u200b"]
        mixed = ["".join(source.choices(pieces, k=source.randrange(9))) for _ in range(2000)]
        self.compare(tokenizer, [*self.texts(), *mixed])

    def test_roberta(self):
        tokenizer = tokenizer_of(pre_tokenizers.ByteLevel(add_prefix_space=True))
        tokenizer.add_special_tokens(["<s>", "</s>", AddedToken("<mask>", lstrip=True)])
        tokenizer.post_processor = processors.RobertaProcessing(
            ("</s>", tokenizer.token_to_id("</s>")), ("<s>", tokenizer.token_to_id("<s>"))
        )
        self.compare(tokenizer, self.texts())

    def test_patterns_of_others(self):
        cases = {
            "o200k": after(*splits(O200K)),
            "deepseek v3": after(*splits(*DEEPSEEK_V3)),
            "deepseek coder": after(
                *splits(*DEEPSEEK_CODER), pre_tokenizers.Digits(individual_digits=True)
            ),
            "bloom": after(*splits(BLOOM)),
            "tiktoken": after(*splits(TIKTOKEN, behavior="removed", invert=True)),
            "starcoder": after(pre_tokenizers.Digits(individual_digits=True), use_regex=True),
            "numbers": after(pre_tokenizers.Digits(individual_digits=False), prefix=True),
            "nothing": after(),
        }
        for i, pattern in enumerate(OTHERS):
            cases[f"other {i}"] = after(*splits(pattern))
        for name, pre_tokenizer in cases.items():
            with self.subTest(name):
                tokenizer = tokenizer_of(pre_tokenizer)
                more = all_characters(" ") if name in ("o200k", "deepseek v3", "numbers") else []
                self.compare(tokenizer, [*self.texts(500), *more], specials=[True])

    def test_behaviors(self):
        patterns = [Regex(r"\s|[aeiou1]"), " ", "'s", ".", "|", "\\"]
        for behavior in (
            *("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"),
        ):
            for invert in (False, True):
                for pattern in patterns:
                    with self.subTest(behavior=behavior, invert=invert, pattern=str(pattern)):
                        rule = pre_tokenizers.Split(pattern, behavior, invert)
                        tokenizer = tokenizer_of(after(rule), model=self.small())
                        texts = [*random_texts(200), "a.b|c\\d", *HARD.split("\n")]
                        self.compare(tokenizer, texts, specials=[True])

    @staticmethod
    def small():
        letters = alphabet()
        vocabulary = {token: i for i, token in enumerate(letters)}
        merges = [(a, b) for a in [*letters[64:90], "Ġ"] for b in letters[:100]]
        for left, right in merges:
            vocabulary[left + right] = len(vocabulary)
        return models.BPE(vocabulary, merges)

    def test_normal_forms(self):
        """Of every character, alone and among combining ones; without merges ids are bytes."""
        texts = [*all_characters("\u1100e", "\u0323\u0301"), *self.texts(1000)]
        forms = ("NFC", "NFD", "NFKC", "NFKD")
        for names in (*((name,) for name in forms), ("NFKD", "NFC"), ()):
            with self.subTest(names):
                normalizer = normalizers.Sequence([getattr(normalizers, n)() for n in names])
                pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
                tokenizer = tokenizer_of(pre_tokenizer, normalizer, bare_bytes())
                self.compare(tokenizer, texts, specials=[True])

    def test_ids_without_a_token(self):
        letters = alphabet()
        vocabulary = {token: 3 * i for i, token in enumerate(letters)}
        vocabulary["ab"] = 1000
        tokenizer = tokenizer_of(
            pre_tokenizers.ByteLevel(add_prefix_space=False),
            model=models.BPE(vocabulary, [("a", "b")]),
        )
        self.compare(tokenizer, self.texts(200))
        self.assertEqual(
            self.run_tokenize("--decode", self.save(tokenizer), lines=[[1, 2, 999]]), [""]
        )
        # The package gives an added token the next id after the number of tokens.
        for content in ("<x>", "ab", "<y>"):
            tokenizer.add_tokens([AddedToken(content, normalized=False)])
        self.compare(tokenizer, [*random_texts(200), "ab<x><y>"])

    def test_what_is_not_read_is_refused_by_name(self):
        byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
        cases = [
            (tokenizer_of(byte_level, normalizers.Lowercase()), "the normalizer Lowercase is not"),
            (
                tokenizer_of(
                    byte_level, normalizers.Sequence([normalizers.NFC(), normalizers.Strip()])
                ),
                "the normalizer Strip is not",
            ),
            (
                tokenizer_of(pre_tokenizers.Metaspace()),
                "the pre_tokenizer Metaspace is not",
            ),
            (
                tokenizer_of(
                    pre_tokenizers.Sequence([byte_level, pre_tokenizers.Digits()]),
                ),
                "the pre_tokenizer Digits behind ByteLevel is not",
            ),
            (
                tokenizer_of(after(*splits(r"\p{Han}+"))),
                "the property \\p{Han} before or at its byte",
            ),
        ]
        for tokenizer, sentence in cases:
            path = self.save(tokenizer)
            _, errors = self.run_program("tokenize", "--encode", path, status=1)
            self.assertIn(sentence, errors)
            self.assertEqual(len(errors.strip().split("\n")), 1, errors)

    def test_files_of_tokens_have_these_ids(self):
        """A stream's tokens: a document's special tokens are text, nothing is put around it."""
        tokenizer = tokenizer_of(after(*splits(QWEN_2)), normalizers.NFC())
        tokenizer.add_special_tokens([END])
        self.save(tokenizer)
        text = "e\u0301t\u00e9 12345 don't\n" * 50 + f"{END} x\n"
        (self.folder / "text.txt").write_text(text)
        self.run_program(
            *("tokenize", harness.SMALL, "--data.path=text.txt", "--data.tokenizer=tokenizer.json"),
            *("--val_fraction=0", "--out", "out"),
        )
        tokenizer.encode_special_tokens = True
        wanted = [*tokenizer.encode(text).ids, tokenizer.token_to_id(END)]
        found = (self.folder / "out" / "train.bin").read_bytes()
        width = len(found) // len(wanted)
        ids = [
            int.from_bytes(found[at : at + width], "little") for at in range(0, len(found), width)
        ]
        self.assertEqual(ids, wanted)

        # Another tokenizer with as many tokens is not taken for the one that made the files.
        words = [harness.SMALL, "--data.path=out", "--data.format=token_folder"]
        words += ["--data.tokenizer=tokenizer.json", "--data.align=any"]
        _, errors = self.run_program("inspect", "stream", *words)
        self.assertNotIn("meta.json", errors)
        tokenizer.normalizer = normalizers.NFKC()
        self.save(tokenizer)
        _, errors = self.run_program("inspect", "stream", *words)
        self.assertIn("out: meta.json says that a tokenizer with the hash", errors)


if __name__ == "__main__":
    unittest.main()
