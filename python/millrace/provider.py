"""The class to derive from: describe your stream, and make sample i.

A stream is a pure function of (recipe, data, seed, index): sample i is the same bytes whoever computes it, whenever, in which process.
"""

import difflib
import pathlib

import numpy as np
from xxhash import xxh64

from . import philox
from .errors import Error, UsageError
from .meta import make_meta
from .recipe import load_recipe, provider_name
from .schema import ENDLESS, PROBED, SPLITS, check_schema, range_digest, sample_digests

_READ_BYTES = 1 << 20


class Key:
    """The place of one sample, and its random words. `split` is "train", "val" or "test"; `stage` is None unless the trainer names it."""

    def __init__(self, seed, split, index, stage=None):
        self.seed, self.split, self.index, self.stage = seed, split, index, stage
        self.draws = philox.Draws(seed, SPLITS.index(split), stage or 0, index)

    def word(self, purpose, number=0):
        """One random word: an int below 2^32."""
        return self.draws.word(purpose, number)

    def words(self, purpose, count, first=0):
        """uint32 [count]; the same words every time, so ask for another purpose or another `first` to have others."""
        return self.draws.words(purpose, count, first)

    def below(self, n, purpose, number=0):
        """A whole number from 0 to n - 1."""
        return self.draws.below(n, purpose, number)

    def shuffled(self, n, purpose):
        """A random order of 0 … n - 1."""
        return self.draws.shuffled(n, purpose)

    def __repr__(self):
        return f"{self.split} sample {self.index}" + (f" at stage {self.stage}" if self.stage is not None else "")


class Keys:
    """Consecutive samples, for a provider that makes many at once."""

    def __init__(self, seed, split, first, count, stage=None):
        self.seed, self.split, self.first, self.count, self.stage = seed, split, first, count, stage

    def __len__(self):
        return self.count

    def __iter__(self):
        return (Key(self.seed, self.split, self.first + row, self.stage) for row in range(self.count))

    @property
    def indices(self):
        return np.arange(self.count, dtype=np.uint64) + np.uint64(self.first)

    def words(self, purpose, count, first=0):
        """uint32 [samples, count]: row r has what the r-th key's words(…) are."""
        split = SPLITS.index(self.split)
        return philox.words_of_range(self.seed, split, self.stage or 0, self.first, self.count, purpose, count, first)


class Provider:
    """Derive from it; say what the stream is as attributes of the class, or in `setup`, and write `sample` or `batch`."""

    name = ""  # as recipes call it: provider.name
    format_version = 1  # raise it whenever the same recipe would give other bytes
    schema = ()  # a list of millrace.Field
    vocabulary = ()  # texts by token id; may be empty where only ids are known
    vocab_size = 0  # 0: as many as the vocabulary has
    mask_token_id = None
    byte_level = False  # the vocabulary spells bytes as byte-level BPE does
    sizes = {"val": 0, "test": 0}  # samples of the finite splits; train is endless
    epoch_samples = None  # train samples of one pass over the data, for trainers that count epochs; None: there is no such thing
    train_stages = val_stages = ()  # names by number; empty: one, called after the provider
    trainer_names_stages = False  # for schedules that follow the trainer's steps or losses
    dataset_name = ""  # empty: data.path's file name
    dataset_hash = ""  # 16 hex digits of what the samples are made of; empty: of data.path's file

    def __init__(self, recipe):
        """`recipe`: a millrace.Recipe. Do not override: `setup` is the place for what is read or computed once."""
        self.recipe = recipe
        self.seed = recipe.data_seed
        self.block_size = recipe.block_size
        self._asked = set()  # names of settings; None: all may have been looked at
        wanted = provider_name(recipe.provider_name)
        self.name = self.name or wanted
        if self.name != wanted:
            raise UsageError(f"{recipe.path}: provider.name = '{recipe.provider_name}', and this provider is called '{self.name}'")
        self._take_dataset()
        self.setup()
        self._check_settings()
        self._complete()

    def setup(self):
        """Called once per process, before anything is asked for: read the data, set attributes from self.settings."""

    def sample(self, key):
        """The fields of one sample by name, each an array of the field's shape."""
        raise NotImplementedError("a provider needs sample(key), or batch(keys)")

    def batch(self, keys):
        """The fields of many samples by name, each an array [samples, …shape]. Write it instead of `sample` where that is faster."""
        rows = [self._checked_sample(key) for key in keys]
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    @property
    def settings(self):
        """All settings of the recipe. Ask for them with `setting` where you can: it checks their types, and unknown ones are refused."""
        self._asked = None
        return self.recipe.settings

    def setting(self, name, default=None):
        """The recipe's provider.settings.NAME, of the default's type; one without a default is needed. Ask for all in `setup`."""
        if self._asked is not None:
            self._asked.add(name)
        if name not in self.recipe.settings and default is None:
            raise UsageError(f"{self.recipe.path}: provider.settings.{name} is missing, and {self.name} needs it")
        value = self.recipe.settings.get(name, default)
        wanted = type(default)
        if default is not None and type(value) is not wanted and not (wanted is float and type(value) is int):
            raise UsageError(f"{self.recipe.path}: provider.settings.{name} = {value!r}: expected a value such as {default!r}")
        return value

    @classmethod
    def from_recipe(cls, path, *overrides):
        """For notebooks and tests: the provider of a recipe, ready to make samples in this process."""
        return cls(load_recipe(path, overrides))

    @classmethod
    def serve(cls, path, *overrides, processes=None):
        """Makes samples for trainers until stopped; millrace.serve says more."""
        from .serve import serve

        serve(path, cls, *overrides, processes=processes)

    @classmethod
    def main(cls, arguments=None):
        """A command line: PROGRAM CONFIG [--key=value …] [--processes N]."""
        from .serve import main

        main(cls, arguments)

    def columns(self, split, first, count, stage=None):
        """The wire bytes of samples [first, first + count), a column per field; what is wrong is a ValueError."""
        self._check_range(split, first, count, stage)
        made = self.batch(Keys(self.seed, split, first, count, stage))
        self._check_names(made)
        return [field.to_wire(made[field.name], count, self.vocab_size) for field in self.schema]

    def digests(self, split, first, count, stage=None):
        """What `inspect stream --digest` and `train --record-stream` call these samples."""
        return sample_digests(self.schema, self.columns(split, first, count, stage), count)

    def meta(self):
        """The stream's meta as a message of proto/stream.proto, with the probe."""
        return make_meta(self, self.recipe.stream_settings(), [self._probe(split) for split in SPLITS])

    def size(self, split):
        return ENDLESS if split == "train" else self.sizes.get(split, 0)

    def _probe(self, split):
        count = min(self.size(split), PROBED)
        if count == 0:
            return ""
        stage = 0 if split == "train" and self.trainer_names_stages else None
        return range_digest(self.schema, self.columns(split, 0, count, stage), count)

    def _check_settings(self):
        """A setting that nobody asked for was meant to do something."""
        for name in sorted(set(self.recipe.settings) - (self._asked if self._asked is not None else set(self.recipe.settings))):
            known = ", ".join(sorted(self._asked))
            near = difflib.get_close_matches(name, self._asked, 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            has = f"has no such setting; it has {known}" if known else "has no settings"
            raise UsageError(f"{self.recipe.path}: provider.settings.{name}: {self.name} {has}{hint}")

    def _take_dataset(self):
        path = self.recipe.data_path
        if path is None:
            return
        if not pathlib.Path(path).exists():
            raise UsageError(f"data.path = '{path}': there is no such file; it is relative to the working directory")
        self.dataset_name = self.dataset_name or pathlib.Path(path).name
        if not self.dataset_hash and pathlib.Path(path).is_file():
            self.dataset_hash = hash_file(path)

    def _complete(self):
        check_schema(self.schema)
        self.vocab_size = self.vocab_size or len(self.vocabulary)
        self.train_stages = self.train_stages or (self.name,)
        self.val_stages = self.val_stages or (self.name,)
        self.dataset_name = self.dataset_name or self.name
        for split, size in self.sizes.items():
            if split not in ("val", "test") or type(size) is not int or not 0 <= size < ENDLESS:
                raise UsageError(f"sizes: '{split}' has {size!r} samples: expected whole numbers for 'val' and 'test' (train is endless)")
        if self.epoch_samples is not None and (type(self.epoch_samples) is not int or not 0 < self.epoch_samples < ENDLESS):
            raise UsageError(f"epoch_samples is {self.epoch_samples!r}: expected a whole number of train samples, or None")
        if self.vocab_size == 0 and any(field.holds_tokens for field in self.schema):
            raise UsageError(f"provider {self.name}: set vocabulary, or vocab_size: a model needs to know how many tokens there are")
        if self.vocabulary and len(self.vocabulary) != self.vocab_size:
            raise UsageError(f"provider {self.name}: vocab_size is {self.vocab_size}, and the vocabulary has {len(self.vocabulary)}")
        if self.mask_token_id is not None and not 0 <= self.mask_token_id < self.vocab_size:
            raise UsageError(f"provider {self.name}: mask_token_id is {self.mask_token_id}, and there are {self.vocab_size} tokens")

    def _checked_sample(self, key):
        try:
            made = self.sample(key)
            self._check_names(made)
        except Exception as error:
            error.add_note(f"{key}")  # the reason that the trainer is told begins with it
            raise
        arrays = {name: np.asarray(values) for name, values in made.items()}
        for field in self.schema:
            if arrays[field.name].shape != field.shape:
                raise ValueError(f"{key}, field {field.name}: shape {arrays[field.name].shape}; the schema says {field.shape}")
        return arrays

    def _check_names(self, made):
        if not isinstance(made, dict):
            raise ValueError(f"a {type(made).__name__} instead of a dict of arrays")
        wanted = [field.name for field in self.schema]
        if sorted(made) != sorted(wanted):
            raise ValueError(f"fields {', '.join(sorted(map(str, made)))}; the schema has {', '.join(sorted(wanted))}")

    def _check_range(self, split, first, count, stage):
        if split not in SPLITS:
            raise ValueError(f"split '{split}' is none of {', '.join(SPLITS)}")
        if count < 1 or first < 0 or first + count > self.size(split):
            raise Error(f"the {split} split has {self.size(split)} samples; {count} from index {first} on were asked for")
        if stage is not None and not self.trainer_names_stages:
            raise Error(f"provider {self.name} has no stages that a trainer names; use provider.schedule = \"none\"")


def hash_file(path):
    """xxh64 of a file's bytes in 16 hex digits: dataset_hash."""
    digest = xxh64()
    with open(path, "rb") as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
    return digest.hexdigest()
