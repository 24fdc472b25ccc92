"""What a producer needs of a recipe: the TOML files with their includes, and `--key=value` overrides, read as config/ reads them.

Keys of other programs are not looked at: `prepare` and `train` check them. A wrong value of a key that shapes the stream is refused here,
or by the trainer, which names the setting and both values.
"""

import dataclasses
import decimal
import logging
import math
import os
import pathlib
import re
import tomllib

from .errors import UsageError

_log = logging.getLogger("millrace")
_MAX_INCLUDES = 8
_MAX_SETTINGS = 64
_MAX_SETTING_BYTES = 4096
_TAKEN = ("block_size", "data_seed", "dataset", "format_version", "provider")
_SETTING = "true or false, a whole number, a finite number or a text of one line"
_TABLE = 'a table such as {level = 3, style = "plain"}'


@dataclasses.dataclass
class Recipe:
    """The keys that a producer looks at, by their full name's parts."""

    path: str = ""
    provider_name: str = "char_diffusion"
    block_size: int = 1024
    settings: dict = dataclasses.field(default_factory=dict)
    data_path: str | None = None
    data_seed: int = 1337
    threads: int = 1
    uri: str = "inproc://"
    insecure: bool = False
    key_file: str = ""
    server_key: str = ""

    def stream_settings(self):
        """What the fingerprint covers and the trainer compares, as canonical text."""
        return {"block_size": str(self.block_size), **{name: to_toml(value) for name, value in self.settings.items()}}


@dataclasses.dataclass(frozen=True)
class _Key:
    member: str
    kind: type
    least: int = 0
    most: int = 2**63 - 1
    may_be_empty: bool = False

    def expectation(self):
        if self.kind is int:
            return f"a whole number from {self.least} to {self.most}"
        return {bool: "true or false", dict: _TABLE}.get(self.kind, "a text" + " that is not empty" * (not self.may_be_empty))

    def allows(self, value):
        if type(value) is not self.kind:
            return False
        if self.kind is int:
            return self.least <= value <= self.most
        return self.kind is not str or self.may_be_empty or value != ""


_KEYS = {
    "provider.name": _Key("provider_name", str),
    "provider.block_size": _Key("block_size", int, 1, 1 << 20),
    "provider.settings": _Key("settings", dict),
    "data.path": _Key("data_path", str),
    "data.data_seed": _Key("data_seed", int),
    "producer.threads": _Key("threads", int, 1, 1024),
    "queue.uri": _Key("uri", str),
    "queue.insecure": _Key("insecure", bool),
    "queue.key_file": _Key("key_file", str, may_be_empty=True),
    "queue.server_key": _Key("server_key", str, may_be_empty=True),
}
_NOT_UNIQUE = ("threads",)  # several sections have one


def load_recipe(path, overrides=()):
    """A Recipe from a file and texts such as "--queue.uri=tcp://127.0.0.1:5555". Throws UsageError."""
    recipe = Recipe(path=str(path))
    _read_file(pathlib.Path(path), [], recipe)
    for override in overrides:
        _apply(override, recipe)
    return recipe


def _read_file(path, chain, recipe):
    top = _parse(path)
    chain = [*chain, path.resolve()]
    include = top.pop("include", None)
    if include is not None:
        _read_file(_included(path, include, chain), chain, recipe)
    for section, table in top.items():
        if not isinstance(table, dict):
            raise UsageError(f"{path}: key '{section}' stands in no section")
        for name, value in table.items():
            if f"{section}.{name}" in _KEYS:
                _set(recipe, f"{section}.{name}", value, f"{path}: {section}.{name} = {_shown(value)}")


def _parse(path):
    try:
        return tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise UsageError(f"{path}: cannot read the recipe: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not TOML: {error}") from error


def _included(path, include, chain):
    if not isinstance(include, str):
        raise UsageError(f"{path}: include = {_shown(include)}: expected a text")
    other = path.parent / include
    where = f'{path}: include = "{other}"'
    if not other.exists():
        raise UsageError(f"{where}: there is no such file")
    if other.resolve() in chain:
        raise UsageError(f"{where}: the file includes itself")
    if len(chain) > _MAX_INCLUDES:
        raise UsageError(f"{path}: includes nest deeper than {_MAX_INCLUDES}")
    return other


def _set(recipe, name, value, where):
    key = _KEYS[name]
    if not key.allows(value):
        raise UsageError(f"{where}: expected {key.expectation()}")
    if key.kind is dict:
        for setting, one in value.items():
            check_setting(setting, one, where)
        value = {**recipe.settings, **value}
        if len(value) > _MAX_SETTINGS:
            raise UsageError(f"{where}: {len(value)} settings; a provider has at most {_MAX_SETTINGS}")
    setattr(recipe, key.member, value)


def check_setting(name, value, where):
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise UsageError(f"{where}: the name {name!r}: expected up to 64 letters, digits, _ and -")
    if name in _TAKEN:
        raise UsageError(f"{where}: the name '{name}' is taken by what every stream says of itself; choose another")
    if not _is_setting(value):
        raise UsageError(f"{where}: {name} = {_shown(value)}: expected {_SETTING}")


def _is_setting(value):
    if isinstance(value, str):
        return len(value.encode()) <= _MAX_SETTING_BYTES and not any(c < " " or c == "\x7f" for c in value)
    return type(value) in (bool, int) or (type(value) is float and math.isfinite(value))


def _apply(override, recipe):
    name, equals, text = override.removeprefix("--").partition("=")
    if not override.startswith("--") or not equals:
        raise UsageError(f"'{override}': expected an override such as --queue.uri=tcp://127.0.0.1:5555")
    if name.startswith(("provider.settings.", "settings.")):
        setting = name.partition("settings.")[2]
        return _set(recipe, "provider.settings", {setting: _setting_value(text)}, override)
    full = [key for key in _KEYS if key == name or (key.endswith("." + name) and name not in _NOT_UNIQUE)]
    if not full:
        return _log.warning("%s: not a key that a producer in Python looks at; left alone", override)
    return _set(recipe, full[0], _typed(_KEYS[full[0]], text, override), override)


def _typed(key, text, where):
    if key.kind is str:
        return text
    if key.kind is bool:
        return {"true": True, "false": False}.get(text)
    if key.kind is int:
        return int(text) if re.fullmatch(r"[0-9]{1,20}", text) else None
    try:
        return tomllib.loads("settings = " + text)["settings"]
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where}: not TOML: {error}") from error


def _setting_value(text):
    """TOML, or a text without quotes."""
    try:
        top = tomllib.loads("setting = " + text)
    except tomllib.TOMLDecodeError:
        return text
    return top["setting"] if len(top) == 1 else text


def _shown(value):
    if isinstance(value, dict):
        return "a table"
    return "an array" if isinstance(value, list) else to_toml(value)


def to_toml(value):
    """A setting as the recipes' own writer has it: 3, 3.0, true or "plain"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value)
    return _quoted(value) if isinstance(value, str) else str(value)


def _number(value):
    """The shortest text that reads back to the same double, plain or with an exponent, with a point where it has neither."""
    if not math.isfinite(value):
        return repr(value)
    sign = "-" if math.copysign(1, value) < 0 else ""
    _, digits, exponent = decimal.Decimal(repr(abs(value))).normalize().as_tuple()
    digits = "".join(str(digit) for digit in digits)
    power = len(digits) - 1 + exponent if value else 0
    scientific = digits[0] + ("." + digits[1:] if digits[1:] else "") + f"e{'-' if power < 0 else '+'}{abs(power):02d}"
    plain = str(int(abs(value))) if exponent >= 0 else format(decimal.Decimal(repr(abs(value))), "f")
    shortest = plain if len(plain) <= len(scientific) else scientific
    return sign + shortest + (".0" if not set(shortest) & set(".e") else "")


def _quoted(text):
    special = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    plain = (special.get(c) or (f"\\u{ord(c):04X}" if c < " " or c == "\x7f" else c) for c in text)
    return '"' + "".join(plain) + '"'


def provider_name(name):
    """How the stream's meta calls the provider: of a shared library by its file's name without "lib" and ".so"."""
    if "/" not in name and not name.endswith(".so"):
        return name
    base = os.path.basename(name).removesuffix(".so")
    return base.removeprefix("lib") or base
