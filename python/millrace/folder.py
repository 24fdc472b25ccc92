"""Streams from a queue folder (docs/reference/queue_file.md): finds the stream, and reads its chunks in order. Never writes."""

import json
import pathlib
import time

from xxhash import xxh64_intdigest

from . import protobuf
from .errors import Error, UsageError
from .meta import fingerprint_of, size_of
from .schema import Field

_MAGIC, _VERSION, _PREAMBLE_BYTES, _ALIGNMENT = b"MILLRACE", 1, 32, 64
_TARGET_BYTES = 1 << 20
_MAX_CHUNK_BYTES = 80 << 20
_LOOK_EVERY_S = 0.05


class DamagedChunk(ValueError):
    """A chunk that is cut short, altered, or another's."""


def chunk_samples(fields):
    """The power of two that brings a chunk nearest to 1 MiB (between 0.75 and 1.5 of it), at least 1."""
    most = max(_TARGET_BYTES * 3 // 2 // sum(field.bytes_per_sample for field in fields), 1)
    return 1 << (most.bit_length() - 1)


def chunk_name(first, stage=None):
    return f"{first:012d}" + (f".s{stage}" if stage is not None else "") + ".chunk"


def _aligned(size):
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def parse_chunk(data, fingerprint, fields):
    """(split, first, count, stage, columns) of a queue file's bytes. Throws DamagedChunk."""
    if len(data) < _PREAMBLE_BYTES or data[:8] != _MAGIC:
        raise DamagedChunk("not a queue file")
    version, header_bytes = int.from_bytes(data[8:12], "little"), int.from_bytes(data[12:16], "little")
    header = data[_PREAMBLE_BYTES : _PREAMBLE_BYTES + header_bytes]
    if version != _VERSION:
        raise DamagedChunk(f"version {version} of the format, and this package reads {_VERSION}")
    if int.from_bytes(data[24:32], "little") != len(data) or int.from_bytes(data[16:24], "little") != xxh64_intdigest(header):
        raise DamagedChunk("cut short or altered")
    try:
        info = protobuf.decode("BatchInfo", header)
    except protobuf.NotAMessage as error:
        raise DamagedChunk(str(error)) from error
    if info["fingerprint"] != fingerprint or info["range"] is None or len(info["columns"]) != len(fields):
        raise DamagedChunk("of another stream")
    place = info["range"]
    return place["split"], place["first"], place["count"], place["stage"], _columns(data, _PREAMBLE_BYTES + header_bytes, info, fields)


def _columns(data, at, info, fields):
    columns, at = [], _aligned(at)
    for field, column in zip(fields, info["columns"]):
        size = info["range"]["count"] * field.bytes_per_sample
        columns.append(bytes(data[at : at + size]))
        wanted = (field.wire, [info["range"]["count"], *field.shape], xxh64_intdigest(columns[-1]))
        if (column["wire"], column["shape"], column["checksum"]) != wanted:
            raise DamagedChunk(f"column {field.name} is cut short or altered")
        at = _aligned(at + size)
    return columns


def meta_from_json(text):
    """The message Meta from protobuf's JSON, in which 64-bit numbers are texts."""
    return _from_json("Meta", json.loads(text))


def _from_json(message, values):
    table = {}
    for field in protobuf.fields_of(message):
        value = values.get(field.name)
        if value is None:
            table[field.name] = field.absent()
        elif field.label == "repeated":
            table[field.name] = [_one_from_json(field, one) for one in value]
        else:
            table[field.name] = _one_from_json(field, value)
    return table


def _one_from_json(field, value):
    if field.is_message:
        return _from_json(field.type, value)
    return int(value) if field.type in ("fixed64", "uint64", "sint64") else value


class FolderSource:
    """One stream of a queue folder. `accepts`: says what is wrong with a meta, or nothing."""

    def __init__(self, folder, fingerprint, accepts, timeout_s):
        self._timeout_s = timeout_s
        self._root, self.meta = self._find(pathlib.Path(folder), fingerprint, accepts)
        self.fields = [Field.from_message(field) for field in self.meta["fields"]]

    @staticmethod
    def _find(folder, fingerprint, accepts):
        found, others = [], []
        for path in sorted(folder.glob("*/meta.json")):
            try:
                meta = meta_from_json(path.read_text())
                usable = fingerprint_of(meta) == meta["fingerprint"] == path.parent.name
            except (OSError, ValueError, TypeError, KeyError, AttributeError, UsageError):
                continue  # torn, or being written: not a stream
            if usable and fingerprint in (None, path.parent.name):
                reason = accepts(meta)
                (others if reason else found).append((path.parent, meta, reason))
        if len(found) == 1:
            return found[0][:2]
        if found:
            names = ", ".join(f"{path.name} ({meta['provider']})" for path, meta, _ in found)
            raise UsageError(f"{folder} holds {len(found)} streams: say which with fingerprint=…: {names}")
        hint = f"; {others[0][0].name}: {others[0][2]}" if others else ""
        raise Error(f"{folder} holds no such stream{hint}; run prepare with this recipe first")

    def pieces(self, split_number, split, first, count, stage):
        """(first index, count, columns) of consecutive samples, as far as the chunks go where no count is given."""
        size, whole = size_of(self.meta, split), chunk_samples(self.fields)
        end = size if count is None else first + count
        if end > size or first >= size > 0:
            raise Error(f"the {split} split has {size} samples; {count or 1} from index {first} on were asked for")
        read_some = False
        while first < end:
            start = first // whole * whole
            data = self._wait_for(split, start, stage)
            if data is None and count is None and read_some:
                return
            if data is None:
                raise Error(f"{split} sample {first} is not in {self._root}: it was not made yet, or a trainer has used and deleted it; "
                            f"run prepare, or raise timeout_s ({self._timeout_s:g} now)")  # fmt: skip
            read_some = True
            made, columns = self._parsed(data, (split_number, start, stage), split)
            skipped, taken = first - start, min(end, start + made) - first
            if taken <= 0:
                raise Error(f"{split} sample {first} is not in its chunk, though it should be; remove the folder {self._root}")
            yield first, taken, [column[skipped * field.bytes_per_sample : (skipped + taken) * field.bytes_per_sample]
                                 for field, column in zip(self.fields, columns)]  # fmt: skip
            first += taken

    def _wait_for(self, split, start, stage):
        path = self._root / split / chunk_name(start, stage)
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                with open(path, "rb") as file:
                    return file.read(_MAX_CHUNK_BYTES + 1)
            except FileNotFoundError:
                if time.monotonic() >= deadline:
                    return None
                time.sleep(_LOOK_EVERY_S)

    def _parsed(self, data, place, split):
        try:
            split_number, first, count, stage, columns = parse_chunk(data, self.meta["fingerprint"], self.fields)
            if (split_number, first, stage) != place:
                raise DamagedChunk("of another place in the stream")
        except DamagedChunk as error:
            name = self._root / split / chunk_name(place[1], place[2])
            raise Error(f"{name}: {error}; remove it, and prepare computes it again") from error
        return count, columns

    def close(self):
        pass


