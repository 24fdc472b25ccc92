"""Millrace in Python: providers that feed the C++ trainer, and a reader of streams for notebooks.

    class Mine(millrace.Provider): …
    Mine.serve("config.toml", processes=2)

    for sample in millrace.read("tcp://127.0.0.1:5555", count=100): …

docs/reference/python_sdk.md of the repository explains it with examples.
"""

from .errors import Error, UsageError
from .philox import Draws, Purpose, philox4x32_10, threshold, uniform_below
from .protobuf import FieldInfo, Meta, Setting
from .provider import Key, Keys, Provider, hash_file
from .reader import Stream, read
from .recipe import Recipe, load_recipe
from .schema import IGNORE_INDEX, Field
from .serve import serve

__version__ = "0.2.0"

__all__ = [
    "IGNORE_INDEX",
    "Draws",
    "Error",
    "Field",
    "FieldInfo",
    "Key",
    "Keys",
    "Meta",
    "Provider",
    "Purpose",
    "Recipe",
    "Setting",
    "Stream",
    "UsageError",
    "hash_file",
    "load_recipe",
    "philox4x32_10",
    "read",
    "serve",
    "threshold",
    "uniform_below",
]
