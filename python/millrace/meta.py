"""A stream's meta (the message Meta of proto/stream.proto) and its fingerprint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xxhash import xxh64_hexdigest

from .errors import UsageError
from .protobuf import Meta
from .schema import ENDLESS, IGNORE_INDEX, SPLITS, Field, check_schema

if TYPE_CHECKING:
    from .provider import Provider


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


def make_meta(provider: Provider, settings: Mapping[str, str], probe: list[str]) -> Meta:
    """The meta of a provider that is set up.

    `settings`: values as canonical text. `probe`: a digest per split (docs/reference/message.md).
    """
    by_key = sorted(settings.items(), key=lambda setting: setting[0].encode())
    sizes = {"train": ENDLESS, **provider.sizes}
    meta: Meta = {
        "provider": provider.name,
        "format_version": provider.format_version,
        "settings": [{"key": key, "value": value} for key, value in by_key],
        "dataset_name": provider.dataset_name,
        "dataset_hash": provider.dataset_hash,
        "data_seed": provider.seed,
        "fields": [field.message() for field in provider.schema],
        "vocabulary": list(provider.vocabulary),
        "vocab_size": provider.vocab_size,
        "mask_token_id": provider.mask_token_id,
        "ignore_index": IGNORE_INDEX,
        "block_size": provider.block_size,
        "train_stages": list(provider.train_stages),
        "val_stages": list(provider.val_stages),
        "sizes": [sizes.get(split, 0) for split in SPLITS],
        "probe": probe,
        "byte_level": True if provider.byte_level else None,
        "epoch_samples": provider.epoch_samples,
        "fingerprint": "",
    }
    meta["fingerprint"] = fingerprint_of(meta)
    return meta


def size_of(meta: Meta, split: str) -> int:
    """Samples of a split; ENDLESS for train."""
    return meta["sizes"][SPLITS.index(split)]


def difference(here: Meta, there: Meta) -> str:
    """The first field in which two metas differ, as "KEY is HERE and THERE"; empty: none."""
    for key, value in here.items():
        if value != there.get(key):
            return f"{key} is {value} and {there.get(key)}"
    return ""
