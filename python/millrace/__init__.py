"""Millrace in Python: a provider of your own that feeds the C++ trainer, and a reader of streams for notebooks.

    class Mine(millrace.Provider): …
    Mine.serve("config.toml", processes=2)

docs/reference/python_sdk.md of the repository explains it with an example.
"""

from .errors import Error, UsageError
from .philox import Draws, Purpose, philox4x32_10, threshold, uniform_below
from .provider import Key, Keys, Provider, hash_file
from .reader import Stream, read
from .recipe import Recipe, load_recipe
from .schema import IGNORE_INDEX, Field
from .serve import serve

__version__ = "0.1.0"
__all__ = [
    "Draws", "Error", "Field", "IGNORE_INDEX", "Key", "Keys", "Provider", "Purpose", "Recipe", "Stream", "UsageError", "hash_file",
    "load_recipe", "philox4x32_10", "read", "serve", "threshold", "uniform_below",
]  # fmt: skip
