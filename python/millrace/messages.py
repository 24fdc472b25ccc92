"""Messages between producers and a trainer as frames: docs/reference/message.md has the grammar."""

from xxhash import xxh64_intdigest

from . import protobuf

VERSION = 1
_MAGIC = b"MLRC"
MAX_FRAME_BYTES = 80 << 20
_MAX_HEADER_BYTES = 8 << 20
MAX_HELD_LEASES = 1024
MAX_REASON_BYTES = 4096

NotAMessage = protobuf.NotAMessage


class OtherVersion(NotAMessage):
    """A message of another protocol version."""


def pack(kind, values, columns=()):
    """The frames of one message: pack("ping", {"epoch": …})."""
    header = protobuf.encode("Header", {kind: values})
    first = _MAGIC + VERSION.to_bytes(2, "little") + bytes(2) + xxh64_intdigest(header).to_bytes(8, "little")
    return [first, header, *columns]


def unpack(frames):
    """(kind, values, column frames). Throws NotAMessage."""
    if len(frames) < 2 or len(frames[0]) != 16 or frames[0][:4] != _MAGIC:
        raise NotAMessage("not a Millrace message")
    version = int.from_bytes(frames[0][4:6], "little")
    if version != VERSION:
        raise OtherVersion(f"protocol version {version}, and this package speaks {VERSION}")
    if len(frames[1]) > _MAX_HEADER_BYTES or int.from_bytes(frames[0][8:], "little") != xxh64_intdigest(frames[1]):
        raise NotAMessage("a header that does not match its checksum")
    header = protobuf.decode("Header", frames[1])
    for kind, values in header.items():
        if values is not None:
            return kind, values, frames[2:]
    raise NotAMessage("a header of no known kind")


def ranks_digest(ranks):
    return xxh64_intdigest("".join(rank + "\n" for rank in ranks).encode())


def cut(reason):
    """A reason is for a person to read: the beginning says enough."""
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
