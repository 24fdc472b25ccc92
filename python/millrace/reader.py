"""Streams as NumPy arrays, for notebooks: from a queue folder, from producers, or from a provider in this process."""

import numpy as np

from .consumer import ProducersSource
from .errors import UsageError
from .folder import FolderSource
from .provider import Provider
from .recipe import load_recipe, provider_name
from .schema import SPLITS
from .sockets import check_uri

_PATIENCE_S = 30
_PIECE_SAMPLES = 256


def read(source, *overrides, split="train", first=0, count=None, batch=None, stage=None, raw=False, fingerprint=None, timeout_s=None):
    """Samples [first, first + count) of a stream, in order: each a dict of arrays by field.

    `source`: "file://FOLDER"; "tcp://HOST:PORT" or "ipc://PATH", where this process then listens as a trainer would; the path of a
    recipe, whose queue.uri it is (with `overrides` such as "--queue.uri=…"), and whose stream alone is taken; or a Provider.
    `count`: None for all there are: of train over a folder as far as the chunks go, else without end. `batch`: that many samples
    at once, each array with one dimension more; the last may have fewer. `raw`: values as they travel, rather than int64 with -100 for
    "no target". `stage`: of train samples whose stage the trainer names. `fingerprint`: which stream of a folder that has several.
    `timeout_s`: how long to wait for a sample: 30 for producers, 0 for a folder.

    Returns a Stream: iterate it, or use it in a `with`, which ends the conversation with producers at once."""
    if split not in SPLITS:
        raise UsageError(f"split '{split}' is none of {', '.join(SPLITS)}")
    if first < 0 or (count is not None and count < 0) or (batch is not None and batch < 1):
        raise UsageError(f"first = {first}, count = {count}, batch = {batch}: expected whole numbers from 0, and of a batch from 1")
    return Stream(_open(source, overrides, fingerprint, timeout_s), split, first, count, batch, stage, raw)


class Stream:
    """An iterator over samples or batches. `fields`: the schema; `meta`: the stream's meta as a dict."""

    def __init__(self, source, split, first, count, batch, stage, raw):
        self._source, self._raw = source, raw
        self.meta, self.fields = source.meta, source.fields
        pieces = source.pieces(SPLITS.index(split), split, first, count, stage)
        self._items = self._samples(pieces) if batch is None else self._batches(pieces, batch)

    @property
    def vocabulary(self):
        return self.meta["vocabulary"]

    def text(self, ids):
        """Token ids as text: what the vocabulary says of each; "·" for no target."""
        return "".join(self.vocabulary[i] if 0 <= i < len(self.vocabulary) else "·" for i in np.asarray(ids).flat)

    def __iter__(self):
        return self

    def __next__(self):
        try:
            return next(self._items)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        self.close()

    def close(self):
        source, self._source = getattr(self, "_source", None), None
        if source is not None:
            source.close()

    def _arrays(self, count, columns):
        return {field.name: field.from_wire(column, count, self._raw) for field, column in zip(self.fields, columns)}

    def _samples(self, pieces):
        for _, count, columns in pieces:
            arrays = self._arrays(count, columns)
            for row in range(count):
                yield {name: array[row] for name, array in arrays.items()}

    def _batches(self, pieces, wanted):
        kept = None
        for _, count, columns in pieces:
            arrays = self._arrays(count, columns)
            kept = arrays if kept is None else {name: np.concatenate([kept[name], array]) for name, array in arrays.items()}
            while (have := len(next(iter(kept.values())))) >= wanted:
                yield {name: array[:wanted] for name, array in kept.items()}
                kept = {name: array[wanted:] for name, array in kept.items()} if have > wanted else None
                if kept is None:
                    break
        if kept is not None:
            yield kept


class _ProviderSource:
    """In this process: no producer is asked."""

    def __init__(self, provider):
        self._provider = provider
        self.meta, self.fields = provider.meta(), list(provider.schema)

    def pieces(self, _, split, first, count, stage):
        end = self._provider.size(split) if count is None else first + count
        while first < end:
            samples = min(_PIECE_SAMPLES, end - first)
            yield first, samples, self._provider.columns(split, first, samples, stage)
            first += samples

    def close(self):
        pass


def _open(source, overrides, fingerprint, timeout_s):
    if isinstance(source, Provider):
        return _ProviderSource(source)
    uri, accepts = str(source), lambda meta: None
    if "://" not in uri:
        recipe = load_recipe(source, overrides)
        uri, accepts = recipe.uri, lambda meta: _reason_against(recipe, meta)
    elif overrides:
        raise UsageError(f"{overrides[0]}: overrides are for a recipe, and {uri} is an address")
    scheme = check_uri(uri)
    if scheme == "file":
        return FolderSource(uri.removeprefix("file://"), fingerprint, accepts, 0 if timeout_s is None else timeout_s)
    if scheme == "inproc":
        raise UsageError("inproc:// is inside train; give --queue.uri=tcp://127.0.0.1:5555, or read a Provider of this process")
    return ProducersSource(uri, accepts, _PATIENCE_S if timeout_s is None else timeout_s)


def _reason_against(recipe, meta):
    """In what a stream differs from a recipe; a recipe of a built-in provider has settings that only the C++ programs work out."""
    here = {"provider": provider_name(recipe.provider_name), "data_seed": recipe.data_seed, "block_size": str(recipe.block_size)}
    settings = {one["key"]: one["value"] for one in meta["settings"]}
    there = {"provider": meta["provider"], "data_seed": meta["data_seed"], "block_size": settings.get("block_size", here["block_size"])}
    if recipe.settings:
        here.update(recipe.stream_settings())
        there.update(settings)
    for key in sorted({*here, *there}):
        if here.get(key) != there.get(key):
            return f"{key} is {here.get(key)} in {recipe.path} and {there.get(key)} in the stream"
    return None
