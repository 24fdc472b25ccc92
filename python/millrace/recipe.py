"""A producer's keys of a recipe, from TOML files with includes and `--key=value` overrides.

They are read as config/ reads them. Keys of other programs are ignored: `prepare` and `train` check
them. A wrong value of a key that shapes the stream is refused here, or by the trainer, which names
the setting and both values.
"""

import dataclasses
import decimal
import logging
import math
import os
import pathlib
import re
import tomllib
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from .errors import UsageError

SettingValue: TypeAlias = bool | int | float | str

_log = logging.getLogger("millrace")
_MAX_BYTES = 1 << 20
_MAX_DOTS = 1000  # in a line
_MAX_INCLUDES = 8
_MAX_SETTINGS = 64
_MAX_SETTING_BYTES = 4096
_TAKEN = ("block_size", "data_seed", "dataset", "format_version", "provider")
_SETTING = "true or false, a whole number, a finite number or a text of one line"
_TABLE = 'a table such as {level = 3, style = "plain"}'


@dataclasses.dataclass
class Recipe:
    """The keys that a producer looks at.

    path: of the recipe's file, for messages. provider_name: provider.name. block_size: tokens of a
    sample, provider.block_size. settings: provider.settings. data_path: data.path. data_seed:
    data.data_seed. threads: producer.threads, the default number of worker processes. uri,
    insecure, key_file, server_key, rank_hosts: of queue.
    """

    path: str = ""
    provider_name: str = "char_diffusion"
    block_size: int = 1024
    settings: dict[str, SettingValue] = dataclasses.field(default_factory=dict)
    data_path: str | None = None
    data_seed: int = 1337
    threads: int = 1
    uri: str = "inproc://"
    insecure: bool = False
    key_file: str = ""
    server_key: str = ""
    rank_hosts: str = ""

    def stream_settings(self) -> dict[str, str]:
        """The settings that are fingerprinted and that the trainer compares, as canonical text."""
        own = {name: to_toml(value) for name, value in self.settings.items()}
        return {"block_size": str(self.block_size), **own}


@dataclasses.dataclass(frozen=True)
class _Key:
    member: str  # of Recipe
    kind: type
    least: int = 0
    most: int = 2**63 - 1
    may_be_empty: bool = False
    is_path: bool = False  # or a uri with one

    def expectation(self) -> str:
        if self.kind is int:
            return f"a whole number from {self.least} to {self.most}"
        if self.kind is str:
            return "a text" if self.may_be_empty else "a text that is not empty"
        return "true or false" if self.kind is bool else _TABLE

    def allows(self, value: object) -> bool:
        if self.kind is int:
            return type(value) is int and self.least <= value <= self.most
        return type(value) is self.kind and (self.may_be_empty or value != "")


_KEYS = {
    "provider.name": _Key("provider_name", str),
    "provider.block_size": _Key("block_size", int, 1, 1 << 20),
    "provider.settings": _Key("settings", dict),
    "data.path": _Key("data_path", str, is_path=True),
    "data.data_seed": _Key("data_seed", int),
    "producer.threads": _Key("threads", int, 1, 1024),
    "queue.uri": _Key("uri", str, is_path=True),
    "queue.insecure": _Key("insecure", bool),
    "queue.key_file": _Key("key_file", str, may_be_empty=True, is_path=True),
    "queue.server_key": _Key("server_key", str, may_be_empty=True),
    "queue.rank_hosts": _Key("rank_hosts", str, may_be_empty=True),
}
_NOT_UNIQUE = ("threads",)  # several sections have one


def load_recipe(path: str | os.PathLike[str], overrides: Iterable[str] = ()) -> Recipe:
    """The recipe in a file, with overrides such as "--queue.uri=tcp://127.0.0.1:5555".

    Raises UsageError."""
    recipe = Recipe(path=str(path))
    _read_file(pathlib.Path(path), [], recipe)
    for override in overrides:
        _apply(override, recipe)
    return recipe


def _read_file(path: pathlib.Path, chain: Sequence[pathlib.Path], recipe: Recipe) -> None:
    """`chain`: the files that include this one, as resolved paths."""
    top = _parse(_text(path), str(path))
    chain = [*chain, path.resolve()]
    include = top.pop("include", None)
    if include is not None:
        _read_file(_included(path, include, chain), chain, recipe)
    for section, table in top.items():
        if not isinstance(table, dict):
            raise UsageError(f"{path}: key '{section}' stands in no section")
        for name, value in table.items():
            key = f"{section}.{name}"
            if key in _KEYS:
                _set(recipe, key, value, f"{path}: {key} = {_shown(value)}")


def _text(path: pathlib.Path) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot read the recipe: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise UsageError(
            f"{path}: cannot read the recipe: it has more than 1 MiB, which no recipe has"
        )
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not TOML: {error}") from error


def _parse(text: str, where: str) -> dict[str, Any]:
    # tomllib's time for a dotted key grows with the square of its parts.
    if max(line.count(".") for line in text.split("\n")) > _MAX_DOTS:
        raise UsageError(
            f"{where}: not TOML that a recipe has: more than {_MAX_DOTS} dots in a line"
        )
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise UsageError(f"{where}: not TOML that a recipe has: values nest too deep") from None
    except ValueError as error:  # tomllib's own, and that of a number with thousands of digits
        raise UsageError(f"{where}: not TOML: {error}") from error


def _included(path: pathlib.Path, include: Any, chain: Sequence[pathlib.Path]) -> pathlib.Path:
    if not isinstance(include, str):
        raise UsageError(f"{path}: include = {_shown(include)}: expected a text")
    other = path.parent / _expand_home(include, f"{path}: include = {_shown(include)}")
    where = f'{path}: include = "{other}"'
    if not other.exists():
        raise UsageError(f"{where}: there is no such file")
    if other.is_dir():
        raise UsageError(f"{where}: it is a folder")
    if not other.is_file():  # it could block, or be without end
        raise UsageError(f"{where}: it is a pipe or a device, not a file")
    if other.resolve() in chain:
        raise UsageError(f"{where}: the file includes itself")
    if len(chain) > _MAX_INCLUDES:
        raise UsageError(f"{path}: includes nest deeper than {_MAX_INCLUDES}")
    return other


def _set(recipe: Recipe, name: str, value: Any, where: str) -> None:
    key = _KEYS[name]
    if not key.allows(value):
        raise UsageError(f"{where}: expected {key.expectation()}")
    if key.kind is dict:
        for setting, one in value.items():
            check_setting(setting, one, where)
        value = {**recipe.settings, **value}
        if len(value) > _MAX_SETTINGS:
            raise UsageError(
                f"{where}: {len(value)} settings; a provider has at most {_MAX_SETTINGS}"
            )
    if key.is_path:
        value = _expand_home(value, where)
    setattr(recipe, key.member, value)


def _expand_home(text: str, where: str) -> str:
    """The text with a leading "~/", of itself or behind file:// or ipc://, as $HOME: no shell
    expands it in a recipe."""
    scheme = next((each for each in ("file://", "ipc://") if text.startswith(each)), "")
    name, slash, rest = text.removeprefix(scheme).partition("/")
    if not name.startswith("~"):
        return text
    if name != "~":
        raise UsageError(
            f"{where}: only ~/ is replaced by a home folder, not {name}; write the path in full, "
            f"or ./{name}{slash}{rest} for one in the working directory"
        )
    home = os.environ.get("HOME", "")
    if not home:
        raise UsageError(f"{where}: $HOME is not set, so ~/ is no folder; write the path in full")
    return scheme + home + slash + rest


def check_setting(name: str, value: Any, where: str) -> None:
    """Raises UsageError, beginning with `where`, for a setting that no provider may have."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise UsageError(f"{where}: the name {name!r}: expected up to 64 letters, digits, _ and -")
    if name in _TAKEN:
        raise UsageError(
            f"{where}: the name '{name}' is taken by the stream's own description; choose another"
        )
    if not _is_setting(value):
        raise UsageError(f"{where}: {name} = {_shown(value)}: expected {_SETTING}")


def _is_setting(value: Any) -> bool:
    if isinstance(value, str):
        is_one_line = not any(c < " " or c == "\x7f" for c in value)
        return is_one_line and len(value.encode()) <= _MAX_SETTING_BYTES
    if type(value) is int:
        return -(2**63) <= value < 2**63
    return type(value) is bool or (type(value) is float and math.isfinite(value))


def _apply(override: str, recipe: Recipe) -> None:
    name, equals, text = override.removeprefix("--").partition("=")
    if not override.startswith("--") or not equals:
        raise UsageError(
            f"'{override}': expected an override such as --queue.uri=tcp://127.0.0.1:5555"
        )
    if name.startswith(("provider.settings.", "settings.")):
        setting = name.partition("settings.")[2]
        _set(recipe, "provider.settings", {setting: _setting_value(text)}, override)
        return
    is_short = name not in _NOT_UNIQUE
    full = [key for key in _KEYS if key == name or (is_short and key.endswith("." + name))]
    if full:
        _set(recipe, full[0], _typed(_KEYS[full[0]], text, override), override)
    else:
        _log.warning("%s: ignored; a producer in Python does not use this key", override)


def _typed(key: _Key, text: str, where: str) -> Any:
    """The value of an override's text; None for one that is not of the key's type."""
    if key.kind is str:
        return text
    if key.kind is bool:
        return {"true": True, "false": False}.get(text)
    if key.kind is int:
        return int(text) if re.fullmatch(r"[0-9]{1,20}", text) else None
    return _parse("settings = " + text, where)["settings"]


def _setting_value(text: str) -> Any:
    """The value of a setting in an override: TOML, or a text without quotes."""
    try:
        top = tomllib.loads("setting = " + text)
    except (ValueError, RecursionError):
        return text
    return top["setting"] if len(top) == 1 else text


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    if type(value) is int and value.bit_length() > 64:  # str() refuses thousands of digits
        return "a number of more than 64 bits"
    return "an array" if isinstance(value, list) else to_toml(value)


def to_toml(value: Any) -> str:
    """A setting as canonical TOML, the same text as C++ writes: 3, 3.0, true or "plain"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value)
    return _quoted(value) if isinstance(value, str) else str(value)


def _number(value: float) -> str:
    """The shortest text that reads back to the same double, plain or with an exponent.

    A point is added where it has neither."""
    if not math.isfinite(value):
        return repr(value)
    sign = "-" if math.copysign(1, value) < 0 else ""
    exact = decimal.Decimal(repr(abs(value)))
    normalized = exact.normalize().as_tuple()
    text, exponent = "".join(map(str, normalized.digits)), int(normalized.exponent)
    power = len(text) - 1 + exponent if value else 0
    mantissa = text[0] + ("." + text[1:] if text[1:] else "")
    scientific = f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
    plain = str(int(abs(value))) if exponent >= 0 else format(exact, "f")
    shortest = plain if len(plain) <= len(scientific) else scientific
    return sign + shortest + (".0" if not set(shortest) & set(".e") else "")


def _quoted(text: str) -> str:
    special = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    plain = (special.get(c) or (f"\\u{ord(c):04X}" if c < " " or c == "\x7f" else c) for c in text)
    return '"' + "".join(plain) + '"'


def provider_name(name: str) -> str:
    """The provider's name in the stream's meta.

    A shared library is called after its file, without "lib" and ".so"."""
    if "/" not in name and not name.endswith(".so"):
        return name
    base = os.path.basename(name).removesuffix(".so")
    return base.removeprefix("lib") or base
