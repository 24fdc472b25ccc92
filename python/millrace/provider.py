"""The base class of providers: a provider describes a stream, and makes its samples.

A stream is a pure function of (recipe, data, seed, index): sample i is the same bytes whoever
computes it, whenever, in which process.
"""

import difflib
import operator
import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self, TypeVar, overload

import numpy as np
import numpy.typing as npt
from xxhash import xxh64

from . import philox
from .errors import Error, UsageError
from .meta import fingerprint_of
from .protobuf import Meta
from .recipe import Recipe, SettingValue, load_recipe, provider_name
from .schema import (
    ENDLESS,
    IGNORE_INDEX,
    PROBED,
    SPLITS,
    Field,
    check_schema,
    range_digest,
    sample_digests,
)
from .serve import main, serve

_READ_BYTES = 1 << 20

_Setting = TypeVar("_Setting", bool, int, float, str)


class Key:
    """The place of one sample in the stream, and its random words.

    seed: the stream's data seed. split: "train", "val" or "test". index: from 0. stage: None unless
    the trainer names it. draws: the words as millrace.Draws.
    """

    def __init__(self, seed: int, split: str, index: int, stage: int | None = None) -> None:
        self.seed, self.split, self.index, self.stage = seed, split, index, stage
        self.draws = philox.Draws(seed, SPLITS.index(split), stage or 0, index)

    def word(self, purpose: int, number: int = 0) -> int:
        """One random word: an int below 2^32."""
        return self.draws.word(purpose, number)

    def words(self, purpose: int, count: int, first: int = 0) -> npt.NDArray[np.uint32]:
        """Words [first, first + count): uint32 [count].

        They are the same at every call; others have another purpose or another `first`."""
        return self.draws.words(purpose, count, first)

    def below(self, n: int, purpose: int, number: int = 0) -> int:
        """A whole number from 0 to n - 1, from one word; n is at most 2^32."""
        return self.draws.below(n, purpose, number)

    def shuffled(self, n: int, purpose: int) -> npt.NDArray[np.int64]:
        """A random order of 0 … n - 1: int64 [n]."""
        return self.draws.shuffled(n, purpose)

    def __repr__(self) -> str:
        stage = f" at stage {self.stage}" if self.stage is not None else ""
        return f"{self.split} sample {self.index}{stage}"


class Keys:
    """The places of consecutive samples, for a provider that makes many at once.

    seed, split, stage: as of a Key. first: index of the first sample. count: also len(keys).
    """

    def __init__(
        self, seed: int, split: str, first: int, count: int, stage: int | None = None
    ) -> None:
        self.seed, self.split, self.stage = seed, split, stage
        self.first, self.count = first, count

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Key]:
        for row in range(self.count):
            yield Key(self.seed, self.split, self.first + row, self.stage)

    @property
    def indices(self) -> npt.NDArray[np.uint64]:
        """The samples' indices: uint64 [count]."""
        return np.arange(self.count, dtype=np.uint64) + np.uint64(self.first)

    def words(self, purpose: int, count: int, first: int = 0) -> npt.NDArray[np.uint32]:
        """Words [first, first + count) of each sample: uint32 [samples, count].

        Row r equals words(purpose, count, first) of the r-th key."""
        split, stage = SPLITS.index(self.split), self.stage or 0
        return philox.words_of_range(
            self.seed, split, stage, self.first, self.count, purpose, count, first
        )


class Provider:
    """Derive from it: describe the stream by attributes, and write `sample` or `batch`.

    The attributes below are those of the class, or set in `setup`. `setup`, `sample` and `batch`
    may use:

    recipe: the millrace.Recipe. seed: the stream's data seed. block_size: tokens of a sample, as
    the recipe has it.
    """

    name: str = ""  # as recipes call it: provider.name
    format_version: int = 1  # raise it whenever the same recipe would give other bytes
    schema: Sequence[Field] = ()  # a list
    vocabulary: Sequence[str] = ()  # texts by token id; may be empty where only ids are known
    vocab_size: int = 0  # 0: as many as the vocabulary has
    mask_token_id: int | None = None
    byte_level: bool = False  # the vocabulary spells bytes as byte-level BPE does
    sizes: Mapping[str, int] = {"val": 0, "test": 0}  # of the finite splits; train is endless
    epoch_samples: int | None = None  # train samples of one pass over the data, if it has an end
    train_stages: Sequence[str] = ()  # names by number; empty: one, called after the provider
    val_stages: Sequence[str] = ()
    trainer_names_stages: bool = False  # for schedules that follow the trainer's steps or losses
    dataset_name: str = ""  # empty: data.path's file name
    dataset_hash: str = ""  # 16 hex digits, of the data; empty: of data.path, if it is a file

    def __init__(self, recipe: Recipe) -> None:
        """Takes the recipe's keys, and calls `setup`. Do not override it. Raises UsageError."""
        self.recipe = recipe
        self.seed = recipe.data_seed
        self.block_size = recipe.block_size
        # Names of the settings that were asked for; None: all of them may have been.
        self._asked: set[str] | None = set()
        wanted = provider_name(recipe.provider_name)
        self.name = self.name or wanted
        if self.name != wanted:
            raise UsageError(
                f"{recipe.path}: provider.name = '{recipe.provider_name}', "
                f"and this provider is called '{self.name}'"
            )
        self._take_dataset()
        self.setup()
        self._check_settings()
        self._complete()

    def setup(self) -> None:
        """Reads data, asks for settings, sets attributes. Called once per process, before all else.

        Override it where the class's attributes do not say everything."""

    def sample(self, key: Key) -> Mapping[str, npt.ArrayLike]:
        """One sample: an array of the field's shape for each field's name.

        Whole numbers for u8, u16 and u32, finite numbers for f32. Errors that it raises fail the
        range, and the trainer is told the reason."""
        raise NotImplementedError("a provider needs sample(key), or batch(keys)")

    def batch(self, keys: Keys) -> Mapping[str, npt.ArrayLike]:
        """Many samples: an array [len(keys), …shape] for each field's name.

        Override it instead of `sample` where NumPy makes many samples faster at once."""
        rows = [self._checked_sample(key) for key in keys]
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    @property
    def settings(self) -> dict[str, SettingValue]:
        """All of the recipe's provider.settings, unchecked.

        Prefer `setting`: it checks types, and settings that nobody asked for are refused."""
        self._asked = None
        return self.recipe.settings

    @overload
    def setting(self, name: str) -> Any: ...
    @overload
    def setting(self, name: str, default: _Setting) -> _Setting: ...
    def setting(self, name: str, default: SettingValue | None = None) -> Any:
        """The recipe's provider.settings.NAME. Call it in `setup`.

        `default`: what it is where the recipe has none; also says its type. A setting without a
        default is required. Raises UsageError."""
        if self._asked is not None:
            self._asked.add(name)
        if name not in self.recipe.settings and default is None:
            raise UsageError(
                f"{self.recipe.path}: provider.settings.{name} is missing, and {self.name} needs it"
            )
        value = self.recipe.settings.get(name, default)
        wanted = type(default)
        is_whole_for_float = wanted is float and type(value) is int
        if default is not None and type(value) is not wanted and not is_whole_for_float:
            raise UsageError(
                f"{self.recipe.path}: provider.settings.{name} = {value!r}: "
                f"expected a value such as {default!r}"
            )
        return value

    @classmethod
    def from_recipe(cls, path: str | os.PathLike[str], *overrides: str) -> Self:
        """The provider of a recipe, ready to make samples in this process. Raises UsageError."""
        return cls(load_recipe(path, overrides))

    @classmethod
    def serve(
        cls, path: str | os.PathLike[str], *overrides: str, processes: int | None = None
    ) -> None:
        """Makes samples for trainers until it is stopped, as millrace.serve does."""
        serve(path, cls, *overrides, processes=processes)

    @classmethod
    def main(cls, arguments: Sequence[str] | None = None) -> None:
        """The command line PROGRAM CONFIG [--key=value …] [--processes N].

        `arguments`: None takes those of the program."""
        main(cls, arguments)

    def columns(self, split: str, first: int, count: int, stage: int | None = None) -> list[bytes]:
        """Samples [first, first + count): the wire bytes [count, …shape] of each field.

        Raises ValueError for wrong samples, Error for a range or stage that does not exist."""
        first, count = operator.index(first), operator.index(count)
        self._check_range(split, first, count, stage)
        made = self.batch(Keys(self.seed, split, first, count, stage))
        self._check_names(made)
        return [field.to_wire(made[field.name], count, self.vocab_size) for field in self.schema]

    def digests(self, split: str, first: int, count: int, stage: int | None = None) -> list[str]:
        """The samples' digests, as `inspect stream --digest` and `train --record-stream` write.

        Raises what columns() raises."""
        return sample_digests(self.schema, self.columns(split, first, count, stage), count)

    def meta(self) -> Meta:
        """The stream's meta. Computes the first samples of each split, for the probe."""
        settings = sorted(
            self.recipe.stream_settings().items(), key=lambda setting: setting[0].encode()
        )
        meta: Meta = {
            "provider": self.name,
            "format_version": self.format_version,
            "settings": [{"key": key, "value": value} for key, value in settings],
            "dataset_name": self.dataset_name,
            "dataset_hash": self.dataset_hash,
            "data_seed": self.seed,
            "fields": [field.message() for field in self.schema],
            "vocabulary": list(self.vocabulary),
            "vocab_size": self.vocab_size,
            "mask_token_id": self.mask_token_id,
            "ignore_index": IGNORE_INDEX,
            "block_size": self.block_size,
            "train_stages": list(self.train_stages),
            "val_stages": list(self.val_stages),
            "sizes": [self.size(split) for split in SPLITS],
            "probe": [self._probe(split) for split in SPLITS],
            "byte_level": True if self.byte_level else None,
            "epoch_samples": self.epoch_samples,
            "fingerprint": "",
        }
        meta["fingerprint"] = fingerprint_of(meta)
        return meta

    def size(self, split: str) -> int:
        """Samples of a split; 2**64 - 1 for train, which is endless."""
        return ENDLESS if split == "train" else self.sizes.get(split, 0)

    def _probe(self, split: str) -> str:
        count = min(self.size(split), PROBED)
        if count == 0:
            return ""
        stage = 0 if split == "train" and self.trainer_names_stages else None
        return range_digest(self.schema, self.columns(split, 0, count, stage), count)

    def _check_settings(self) -> None:
        """Refuses settings that `setup` did not ask for: they were meant to do something."""
        if self._asked is None:
            return
        for name in sorted(set(self.recipe.settings) - self._asked):
            known = ", ".join(sorted(self._asked))
            near = difflib.get_close_matches(name, self._asked, 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            has = f"has no such setting; it has {known}" if known else "has no settings"
            raise UsageError(
                f"{self.recipe.path}: provider.settings.{name}: {self.name} {has}{hint}"
            )

    def _take_dataset(self) -> None:
        if self.recipe.data_path is None:
            return
        path = pathlib.Path(self.recipe.data_path)
        if not path.exists():
            raise UsageError(
                f"data.path = '{self.recipe.data_path}': there is no such file; "
                "it is relative to the working directory"
            )
        self.dataset_name = self.dataset_name or path.name
        if not self.dataset_hash and path.is_file():
            try:
                self.dataset_hash = hash_file(path)
            except OSError as error:
                raise UsageError(
                    f"data.path = '{self.recipe.data_path}': cannot read it: {error.strerror}"
                ) from error

    def _complete(self) -> None:
        """Sets what follows from other attributes, and checks all of them."""
        check_schema(self.schema)
        for name in ("format_version", "vocab_size", "mask_token_id"):
            setattr(self, name, self._whole(name))
        self.vocabulary = list(self.vocabulary)
        self.vocab_size = self.vocab_size or len(self.vocabulary)
        self.train_stages = self.train_stages or (self.name,)
        self.val_stages = self.val_stages or (self.name,)
        self.dataset_name = self.dataset_name or self.name
        self._check_sizes()
        self._check_vocabulary()

    def _whole(self, name: str) -> int | None:
        """An attribute that is a whole number, or None where there is none. Raises UsageError."""
        value = getattr(self, name)
        if value is None and name == "mask_token_id":
            return None
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
            raise UsageError(
                f"provider {self.name}: {name} is {value!r}: expected a whole number from 0"
            )
        return int(value)

    def _check_sizes(self) -> None:
        for split, size in self.sizes.items():
            if split not in ("val", "test") or type(size) is not int or not 0 <= size < ENDLESS:
                raise UsageError(
                    f"sizes: '{split}' has {size!r} samples: expected whole numbers for 'val' and "
                    "'test' (train is endless)"
                )
        epoch = self.epoch_samples
        if epoch is not None and (type(epoch) is not int or not 0 < epoch < ENDLESS):
            raise UsageError(
                f"epoch_samples is {epoch!r}: expected a whole number of train samples, or None"
            )

    def _check_vocabulary(self) -> None:
        if not all(isinstance(text, str) for text in self.vocabulary):
            raise UsageError(f"provider {self.name}: vocabulary: expected a list of texts")
        if self.vocab_size == 0 and any(field.holds_tokens for field in self.schema):
            raise UsageError(
                f"provider {self.name}: set vocabulary, or vocab_size: "
                "a model needs to know how many tokens there are"
            )
        if self.vocabulary and len(self.vocabulary) != self.vocab_size:
            raise UsageError(
                f"provider {self.name}: vocab_size is {self.vocab_size}, "
                f"and the vocabulary has {len(self.vocabulary)}"
            )
        if self.mask_token_id is not None and not 0 <= self.mask_token_id < self.vocab_size:
            raise UsageError(
                f"provider {self.name}: mask_token_id is {self.mask_token_id}, "
                f"and there are {self.vocab_size} tokens"
            )

    def _checked_sample(self, key: Key) -> dict[str, npt.NDArray[Any]]:
        try:
            made = self.sample(key)
            self._check_names(made)
        except Exception as error:
            error.add_note(f"{key}")  # the reason that the trainer is told begins with it
            raise
        try:
            return {
                field.name: field.to_array(made[field.name], field.shape) for field in self.schema
            }
        except ValueError as error:
            raise ValueError(f"{key}, {error}") from error

    def _check_names(self, made: object) -> None:
        if not isinstance(made, Mapping):
            raise ValueError(f"a {type(made).__name__} instead of a dict of arrays")
        wanted = [field.name for field in self.schema]
        if set(made) != set(wanted):
            names = ", ".join(sorted(map(str, made)))
            raise ValueError(f"fields {names}; the schema has {', '.join(sorted(wanted))}")

    def _check_range(self, split: str, first: int, count: int, stage: int | None) -> None:
        if split not in SPLITS:
            raise ValueError(f"split '{split}' is none of {', '.join(SPLITS)}")
        if count < 1 or first < 0 or first + count > self.size(split):
            raise Error(
                f"the {split} split has {self.size(split)} samples; "
                f"{count} from index {first} on were asked for"
            )
        if stage is not None and not self.trainer_names_stages:
            raise Error(
                f"provider {self.name} has no stages that a trainer names; "
                'use provider.schedule = "none"'
            )


def hash_file(path: str | os.PathLike[str]) -> str:
    """xxh64 of a file's bytes in 16 hex digits, for dataset_hash. Raises OSError."""
    digest = xxh64()
    with open(path, "rb") as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
    return digest.hexdigest()
