"""Messages between producers and a trainer, as ZeroMQ frames (docs/reference/message.md)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xxhash import xxh64_intdigest

from . import protobuf
from .protobuf import NotAMessage

VERSION = 1
MAX_FRAME_BYTES = 80 << 20
MAX_HELD_LEASES = 1024
MAX_REASON_BYTES = 4096
MAX_LEASE_BYTES = 64 << 20  # of the samples that one lease asks for
MAX_RANKS = 256
MAX_ADDRESS_BYTES = 255
_MAGIC = b"MLRC"
_MAGIC_FRAME_BYTES = 16

__all__ = [
    "MAX_FRAME_BYTES",
    "MAX_HELD_LEASES",
    "MAX_LEASE_BYTES",
    "MAX_REASON_BYTES",
    "VERSION",
    "NotAMessage",
    "OtherVersion",
    "cut",
    "pack",
    "ranks_digest",
    "unpack",
]


class OtherVersion(NotAMessage):
    """A message of another protocol version."""


def pack(kind: str, values: Mapping[str, Any], columns: Iterable[bytes] = ()) -> list[bytes]:
    """The frames of one message: pack("ping", {"epoch": …}). `columns`: a batch's column frames."""
    header = protobuf.encode_header(kind, values)
    checksum = xxh64_intdigest(header).to_bytes(8, "little")
    return [_MAGIC + VERSION.to_bytes(2, "little") + bytes(2) + checksum, header, *columns]


def unpack(frames: Sequence[bytes]) -> tuple[str, dict[str, Any], Sequence[bytes]]:
    """(kind, values, column frames) of a message. Raises NotAMessage."""
    if len(frames) < 2 or len(frames[0]) != _MAGIC_FRAME_BYTES or not frames[0].startswith(_MAGIC):
        raise NotAMessage("not a Millrace message")
    version = int.from_bytes(frames[0][4:6], "little")
    if version != VERSION:
        raise OtherVersion(f"protocol version {version}, and this package speaks {VERSION}")
    checksum = int.from_bytes(frames[0][8:], "little")
    if len(frames[1]) > protobuf.MAX_MESSAGE_BYTES or xxh64_intdigest(frames[1]) != checksum:
        raise NotAMessage("a header that does not match its checksum")
    kind, values = protobuf.decode_header(frames[1])
    if kind == "welcome":
        _check_ranks(values["ranks"])
    elif kind == "ping" and len(values["leases"]) > MAX_HELD_LEASES:
        raise NotAMessage("a ping of too many leases")
    elif kind in ("refuse", "failed"):
        values["reason"] = cut(values["reason"])
    return kind, values, frames[2:]


def _check_ranks(ranks: Sequence[str]) -> None:
    if len(ranks) > MAX_RANKS:
        raise NotAMessage(f"{len(ranks)} ranks; a run has at most {MAX_RANKS}")
    for rank in ranks:
        if not 0 < len(rank.encode()) <= MAX_ADDRESS_BYTES or any(
            c < " " or c == "\x7f" for c in rank
        ):
            raise NotAMessage("a rank's address that is none")


def ranks_digest(ranks: Iterable[str]) -> int:
    """xxh64 of the ranks' addresses, each followed by a newline: Ping.ranks_digest."""
    return xxh64_intdigest("".join(rank + "\n" for rank in ranks).encode())


def cut(reason: str) -> str:
    """The first MAX_REASON_BYTES bytes of a reason, in whole characters."""
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
