"""Streams from a queue folder (docs/reference/queue_file.md). Reads only, and never writes."""

import os
import pathlib
import re
import stat
import time
from collections.abc import Callable, Iterator, Sequence

from xxhash import xxh64_intdigest

from . import protobuf
from .errors import Error, UsageError
from .meta import check_meta, size_of
from .protobuf import Meta, Range
from .schema import SPLITS, Field, bytes_per_sample

_MAGIC, _VERSION, _PREAMBLE_BYTES, _ALIGNMENT = b"MILLRACE", 1, 32, 64
_TARGET_BYTES = 1 << 20
_MAX_CHUNK_BYTES = 80 << 20
_LOOK_EVERY_S = 0.05
_ID = re.compile("[0-9a-f]{16}")


class DamagedChunk(ValueError):
    """A chunk that is cut short, altered, or of another stream or place."""


def chunk_samples(fields: Sequence[Field]) -> int:
    """Samples of a chunk: the power of two that brings it nearest to 1 MiB, at least 1.

    So a chunk has between 0.75 and 1.5 MiB, unless one sample is larger."""
    most = max(_TARGET_BYTES * 3 // 2 // bytes_per_sample(fields), 1)
    return 1 << (most.bit_length() - 1)


def chunk_name(first: int, stage: int | None = None) -> str:
    """The file's name of the chunk that begins at sample `first`."""
    return f"{first:012d}" + (f".s{stage}" if stage is not None else "") + ".chunk"


def parse_chunk(
    data: bytes, fingerprint: str, fields: Sequence[Field]
) -> tuple[Range, list[bytes]]:
    """The range of a queue file, and its columns: the wire bytes [count, …shape] of each field.

    Raises DamagedChunk."""
    if len(data) < _PREAMBLE_BYTES or not data.startswith(_MAGIC):
        raise DamagedChunk("not a queue file")
    version, header_bytes = _little_endian(data[8:12]), _little_endian(data[12:16])
    header_checksum, file_bytes = _little_endian(data[16:24]), _little_endian(data[24:32])
    if version != _VERSION:
        raise DamagedChunk(f"version {version} of the format, and this package reads {_VERSION}")
    header = data[_PREAMBLE_BYTES : _PREAMBLE_BYTES + header_bytes]
    if file_bytes != len(data) or header_checksum != xxh64_intdigest(header):
        raise DamagedChunk("cut short or altered")
    try:
        info = protobuf.decode("BatchInfo", header)
    except protobuf.NotAMessage as error:
        raise DamagedChunk(str(error)) from error
    place: Range | None = info["range"]
    if info["fingerprint"] != fingerprint or place is None or len(info["columns"]) != len(fields):
        raise DamagedChunk("of another stream")
    columns, at = [], _aligned(_PREAMBLE_BYTES + header_bytes)
    for field, column in zip(fields, info["columns"], strict=True):
        size = place["count"] * field.bytes_per_sample
        columns.append(data[at : at + size])
        expected = (field.wire, [place["count"], *field.shape], xxh64_intdigest(columns[-1]))
        if (column["wire"], column["shape"], column["checksum"]) != expected:
            raise DamagedChunk(f"column {field.name} is cut short or altered")
        at = _aligned(at + size)
    return place, columns


def _little_endian(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def read_file(path: pathlib.Path) -> bytes:
    """The content of a regular file, at most one byte more than a chunk may have.

    Others may write to a queue folder: a link there is not followed, and a pipe not waited for.
    Raises OSError."""
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(f"{path}: no regular file")
        return opened.read(_MAX_CHUNK_BYTES + 1)


class FolderSource:
    """One stream of a queue folder."""

    def __init__(
        self,
        folder: str | os.PathLike[str],
        fingerprint: str | None,
        accepts: Callable[[Meta], str | None],
        timeout_s: float,
    ) -> None:
        """`fingerprint`: of the wanted stream; None: the only one there is. `accepts`: says what is
        wrong with a stream, or nothing. `timeout_s`: how long to wait for a chunk.

        Raises Error where there is no such stream, UsageError where there are several."""
        self._timeout_s = timeout_s
        self._root, self.meta = self._find(pathlib.Path(folder), fingerprint, accepts)
        self.fields = [Field.from_message(field) for field in self.meta["fields"]]

    @staticmethod
    def _find(
        folder: pathlib.Path, fingerprint: str | None, accepts: Callable[[Meta], str | None]
    ) -> tuple[pathlib.Path, Meta]:
        found: list[tuple[pathlib.Path, Meta]] = []
        hint = ""
        for path in sorted(folder.glob("*/meta.json")):
            name = path.parent.name
            if not _ID.fullmatch(name) or path.parent.is_symlink():
                continue
            try:
                meta = protobuf.meta_from_json(read_file(path).decode("utf-8"))
                check_meta(meta)
            except (OSError, ValueError, UsageError):
                continue  # not a stream: torn, or being written
            if meta["fingerprint"] != name or fingerprint not in (None, name):
                continue
            if reason := accepts(meta):
                hint = hint or f"; {name}: {reason}"
            else:
                found.append((path.parent, meta))
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(f"{path.name} ({meta['provider']})" for path, meta in found)
            raise UsageError(
                f"{folder} holds {len(found)} streams: say which with fingerprint=…: {names}"
            )
        raise Error(f"{folder} holds no such stream{hint}; run prepare with this recipe first")

    def pieces(
        self, split: str, first: int, count: int | None, stage: int | None
    ) -> Iterator[tuple[int, list[bytes]]]:
        """(samples, columns) of consecutive pieces of [first, first + count).

        A `count` of None reads as far as the chunks go. Raises Error."""
        size, whole = size_of(self.meta, split), chunk_samples(self.fields)
        end = size if count is None else first + count
        if end > size or first >= size > 0:
            raise Error(
                f"the {split} split has {size} samples; {count or 1} from index {first} on "
                "were asked for"
            )
        has_read = False
        while first < end:
            start = first // whole * whole
            path = self._root / split / chunk_name(start, stage)
            data = self._wait_for(path)
            if data is None and count is None and has_read:
                return
            if data is None:
                raise Error(
                    f"{split} sample {first} is not in {self._root}: it was not made yet, or a "
                    "trainer has used and deleted it; run prepare, or raise timeout_s "
                    f"({self._timeout_s:g} now)"
                )
            has_read = True
            made, columns = self._parsed(path, data, (SPLITS.index(split), start, stage))
            skipped, taken = first - start, min(end, start + made) - first
            if taken <= 0:
                raise Error(
                    f"{split} sample {first} is not in its chunk, though it should be; "
                    f"remove the folder {self._root}"
                )
            yield taken, self._rows(columns, skipped, skipped + taken)
            first += taken

    def _rows(self, columns: Sequence[bytes], begin: int, end: int) -> list[bytes]:
        """Rows [begin, end) of each column."""
        return [
            column[begin * field.bytes_per_sample : end * field.bytes_per_sample]
            for field, column in zip(self.fields, columns, strict=True)
        ]

    def _wait_for(self, path: pathlib.Path) -> bytes | None:
        """The file's bytes; None: it did not come in time."""
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                return read_file(path)
            except FileNotFoundError:
                if time.monotonic() >= deadline:
                    return None
                time.sleep(_LOOK_EVERY_S)
            except OSError as error:
                reason = error.strerror or "no regular file"
                raise Error(
                    f"{path}: {reason}; remove it, and prepare computes it again"
                ) from error

    def _parsed(
        self, path: pathlib.Path, data: bytes, place: tuple[int, int, int | None]
    ) -> tuple[int, list[bytes]]:
        """(samples, columns) of a chunk at (split, first, stage). Raises Error."""
        try:
            made, columns = parse_chunk(data, self.meta["fingerprint"], self.fields)
            if (made["split"], made["first"], made["stage"]) != place:
                raise DamagedChunk("of another place in the stream")
        except DamagedChunk as error:
            raise Error(f"{path}: {error}; remove it, and prepare computes it again") from error
        return made["count"], columns

    def close(self) -> None:
        """Nothing is open."""
