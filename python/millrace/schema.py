"""What a sample looks like: its named columns, in the order in which they travel and are digested."""

import dataclasses
import math

import numpy as np
from xxhash import xxh64

from .errors import UsageError

IGNORE_INDEX = -100
SPLITS = ("train", "val", "test")
ENDLESS = 2**64 - 1
PROBED = 4  # samples of each split that the probe covers
_MAX_FIELDS = 32
_MAX_SAMPLE_BYTES = 64 << 20

_WIRES = {"u8": 1, "u16": 2, "u32": 3, "f32": 4}
_TYPES = {"u8": np.dtype("u1"), "u16": np.dtype("<u2"), "u32": np.dtype("<u4"), "f32": np.dtype("<f4")}
_NAME_OF_WIRE = {number: name for name, number in _WIRES.items()}
_LOGICAL_OF_WIRE = {"u8": "i64", "u16": "i64", "u32": "i64", "f32": "f32"}
_LOGICALS = {"i64": 1, "f32": 2}
_ROLES = {"input": 1, "target": 2, "time": 3, "prefix": 4, "weight": 5, "stage": 6}
_TOKEN_ROLES = ("input", "target", "prefix")


@dataclasses.dataclass(frozen=True)
class Field:
    """One column: `dtype` is how a value travels (u8, u16, u32 or f32, or NumPy's name of it), `shape` that of one sample.

    With `sentinel` the type's largest value stands for "no target here"; samples then write -100 (IGNORE_INDEX) there."""

    name: str
    dtype: str
    shape: tuple = ()
    role: str = "input"
    sentinel: bool = False

    def __post_init__(self):
        object.__setattr__(self, "dtype", self._short_dtype())
        object.__setattr__(self, "shape", tuple(self.shape) if hasattr(self.shape, "__len__") else (self.shape,))
        if not isinstance(self.name, str) or not self.name or not self.name.isprintable() or " " in self.name:
            raise UsageError(f"a field called {self.name!r}: expected a name without spaces")
        if self.role not in _ROLES:
            raise UsageError(f"field {self.name}: role {self.role!r} is none of {', '.join(_ROLES)}")
        if any(not isinstance(extent, int) or not 0 < extent < 2**32 for extent in self.shape):
            raise UsageError(f"field {self.name}: shape {self.shape} is not made of whole numbers above 0")
        if self.sentinel and self.dtype == "f32":
            raise UsageError(f"field {self.name}: a sentinel needs u8, u16 or u32, and this is f32")

    def _short_dtype(self):
        if self.dtype in _TYPES:
            return self.dtype
        try:
            wanted = np.dtype(self.dtype).newbyteorder("<")
        except TypeError:
            wanted = None
        for name, dtype in _TYPES.items():
            if wanted is not None and dtype.newbyteorder("<") == wanted:
                return name
        raise UsageError(f"field {self.name}: dtype {self.dtype!r} is none of {', '.join(_TYPES)}")

    @property
    def wire(self):
        return _WIRES[self.dtype]

    @property
    def wire_dtype(self):
        return _TYPES[self.dtype]

    @property
    def largest(self):
        """The largest value of an integer type, which is the sentinel where there is one."""
        return 2 ** (8 * self.wire_dtype.itemsize) - 1

    @property
    def holds_tokens(self):
        return self.role in _TOKEN_ROLES and self.dtype != "f32"

    @property
    def bytes_per_sample(self):
        return math.prod(self.shape) * self.wire_dtype.itemsize

    def describe(self):
        """As the fingerprint's text has it."""
        shape = ",".join(str(extent) for extent in self.shape)
        return f"{self.name} {self.dtype} {_LOGICAL_OF_WIRE[self.dtype]} [{shape}] {self.role}" + " sentinel" * self.sentinel

    def message(self):
        logical = _LOGICALS[_LOGICAL_OF_WIRE[self.dtype]]
        return {"name": self.name, "wire": self.wire, "logical": logical, "shape": self.shape, "role": _ROLES[self.role],
                "sentinel": self.sentinel}  # fmt: skip

    @staticmethod
    def from_message(values):
        names = {number: name for name, number in _ROLES.items()}
        if values["wire"] not in _NAME_OF_WIRE or values["role"] not in names:
            raise UsageError(f"field {values['name']}: wire type {values['wire']}, role {values['role']} is not known")
        return Field(values["name"], _NAME_OF_WIRE[values["wire"]], tuple(values["shape"]), names[values["role"]], values["sentinel"])

    def to_wire(self, values, count, vocab_size):
        """`values` of `count` samples as the bytes that travel, after checking them. `vocab_size`: 0 where it is not known."""
        array = np.asarray(values)
        if array.shape != (count, *self.shape):
            raise ValueError(f"field {self.name}: shape {array.shape[1:]} of a sample; the schema says {self.shape}")
        if self.dtype == "f32":
            return self._float_bytes(array)
        if array.dtype.kind not in "iub":
            raise ValueError(f"field {self.name}: dtype {array.dtype}; the schema says {self.dtype}, so give whole numbers")
        return self._whole_bytes(array, vocab_size)

    def _float_bytes(self, array):
        if array.dtype.kind not in "fiub":
            raise ValueError(f"field {self.name}: dtype {array.dtype}; the schema says f32, so give numbers")
        narrow = array.astype(self.wire_dtype)
        if not np.isfinite(narrow).all():
            raise ValueError(f"field {self.name}: a value that is not finite as f32")
        return narrow.tobytes()

    def _whole_bytes(self, array, vocab_size):
        absent = (array == IGNORE_INDEX) if self.sentinel and array.dtype.kind == "i" else np.zeros(array.shape, bool)
        limit = self.largest if self.sentinel else self.largest + 1
        if self.holds_tokens and 0 < vocab_size < limit:
            limit = vocab_size
        wrong = ~absent & ((array < 0) | (array >= limit))
        if wrong.any():
            raise ValueError(f"field {self.name}: value {array[wrong].flat[0]} is not from 0 to {limit - 1}{self._hint(limit)}")
        return np.where(absent, self.largest, array).astype(self.wire_dtype).tobytes()

    def _hint(self, limit):
        sentinel = f", or {IGNORE_INDEX} for no target" if self.sentinel else ""
        return sentinel + (" (the vocabulary)" if limit < self.largest else f" (what {self.dtype} holds)")

    def from_wire(self, data, count, raw=False):
        """The array [count, …shape]: int64 with -100 for the sentinel, or float32; with `raw` as it travels."""
        array = np.frombuffer(data, dtype=self.wire_dtype).reshape(count, *self.shape)
        if raw or self.dtype == "f32":
            return array
        wide = array.astype(np.int64)
        if self.sentinel:
            wide[array == self.largest] = IGNORE_INDEX
        return wide


def check_schema(fields):
    if not isinstance(fields, (list, tuple)) or not fields or not all(isinstance(field, Field) for field in fields):
        raise UsageError("schema: expected a list of one or more millrace.Field")
    names = [field.name for field in fields]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"schema: two fields are called {name}")
    if len(fields) > _MAX_FIELDS:
        raise UsageError(f"schema: {len(fields)} fields; at most {_MAX_FIELDS} are possible")
    size = sum(field.bytes_per_sample for field in fields)
    if size > _MAX_SAMPLE_BYTES:
        raise UsageError(f"schema: {size} bytes a sample; at most {_MAX_SAMPLE_BYTES} are possible")


def sample_digests(fields, columns, count):
    """The digest of each sample: xxh64 over its wire bytes, fields in schema order; 16 hex digits."""
    digests = []
    for row in range(count):
        digest = xxh64()
        for field, column in zip(fields, columns):
            digest.update(column[row * field.bytes_per_sample : (row + 1) * field.bytes_per_sample])
        digests.append(digest.hexdigest())
    return digests


def range_digest(fields, columns, count):
    """xxh64 over samples, sample after sample: what the probe holds."""
    digest = xxh64()
    for row in range(count):
        for field, column in zip(fields, columns):
            digest.update(column[row * field.bytes_per_sample : (row + 1) * field.bytes_per_sample])
    return digest.hexdigest()
