"""What a model and a peer must know of a stream, as the message Meta of proto/stream.proto, and its fingerprint."""

from xxhash import xxh64_hexdigest

from .schema import ENDLESS, IGNORE_INDEX, SPLITS, Field


def fingerprint_text(meta):
    """One `key=value` line per fact that changes a byte; docs/reference/message.md has an example. `meta`: a message as a dict."""
    fields = [Field.from_message(field) for field in meta["fields"]]
    lines = [f"{key}={meta[key]}" for key in ("provider", "format_version", "dataset_hash", "data_seed")]
    settings = sorted((one["key"].encode(), one["value"]) for one in meta["settings"])
    lines += [f"setting.{key.decode()}={value}" for key, value in settings]
    lines += [f"field.{number}={field.describe()}" for number, field in enumerate(fields)]
    return "".join(line + "\n" for line in lines)


def fingerprint_of(meta):
    return xxh64_hexdigest(fingerprint_text(meta).encode())


def make_meta(provider, settings, probe):
    """The message of a provider that is set up; `settings` as canonical text."""
    sizes = {"train": ENDLESS, **provider.sizes}
    meta = {
        "provider": provider.name,
        "format_version": provider.format_version,
        "settings": [{"key": key, "value": value} for key, value in sorted(settings.items(), key=lambda one: one[0].encode())],
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
    }
    return {**meta, "fingerprint": fingerprint_of(meta)}


def size_of(meta, split):
    return meta["sizes"][SPLITS.index(split)]


def difference(here, there):
    """The first fact in which two metas differ, as a sentence; empty: none. Their order and vocabulary are part of it."""
    for key in here:
        if here[key] != there.get(key):
            return f"{key} is {here[key]} and {there.get(key)}"
    return ""
