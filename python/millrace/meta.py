"""A stream's meta (the message Meta of proto/stream.proto) and its fingerprint."""

from xxhash import xxh64_hexdigest

from .errors import UsageError
from .protobuf import Meta
from .schema import SPLITS, Field, check_schema


def fingerprint_text(meta: Meta) -> str:
    """One `key=value` line per fact that changes a byte (docs/reference/message.md)."""
    lines = [
        f"provider={meta['provider']}",
        f"format_version={meta['format_version']}",
        f"dataset_hash={meta['dataset_hash']}",
        f"data_seed={meta['data_seed']}",
    ]
    settings = sorted((one["key"].encode(), one["value"]) for one in meta["settings"])
    lines += [f"setting.{key.decode()}={value}" for key, value in settings]
    fields = [Field.from_message(field) for field in meta["fields"]]
    lines += [f"field.{number}={field.describe()}" for number, field in enumerate(fields)]
    return "".join(line + "\n" for line in lines)


def fingerprint_of(meta: Meta) -> str:
    """xxh64 of fingerprint_text, 16 hex digits. Raises UsageError for an impossible field."""
    return xxh64_hexdigest(fingerprint_text(meta).encode())


def check_meta(meta: Meta) -> None:
    """Raises UsageError for a meta that no stream has: of a peer, or of a file."""
    check_schema([Field.from_message(field) for field in meta["fields"]])
    if len(meta["sizes"]) != len(SPLITS):
        raise UsageError(f"the meta has the sizes of {len(meta['sizes'])} splits, not of 3")
    if fingerprint_of(meta) != meta["fingerprint"]:
        raise UsageError("the fingerprint is not the one of the settings")


def size_of(meta: Meta, split: str) -> int:
    """Samples of a split; ENDLESS for train."""
    return meta["sizes"][SPLITS.index(split)]


def difference(here: Meta, there: Meta) -> str:
    """The first field in which two metas differ, as "KEY is HERE and THERE"; empty: none."""
    for key, value in here.items():
        if value != there.get(key):
            return f"{key} is {value} and {there.get(key)}"
    return ""
