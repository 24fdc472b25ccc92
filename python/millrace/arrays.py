"""Arrays of what a provider hands over: NumPy's own, lists, tensors, columns of a table."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_WITHOUT_ITEMS = (str, bytes, bytearray, memoryview)  # sequences that hold no arrays
_NUMBERS = (int, float, np.generic)


def plain_array(values: npt.ArrayLike) -> npt.NDArray[Any]:
    """The values as an array, which has no mask.

    Raises ValueError where a mask hides a value, and where NumPy cannot read the values."""
    dtype = getattr(values, "dtype", None)
    kind = type(values).__name__ + (f" of dtype {dtype}" if dtype is not None else "")
    if _hides_a_value(values):
        raise ValueError(
            f"a {kind} whose mask hides values: fill them in first, as "
            ".filled(millrace.IGNORE_INDEX) does where there is no target"
        )
    try:
        return np.asarray(values)
    except Exception as error:
        raise ValueError(f"a {kind} that NumPy cannot read as one array: {error}") from error


def _hides_a_value(values: Any) -> bool:
    """Whether np.asarray(values) would show what a mask hides, also in lists of masked arrays."""
    if isinstance(values, np.ma.MaskedArray):
        return values.dtype.names is not None or bool(np.ma.is_masked(values))
    if not isinstance(values, Sequence) or isinstance(values, _WITHOUT_ITEMS):
        return False
    if all(issubclass(kind, _NUMBERS) for kind in set(map(type, values))):
        return False
    return any(_hides_a_value(value) for value in values)
