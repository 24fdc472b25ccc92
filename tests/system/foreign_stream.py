"""The stream of char_diffusion with default masking, written from docs/reference/philox.md and
docs/reference/char_diffusion.md alone: not our code, but what somebody else would write."""

import math

from xxhash import xxh64_hexdigest

TRAIN, VAL, TEST = 0, 1, 2
START, SELECT, CORRUPT, ORDER = 0, 1, 2, 6  # purposes
U8, U16, U32 = 1, 2, 3  # wire types
WIDTHS = {U8: 1, U16: 2, U32: 4}
ENDLESS = 2**64 - 1
PROBED = 4
MASK32 = 2**32 - 1


def philox(key, counter):
    k0, k1 = key
    c0, c1, c2, c3 = counter
    for _ in range(10):
        a, b = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (b >> 32) ^ c1 ^ k0, b & MASK32, (a >> 32) ^ c3 ^ k1, a & MASK32
        k0, k1 = (k0 + 0x9E3779B9) & MASK32, (k1 + 0xBB67AE85) & MASK32
    return c0, c1, c2, c3


class Draws:
    """The random words of one place in the stream."""

    def __init__(self, seed, split, index, stage=0):
        self.key = (seed & MASK32, seed >> 32)
        self.index = (index & MASK32, index >> 32)
        self.place = split << 24 | stage << 8

    def block(self, purpose, draw):
        return philox(self.key, (*self.index, draw, self.place | purpose))

    def word(self, purpose, w):
        return self.block(purpose, w // 4)[w % 4]

    def words(self, purpose, count):
        return [word for draw in range((count + 3) // 4) for word in self.block(purpose, draw)][
            :count
        ]


def permuted(draws, n, i):
    if n == 1:
        return 0
    half = ((n - 1).bit_length() + 1) // 2
    low = 2**half - 1
    while True:
        left, right = i >> half, i & low
        for q in range(8):
            left, right = right, left ^ (draws.block(ORDER, q << 16 | right)[0] & low)
        i = left << half | right
        if i < n:
            return i


def rounded(value):
    return math.floor(value + 0.5)


def narrowest(values):
    return next(wire for wire, width in WIDTHS.items() if values <= 2 ** (8 * width))


class ForeignStream:
    def __init__(self, text, name, block_size, mask_probability, val_fraction, seed):
        self.name, self.length, self.seed = name, block_size, seed
        self.mask_probability, self.val_fraction = mask_probability, val_fraction
        self.dataset_hash = xxh64_hexdigest(text)
        characters = text.decode("utf-8")
        alphabet = sorted(set(characters))
        self.vocabulary = [*alphabet, "[MASK]"]
        self.mask = len(alphabet)
        self.ids = [alphabet.index(character) for character in characters]
        v = rounded(val_fraction * 10**9)
        cut = len(characters) * (10**9 - v) // 10**9
        self.starts = {
            TRAIN: self.starts_in(characters, 0, cut),
            VAL: self.starts_in(characters, cut, len(characters)),
        }
        self.x_wire, self.y_wire = (
            narrowest(len(self.vocabulary)),
            narrowest(len(self.vocabulary) + 1),
        )

    def starts_in(self, characters, first, last):
        begins = (
            p for p in range(first, last - self.length + 1) if p == 0 or characters[p - 1] == "\n"
        )
        return [p for p in begins if characters[p] != "\n"]

    def original(self, split, index, draws):
        starts = self.starts[split]
        if split == TRAIN:
            number = (draws.word(START, 1) << 32 | draws.word(START, 0)) * len(starts) >> 64
        else:
            number = permuted(
                Draws(self.seed, split, index // len(starts)), len(starts), index % len(starts)
            )
        return self.ids[starts[number] :][: self.length]

    def corrupted(self, token, u):
        if u < 3435973837:
            return self.mask
        if u < 3865470566:
            return (u - 3435973837) * self.mask // 429496729
        return token

    def sample(self, split, index):
        """The wire bytes of x, y and stage."""
        draws = Draws(self.seed, split, index)
        tokens = self.original(split, index, draws)
        threshold = rounded(self.mask_probability * 2**32)
        selected = [word < threshold for word in draws.words(SELECT, self.length)]
        changed = [
            self.corrupted(token, u) for token, u in zip(tokens, draws.words(CORRUPT, self.length))
        ]
        sentinel = 2 ** (8 * WIDTHS[self.y_wire]) - 1
        x = [c if s else t for t, s, c in zip(tokens, selected, changed)]
        y = [t if s else sentinel for t, s in zip(tokens, selected)]
        return self.packed(x, self.x_wire), self.packed(y, self.y_wire), b"\0"

    @staticmethod
    def packed(values, wire):
        return b"".join(value.to_bytes(WIDTHS[wire], "little") for value in values)

    def columns(self, split, first, count):
        """The columns of a range: all samples' x, all samples' y, all samples' stage."""
        return [
            b"".join(column)
            for column in zip(*(self.sample(split, index) for index in range(first, first + count)))
        ]

    def shapes(self, count):
        return [
            (self.x_wire, [count, self.length]),
            (self.y_wire, [count, self.length]),
            (U8, [count]),
        ]

    def probe(self, split):
        return xxh64_hexdigest(
            b"".join(field for index in range(PROBED) for field in self.sample(split, index))
        )

    def settings(self):
        return {
            "block_size": str(self.length),
            "mask_probability": str(self.mask_probability),
            "partial_targets": "true",
            "schedule": "none",
            "val_fraction": str(self.val_fraction),
        }

    def fingerprint(self):
        names = {U8: "u8", U16: "u16", U32: "u32"}
        lines = [
            "provider=char_diffusion",
            "format_version=1",
            f"dataset_hash={self.dataset_hash}",
            f"data_seed={self.seed}",
        ]
        lines += [f"setting.{key}={value}" for key, value in sorted(self.settings().items())]
        lines += [
            f"field.0=x {names[self.x_wire]} i64 [{self.length}] input",
            f"field.1=y {names[self.y_wire]} i64 [{self.length}] target sentinel",
            "field.2=stage u8 i64 [] stage",
        ]
        return xxh64_hexdigest("".join(line + "\n" for line in lines).encode())

    def describe(self, meta):
        """Fills a message Meta of stream.proto."""
        meta.provider, meta.format_version = "char_diffusion", 1
        for key, value in sorted(self.settings().items()):
            meta.settings.add(key=key, value=value)
        meta.dataset_name, meta.dataset_hash, meta.data_seed = (
            self.name,
            self.dataset_hash,
            self.seed,
        )
        meta.fields.add(name="x", wire=self.x_wire, logical=1, shape=[self.length], role=1)
        meta.fields.add(
            name="y", wire=self.y_wire, logical=1, shape=[self.length], role=2, sentinel=True
        )
        meta.fields.add(name="stage", wire=U8, logical=1, role=6)
        meta.vocabulary[:] = self.vocabulary
        meta.vocab_size, meta.mask_token_id, meta.ignore_index = (
            len(self.vocabulary),
            self.mask,
            -100,
        )
        meta.block_size = self.length
        meta.train_stages[:] = meta.val_stages[:] = [
            f"default(mask_probability={self.mask_probability})"
        ]
        meta.sizes[:] = [ENDLESS, len(self.starts[VAL]), 0]
        meta.probe[:] = [self.probe(TRAIN), self.probe(VAL), ""]
        meta.fingerprint = self.fingerprint()
