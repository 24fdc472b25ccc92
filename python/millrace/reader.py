"""Streams as NumPy arrays, for notebooks: from a queue folder, producers, or a provider here."""

import os
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .arrays import plain_array
from .consumer import ProducersSource
from .errors import UsageError
from .folder import FolderSource
from .philox import whole
from .protobuf import Meta
from .provider import Provider
from .recipe import Recipe, load_recipe, provider_name
from .schema import ENDLESS, SPLITS, Field
from .sockets import check_uri

_PATIENCE_S = 30
_PIECE_SAMPLES = 256

Arrays = dict[str, npt.NDArray[Any]]


class _Source(Protocol):
    """Where the samples of a stream come from."""

    fields: list[Field]

    @property
    def meta(self) -> Meta: ...

    def pieces(
        self, split: str, first: int, count: int | None, stage: int | None
    ) -> Iterator[tuple[int, Sequence[bytes]]]:
        """(samples, columns) of consecutive pieces of [first, first + count), in order."""

    def close(self) -> None: ...


def read(
    source: str | os.PathLike[str] | Provider,
    *overrides: str,
    split: str = "train",
    first: int = 0,
    count: int | None = None,
    batch: int | None = None,
    stage: int | None = None,
    raw: bool = False,
    fingerprint: str | None = None,
    timeout_s: float | None = None,
) -> "Stream":
    """Samples [first, first + count) of a stream, in order: each a dict of arrays by field.

    source: one of
        "file://FOLDER": a queue folder;
        "tcp://HOST:PORT", "ipc://PATH": this process listens there as a trainer would;
        a recipe's path: the queue is the recipe's queue.uri, and only its stream is accepted;
        a Provider: samples are made in this process.
    overrides: of the recipe, such as "--queue.uri=tcp://127.0.0.1:5555".
    split: "train", "val" or "test".
    count: None reads to the split's end, train without end, and a folder as far as its chunks go.
    batch: samples per item, whose arrays then have one dimension more; the last item may have
        fewer. None: one sample per item.
    stage: of train samples whose stage the trainer names.
    raw: values as they travel, in the field's wire dtype, instead of int64 with IGNORE_INDEX (-100)
        for "no target", or float32.
    fingerprint: chooses one stream of a folder that has several.
    timeout_s: seconds to wait for a sample; by default 30 for producers and 0 for a folder.

    Returns a Stream: iterate over it, or use it in a `with`, which says Bye to producers at once.
    Raises UsageError for wrong arguments, and Error, also while it is read, for data that is
    missing, damaged or late.
    """
    if split not in SPLITS:
        raise UsageError(f"split '{split}' is none of {', '.join(SPLITS)}")
    try:
        first = whole("first", first, ENDLESS)
        count = count if count is None else whole("count", count, ENDLESS)
        batch = batch if batch is None else whole("batch", batch, ENDLESS, 1)
    except ValueError as error:
        raise UsageError(str(error)) from error
    opened = _open(source, overrides, fingerprint, timeout_s)
    return Stream(opened, split, first, count, batch, stage, raw)


class Stream:
    """An iterator over the samples or batches of a stream; read() makes it.

    meta: what the stream says of itself. fields: its schema.
    """

    meta: Meta
    fields: list[Field]

    def __init__(
        self,
        source: _Source,
        split: str,
        first: int,
        count: int | None,
        batch: int | None,
        stage: int | None,
        raw: bool,
    ) -> None:
        self._source: _Source | None = source
        self._raw = raw
        self.meta, self.fields = source.meta, source.fields
        pieces = source.pieces(split, first, count, stage)
        self._items = self._samples(pieces) if batch is None else self._batches(pieces, batch)

    @property
    def vocabulary(self) -> list[str]:
        """Texts by token id; may be empty."""
        return self.meta["vocabulary"]

    def text(self, ids: npt.ArrayLike) -> str:
        """The text of token ids, of any shape; "·" where the vocabulary has no such id."""
        texts, count = self.vocabulary, len(self.vocabulary)
        return "".join(texts[i] if 0 <= i < count else "·" for i in plain_array(ids).flat)

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> Arrays:
        try:
            return next(self._items)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Stream":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Ends the conversation with producers. May be called twice."""
        source, self._source = getattr(self, "_source", None), None
        if source is not None:
            source.close()

    def _arrays(self, count: int, columns: Sequence[bytes]) -> Arrays:
        return {
            field.name: field.from_wire(column, count, self._raw)
            for field, column in zip(self.fields, columns, strict=True)
        }

    def _samples(self, pieces: Iterator[tuple[int, Sequence[bytes]]]) -> Iterator[Arrays]:
        for count, columns in pieces:
            arrays = self._arrays(count, columns)
            for row in range(count):
                yield {name: array[row] for name, array in arrays.items()}

    def _batches(
        self, pieces: Iterator[tuple[int, Sequence[bytes]]], wanted: int
    ) -> Iterator[Arrays]:
        kept: Arrays = {}
        have = 0  # samples in `kept`, which are in no batch yet
        for count, columns in pieces:
            arrays = self._arrays(count, columns)
            if have:
                arrays = {name: np.concatenate([kept[name], arrays[name]]) for name in arrays}
            kept, have = arrays, have + count
            while have >= wanted:
                yield {name: array[:wanted] for name, array in kept.items()}
                kept, have = {name: array[wanted:] for name, array in kept.items()}, have - wanted
        if have:
            yield kept


class _ProviderSource:
    """Samples made in this process."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.meta, self.fields = provider.meta(), list(provider.schema)

    def pieces(
        self, split: str, first: int, count: int | None, stage: int | None
    ) -> Iterator[tuple[int, Sequence[bytes]]]:
        end = self._provider.size(split) if count is None else first + count
        while first < end:
            samples = min(_PIECE_SAMPLES, end - first)
            yield samples, self._provider.columns(split, first, samples, stage)
            first += samples

    def close(self) -> None:
        """Nothing is open."""


def _open(
    source: str | os.PathLike[str] | Provider,
    overrides: Sequence[str],
    fingerprint: str | None,
    timeout_s: float | None,
) -> _Source:
    if isinstance(source, Provider):
        return _ProviderSource(source)
    uri = str(source)
    accepts: Callable[[Meta], str | None] = _accept_any
    if "://" not in uri:
        recipe = load_recipe(source, overrides)
        uri, accepts = recipe.uri, lambda meta: _reason_against(recipe, meta)
    elif overrides:
        raise UsageError(f"{overrides[0]}: overrides are for a recipe, and {uri} is an address")
    scheme = check_uri(uri)
    if scheme == "file":
        folder = uri.removeprefix("file://")
        return FolderSource(folder, fingerprint, accepts, 0 if timeout_s is None else timeout_s)
    if scheme == "inproc":
        raise UsageError(
            "inproc:// is inside train; give --queue.uri=tcp://127.0.0.1:5555, "
            "or read a Provider of this process"
        )
    return ProducersSource(uri, accepts, _PATIENCE_S if timeout_s is None else timeout_s)


def _accept_any(meta: Meta) -> str | None:
    return None


def _reason_against(recipe: Recipe, meta: Meta) -> str | None:
    """In what a stream differs from a recipe, or None.

    Settings are compared if the recipe has any: those of built-in providers are worked out by C++.
    """
    settings = {one["key"]: one["value"] for one in meta["settings"]}
    here: dict[str, object] = {
        "provider": provider_name(recipe.provider_name),
        "data_seed": recipe.data_seed,
        "block_size": str(recipe.block_size),
    }
    there: dict[str, object] = {
        "provider": meta["provider"],
        "data_seed": meta["data_seed"],
        "block_size": settings.get("block_size", here["block_size"]),
    }
    if recipe.settings:
        here.update(recipe.stream_settings())
        there.update(settings)
    for key in sorted({*here, *there}):
        if here.get(key) != there.get(key):
            return f"{key} is {here.get(key)} in {recipe.path} and {there.get(key)} in the stream"
    return None
