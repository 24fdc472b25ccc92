"""The schema of a sample: its named columns, in the order in which they travel and are digested."""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from xxhash import xxh64

from .arrays import plain_array
from .errors import UsageError
from .protobuf import FieldInfo

IGNORE_INDEX = -100
SPLITS = ("train", "val", "test")
ENDLESS = 2**64 - 1
PROBED = 4  # samples of each split that the probe covers
_MAX_FIELDS = 32
_MAX_SAMPLE_BYTES = 64 << 20

_WIRES = {"u8": 1, "u16": 2, "u32": 3, "f32": 4}
_TYPES: dict[str, np.dtype[Any]] = {
    "u8": np.dtype("u1"),
    "u16": np.dtype("<u2"),
    "u32": np.dtype("<u4"),
    "f32": np.dtype("<f4"),
}
_NAME_OF_WIRE = {number: name for name, number in _WIRES.items()}
_LOGICAL_OF_WIRE = {"u8": "i64", "u16": "i64", "u32": "i64", "f32": "f32"}
_LOGICALS = {"i64": 1, "f32": 2}
_ROLES = {"input": 1, "target": 2, "time": 3, "prefix": 4, "weight": 5, "stage": 6}
_NAME_OF_ROLE = {number: name for name, number in _ROLES.items()}
_TOKEN_ROLES = ("input", "target", "prefix")


@dataclasses.dataclass(frozen=True, init=False)
class Field:
    """One column of a schema.

    name: without spaces.
    dtype: how a value travels: "u8", "u16", "u32" or "f32". NumPy's names of them, such as
        np.uint8, are turned into these.
    shape: of one sample; () is a scalar, and a single number n stands for (n,).
    role: "input", "target", "time", "prefix", "weight" or "stage".
    sentinel: the type's largest value stands for "no target here"; samples write IGNORE_INDEX
        (-100) there. Not for f32.

    Raises UsageError.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    role: str
    sentinel: bool

    def __init__(
        self,
        name: str,
        dtype: npt.DTypeLike,
        shape: int | Iterable[int] = (),
        role: str = "input",
        sentinel: bool = False,
    ) -> None:
        given = tuple(shape) if isinstance(shape, Iterable) else (shape,)
        extents = tuple(int(each) if isinstance(each, np.integer) else each for each in given)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "dtype", _short_dtype(name, dtype))
        object.__setattr__(self, "shape", extents)
        object.__setattr__(self, "role", role)
        object.__setattr__(self, "sentinel", sentinel)
        self._check()

    def _check(self) -> None:
        name: object = self.name
        if not isinstance(name, str) or not name or not name.isprintable() or " " in name:
            raise UsageError(f"a field called {name!r}: expected a name without spaces")
        if self.role not in _ROLES:
            raise UsageError(f"field {name}: role {self.role!r} is none of {', '.join(_ROLES)}")
        if not all(type(extent) is int and 0 < extent < 2**32 for extent in self.shape):
            raise UsageError(
                f"field {name}: shape {self.shape} is not made of whole numbers above 0"
            )
        if not isinstance(self.sentinel, bool):
            raise UsageError(f"field {name}: sentinel is {self.sentinel!r}, not True or False")
        if self.sentinel and self.dtype == "f32":
            raise UsageError(f"field {name}: a sentinel needs u8, u16 or u32, and this is f32")

    @property
    def wire(self) -> int:
        """The number of the wire dtype in messages."""
        return _WIRES[self.dtype]

    @property
    def wire_dtype(self) -> np.dtype[Any]:
        """The NumPy dtype of a value as it travels: little-endian."""
        return _TYPES[self.dtype]

    @property
    def largest(self) -> int:
        """The largest value of an integer dtype; the sentinel of a field that has one."""
        return int(2 ** (8 * self.wire_dtype.itemsize) - 1)

    @property
    def holds_tokens(self) -> bool:
        """Whether values are token ids, which the vocabulary bounds."""
        return self.role in _TOKEN_ROLES and self.dtype != "f32"

    @property
    def bytes_per_sample(self) -> int:
        """Wire bytes of one sample."""
        return math.prod(self.shape) * self.wire_dtype.itemsize

    def describe(self) -> str:
        """The field's line in the text that is fingerprinted."""
        shape = ",".join(str(extent) for extent in self.shape)
        line = f"{self.name} {self.dtype} {_LOGICAL_OF_WIRE[self.dtype]} [{shape}] {self.role}"
        return line + " sentinel" * self.sentinel

    def message(self) -> FieldInfo:
        """The field as a message of proto/stream.proto."""
        return {
            "name": self.name,
            "wire": self.wire,
            "logical": _LOGICALS[_LOGICAL_OF_WIRE[self.dtype]],
            "shape": list(self.shape),
            "role": _ROLES[self.role],
            "sentinel": bool(self.sentinel),
        }

    @staticmethod
    def from_message(values: FieldInfo) -> "Field":
        """The inverse of message(). Raises UsageError for numbers that are not known."""
        wire, role = values["wire"], values["role"]
        if wire not in _NAME_OF_WIRE or role not in _NAME_OF_ROLE:
            raise UsageError(
                f"field {values['name']}: wire type {wire}, role {role}: one of them is not known"
            )
        size = 1
        for extent in values["shape"]:  # step by step: a peer's list may have a million numbers
            size *= extent
            if size > _MAX_SAMPLE_BYTES:
                raise UsageError(
                    f"field {values['name']}: more than {_MAX_SAMPLE_BYTES} values a sample"
                )
        return Field(
            values["name"],
            _NAME_OF_WIRE[wire],
            values["shape"],
            _NAME_OF_ROLE[role],
            values["sentinel"],
        )

    def to_array(self, values: npt.ArrayLike, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """The values as an array of this shape, whose dtype the field can hold. Raises ValueError.

        True and False are 1 and 0."""
        try:
            array = plain_array(values)
        except ValueError as error:
            raise ValueError(f"field {self.name}: {error}; the schema says {self.dtype}") from error
        if array.shape != shape:
            raise ValueError(f"field {self.name}: shape {array.shape}; the schema says {shape}")
        kinds, wanted = ("fiub", "numbers") if self.dtype == "f32" else ("iub", "whole numbers")
        if array.dtype.kind not in kinds:
            raise ValueError(
                f"field {self.name}: dtype {array.dtype}{_what_is_in(array)}; "
                f"the schema says {self.dtype}, so give {wanted}"
            )
        return array

    def to_wire(self, values: npt.ArrayLike, count: int, vocab_size: int) -> bytes:
        """The wire bytes of `values` [count, …shape], after checking shape, dtype and range.

        Numbers of an f32 field are rounded to the nearest f32. `vocab_size`: bounds token ids; 0:
        not known. Raises ValueError."""
        array = self.to_array(values, (count, *self.shape))
        if self.dtype == "f32":
            return self._float_bytes(array)
        return self._whole_bytes(array, vocab_size)

    def _float_bytes(self, array: npt.NDArray[Any]) -> bytes:
        with np.errstate(over="ignore"):
            narrow = array.astype(self.wire_dtype)
        is_finite = np.isfinite(narrow)
        if not is_finite.all():
            raise ValueError(
                f"field {self.name}: value {array[~is_finite].flat[0]} of dtype {array.dtype} "
                "is not finite as f32"
            )
        return narrow.tobytes()

    def _whole_bytes(self, array: npt.NDArray[Any], vocab_size: int) -> bytes:
        has_absent = self.sentinel and array.dtype.kind == "i"
        absent = array == IGNORE_INDEX if has_absent else np.zeros(array.shape, dtype=bool)
        limit = self.largest if self.sentinel else self.largest + 1
        if self.holds_tokens and 0 < vocab_size < limit:
            limit = vocab_size
        wrong = ~absent & ((array < 0) | (array >= limit))
        if wrong.any():
            raise ValueError(
                f"field {self.name}: value {array[wrong].flat[0]} is not from 0 to {limit - 1}"
                f"{self._hint(limit)}"
            )
        return np.where(absent, self.largest, array).astype(self.wire_dtype).tobytes()

    def _hint(self, limit: int) -> str:
        sentinel = f", or {IGNORE_INDEX} for no target" if self.sentinel else ""
        bound = "the vocabulary" if limit < self.largest else f"what {self.dtype} holds"
        return f"{sentinel} ({bound})"

    def from_wire(self, data: bytes, count: int, raw: bool = False) -> npt.NDArray[Any]:
        """The array [count, …shape] of wire bytes.

        int64 with IGNORE_INDEX for the sentinel, or float32; with `raw` the wire dtype as it is."""
        array = np.frombuffer(data, dtype=self.wire_dtype).reshape(count, *self.shape)
        if raw or self.dtype == "f32":
            return array
        wide = array.astype(np.int64)
        if self.sentinel:
            wide[array == self.largest] = IGNORE_INDEX
        return wide


def _what_is_in(array: npt.NDArray[Any]) -> str:
    """What explains the dtype of an array that was meant to be another, in parentheses."""
    if array.dtype.kind == "f" and np.isnan(array).any():
        return " (with NaN, as missing values become)"
    if array.dtype.kind == "O":
        return f" ({', '.join(sorted({type(value).__name__ for value in array.flat}))})"
    return ""


def _short_dtype(name: str, dtype: npt.DTypeLike) -> str:
    if isinstance(dtype, str) and dtype in _TYPES:
        return dtype
    try:
        wanted = np.dtype(dtype).newbyteorder("<")
    except TypeError:
        wanted = None
    for short, wire_dtype in _TYPES.items():
        if wanted is not None and wire_dtype.newbyteorder("<") == wanted:
            return short
    raise UsageError(f"field {name}: dtype {dtype!r} is none of {', '.join(_TYPES)}")


def check_schema(fields: object) -> None:
    """Raises UsageError for what is not a list of fields within the limits."""
    if (
        not isinstance(fields, (list, tuple))
        or not fields
        or not all(isinstance(field, Field) for field in fields)
    ):
        raise UsageError("schema: expected a list of one or more millrace.Field")
    names = [field.name for field in fields]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"schema: two fields are called {name}")
    if len(fields) > _MAX_FIELDS:
        raise UsageError(f"schema: {len(fields)} fields; at most {_MAX_FIELDS} are possible")
    size = bytes_per_sample(fields)
    if size > _MAX_SAMPLE_BYTES:
        raise UsageError(f"schema: {size} bytes a sample; at most {_MAX_SAMPLE_BYTES} are possible")


def bytes_per_sample(fields: Iterable[Field]) -> int:
    """Wire bytes of one sample, all fields together."""
    return sum(field.bytes_per_sample for field in fields)


def sample_digests(fields: Sequence[Field], columns: Sequence[bytes], count: int) -> list[str]:
    """The digest of each sample: xxh64 over its wire bytes, fields in schema order; 16 hex digits.

    `columns`: the wire bytes [count, …shape] of each field."""
    return [xxh64(b"".join(_row_bytes(fields, columns, row))).hexdigest() for row in range(count)]


def range_digest(fields: Sequence[Field], columns: Sequence[bytes], count: int) -> str:
    """xxh64 over the wire bytes of all samples, one after the other: an entry of the probe."""
    digest = xxh64()
    for row in range(count):
        for data in _row_bytes(fields, columns, row):
            digest.update(data)
    return digest.hexdigest()


def _row_bytes(fields: Sequence[Field], columns: Sequence[bytes], row: int) -> list[bytes]:
    """The wire bytes of one sample, a piece per field."""
    return [
        column[row * field.bytes_per_sample : (row + 1) * field.bytes_per_sample]
        for field, column in zip(fields, columns, strict=True)
    ]
