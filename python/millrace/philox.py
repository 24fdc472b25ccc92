"""The random numbers of a stream: Philox4x32-10, a counter-based generator without state.

A word is a function of (data seed, split, stage, index, purpose, number of the word), so any sample
can be drawn at any time. The words are those of providers/random/philox.h for the same key and
counter; docs/reference/philox.md shows the layout with a worked example.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11.
"""

import enum
import math
import operator
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from .arrays import plain_array

_MASK32 = 0xFFFFFFFF
_M0, _M1 = 0xD2511F53, 0xCD9E8D57
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_ROUNDS = 10
_WORDS = 1 << 34  # of one purpose
_NARROW_ROUNDS, _WIDE_ROUNDS = 8, 4  # of a permutation, up to 2^32 entries and above


class Purpose(enum.IntEnum):
    """What a word is used for, so that no two uses share one.

    These numbers are taken by C++ providers; yours may use any number below 256."""

    START = 0
    SELECT = 1
    CORRUPT = 2
    TIME = 3
    MIX = 4
    RATIO = 5
    ORDER = 6
    WEIGHTS = 7
    TEXT = 8
    SHIFT = 9
    MIXTURE = 10
    REPLACE = 11
    FRAGMENT = 12


def whole(name: str, value: Any, end: int, first: int = 0) -> int:
    """The value as Python's int, whose products do not wrap around as those of NumPy's ints do.

    Raises ValueError unless it is a whole number from `first` to `end` - 1."""
    try:
        number = operator.index(value)
    except TypeError:
        number = first - 1
    if not first <= number < end:
        raise ValueError(f"{name} {value!r}: expected a whole number from {first} to {end - 1}")
    return number


def _words64(words: npt.ArrayLike) -> npt.NDArray[np.uint64]:
    """32-bit words in 64 bits, which hold their products. Raises ValueError."""
    array = plain_array(words)
    if array.dtype != np.uint32 and (
        array.dtype.kind not in "iu" or ((array < 0) | (array > _MASK32)).any()
    ):
        raise ValueError(f"words of dtype {array.dtype}: expected whole numbers from 0 to 2^32 - 1")
    return array.astype(np.uint64)


def philox4x32_10(counter: npt.ArrayLike, key: npt.ArrayLike) -> npt.NDArray[np.uint32]:
    """The four words of each counter: uint32 […, 4].

    `counter`: […, 4] and `key`: [2] or […, 2], of 32-bit words. Raises ValueError."""
    counter, key = _words64(counter), _words64(key)
    c0, c1, c2, c3 = (counter[..., lane] for lane in range(4))
    k0, k1 = key[..., 0], key[..., 1]
    low, half = np.uint64(_MASK32), np.uint64(32)
    for _ in range(_ROUNDS):
        a, b = np.uint64(_M0) * c0, np.uint64(_M1) * c2
        c0, c1, c2, c3 = (b >> half) ^ c1 ^ k0, b & low, (a >> half) ^ c3 ^ k1, a & low
        k0, k1 = (k0 + np.uint64(_W0)) & low, (k1 + np.uint64(_W1)) & low
    return np.stack(np.broadcast_arrays(c0, c1, c2, c3), axis=-1).astype(np.uint32)


def _one_block(
    counter: tuple[int, int, int, int], key: tuple[int, int]
) -> tuple[int, int, int, int]:
    """philox4x32_10 of one counter in Python's integers: much faster for one than NumPy is."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        a, b = _M0 * c0, _M1 * c2
        c0, c1, c2, c3 = (b >> 32) ^ c1 ^ k0, b & _MASK32, (a >> 32) ^ c3 ^ k1, a & _MASK32
        k0, k1 = (k0 + _W0) & _MASK32, (k1 + _W1) & _MASK32
    return c0, c1, c2, c3


@overload
def uniform_below(words: int, n: int, high: int | None = None) -> int: ...
@overload
def uniform_below(words: npt.NDArray[np.integer[Any]], n: int) -> npt.NDArray[np.int64]: ...
def uniform_below(
    words: int | npt.NDArray[np.integer[Any]], n: int, high: int | None = None
) -> int | npt.NDArray[np.int64]:
    """A value below n from each 32-bit word: floor(word * n / 2^32). n is at most 2^32.

    An int for an int, int64 of the same shape for an array. With `high`, `words` is one int, and
    the value is floor((high * 2^32 + words) * n / 2^64), for an n up to 2^64. Raises ValueError."""
    if high is not None:
        low, high = whole("word", words, 1 << 32), whole("word", high, 1 << 32)
        return (high << 32 | low) * whole("n", n, (1 << 64) + 1, 1) >> 64
    n = whole("n", n, (1 << 32) + 1, 1)
    if isinstance(words, int):
        return whole("word", words, 1 << 32) * n >> 32
    return (_words64(words) * np.uint64(n) >> np.uint64(32)).astype(np.int64)


def threshold(probability: float) -> np.uint64:
    """The number that a 32-bit word is below with this probability: `words < threshold(p)`.

    A 64-bit number, so that an event of probability 1 always happens. Raises ValueError."""
    if not 0 <= probability <= 1:
        raise ValueError(f"threshold({probability}): expected a probability from 0 to 1")
    return np.uint64(math.floor(probability * 2.0**32 + 0.5))


class Draws:
    """The random words of one sample, or of a thing with a number of its own: a cycle, a pass."""

    def __init__(self, seed: int, split: int, stage: int, index: int) -> None:
        """`seed`: the stream's data seed. `split`: 0 train, 1 val, 2 test. `stage`: 0 where there
        is none. `index`: of the sample, or the thing's number.

        Here and below, ValueError is raised for what is no whole number, or beyond the counter."""
        seed, index = whole("seed", seed, 1 << 64), whole("index", index, 1 << 64)
        self._key = (seed & _MASK32, seed >> 32)
        self._index = (index & _MASK32, index >> 32)
        self._place = whole("split", split, 1 << 8) << 24 | whole("stage", stage, 1 << 16) << 8

    def block(self, purpose: int, draw: int) -> tuple[int, int, int, int]:
        """Words [4 * draw, 4 * draw + 4)."""
        draw, purpose = whole("draw", draw, 1 << 32), whole("purpose", purpose, 256)
        return self._block(purpose, draw)

    def _block(self, purpose: int, draw: int) -> tuple[int, int, int, int]:
        return _one_block((*self._index, draw, self._place | purpose), self._key)

    def word(self, purpose: int, number: int = 0) -> int:
        """One word: an int below 2^32."""
        number, purpose = whole("number", number, _WORDS), whole("purpose", purpose, 256)
        return self._block(purpose, number // 4)[number % 4]

    def words(self, purpose: int, count: int, first: int = 0) -> npt.NDArray[np.uint32]:
        """Words [first, first + count): uint32 [count]."""
        index = np.array([self._index], dtype=np.uint64)
        return words_of(self._key, index, self._place, purpose, count, first).reshape(count)

    def below(self, n: int, purpose: int, number: int = 0) -> int:
        """A value below n, which is at most 2^32, from one word."""
        return uniform_below(self.word(purpose, number), n)

    def shuffled(self, n: int, purpose: int) -> npt.NDArray[np.int64]:
        """A random order of 0 … n - 1: int64 [n]. Uses the first n - 1 words."""
        order = np.arange(n, dtype=np.int64)
        picks = self.words(purpose, max(n - 1, 0))
        for step in range(n - 1):
            one, other = n - step - 1, uniform_below(int(picks[step]), n - step)
            order[one], order[other] = order[other], order[one]
        return order

    def permuted(self, n: int, i: int, purpose: int = Purpose.ORDER) -> int:
        """Entry i of a random order of 0 … n - 1, without making the order: for large n.

        Raises ValueError unless 0 <= i < n."""
        n, purpose = whole("n", n, (1 << 64) + 1, 1), whole("purpose", purpose, 256)
        i = whole("entry", i, n)
        if n == 1:
            return 0
        half = ((n - 1).bit_length() + 1) // 2
        low = (1 << half) - 1
        is_narrow = half <= 16
        while True:
            left, right = i >> half, i & low
            for turn in range(_NARROW_ROUNDS if is_narrow else _WIDE_ROUNDS):
                if is_narrow:
                    word = self._block(purpose, turn << 16 | right)[0]
                else:
                    word = self._block(purpose, right)[turn]
                left, right = right, left ^ (word & low)
            i = left << half | right
            if i < n:
                return i


def words_of(
    key: tuple[int, int],
    indices: npt.NDArray[np.uint64],
    place: int,
    purpose: int,
    count: int,
    first: int = 0,
) -> npt.NDArray[np.uint32]:
    """Words [first, first + count) of several indices: uint32 [n, count].

    `indices`: [n, 2], the low and the high 32 bits of each. `place`: the counter's last word
    without the purpose. Raises ValueError."""
    first, purpose = whole("first", first, _WORDS), whole("purpose", purpose, 256)
    count = whole("count", count, _WORDS - first + 1)
    draws = np.arange(first // 4, (first + count + 3) // 4, dtype=np.uint64)
    counter = np.empty((len(indices), len(draws), 4), dtype=np.uint64)
    counter[:, :, :2] = indices[:, None, :]
    counter[:, :, 2] = draws
    counter[:, :, 3] = place | purpose
    skipped = first % 4
    words = philox4x32_10(counter, key).reshape(len(indices), -1)
    return words[:, skipped : skipped + count]


def words_of_range(
    seed: int,
    split: int,
    stage: int,
    first_index: int,
    samples: int,
    purpose: int,
    count: int,
    first: int = 0,
) -> npt.NDArray[np.uint32]:
    """Words [first, first + count) of consecutive samples: uint32 [samples, count]."""
    index = np.arange(samples, dtype=np.uint64) + np.uint64(first_index)
    halves = np.stack([index & np.uint64(_MASK32), index >> np.uint64(32)], axis=-1)
    key = (seed & _MASK32, seed >> 32)
    return words_of(key, halves, split << 24 | stage << 8, purpose, count, first)
