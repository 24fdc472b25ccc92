"""The messages of proto/stream.proto as dicts, on top of the PyPI package `protobuf`.

The message classes are made at run time from the declarations below, so installing needs no protoc,
and no generated code ties this package to one version of the runtime. A test compares the
descriptor with what protoc makes of proto/stream.proto.

A decoded dict has every field of its message. An `optional` field or a submessage that was not sent
is None; a repeated field is a list; unknown fields are ignored.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypedDict, cast

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.message import DecodeError, Message

MAX_MESSAGE_BYTES = 8 << 20

_PACKAGE = "millrace.v1"
_MESSAGES = {
    "Field": "string name = 1; uint32 wire = 2; uint32 logical = 3; repeated uint32 shape = 4; "
    "uint32 role = 5; bool sentinel = 6",
    "Setting": "string key = 1; string value = 2",
    "Meta": "string provider = 1; uint32 format_version = 2; repeated Setting settings = 3; "
    "string dataset_name = 4; string dataset_hash = 5; fixed64 data_seed = 6; "
    "repeated Field fields = 7; repeated string vocabulary = 8; uint32 vocab_size = 9; "
    "optional uint32 mask_token_id = 10; sint64 ignore_index = 11; uint32 block_size = 12; "
    "repeated string train_stages = 13; repeated string val_stages = 14; "
    "repeated fixed64 sizes = 15; string fingerprint = 16; repeated string probe = 17; "
    "optional bool byte_level = 18; optional fixed64 epoch_samples = 19",
    "Range": "uint32 split = 1; fixed64 first = 2; uint32 count = 3; optional uint32 stage = 4",
    "Column": "uint32 wire = 1; repeated uint32 shape = 2; fixed64 checksum = 3",
    "BatchInfo": "fixed64 lease = 1; string fingerprint = 2; Range range = 3; "
    "repeated Column columns = 4; uint64 held_us = 5",
    "Hello": "Meta meta = 1; uint32 capacity = 2; string name = 3",
    "Welcome": "fixed64 epoch = 1; repeated string ranks = 2",
    "Register": "string run_id = 1; uint32 rank = 2; string address = 3; string secret = 4",
    "Refuse": "string reason = 1",
    "Lease": "fixed64 number = 1; Range range = 2",
    "Failed": "fixed64 lease = 1; string reason = 2",
    "Ping": "fixed64 epoch = 1; repeated fixed64 leases = 2; fixed64 ranks_digest = 3",
    "SayHello": "fixed64 epoch = 1",
    "Bye": "",
    "Header": "Hello hello = 1; Welcome welcome = 2; Refuse refuse = 3; Lease lease = 4; "
    "BatchInfo batch = 5; Ping ping = 6; SayHello say_hello = 7; Bye bye = 8; "
    "Register register = 9; Failed failed = 10",
}
_ONEOFS = {"Header": "kind"}  # all fields of that message are in the oneof


class Setting(TypedDict):
    """One setting of a stream, its value as canonical TOML text."""

    key: str
    value: str


class FieldInfo(TypedDict):
    """One field of a schema, types and role by their numbers in proto/stream.proto."""

    name: str
    wire: int
    logical: int
    shape: list[int]
    role: int
    sentinel: bool


class Meta(TypedDict):
    """What a stream says of itself: the message Meta of proto/stream.proto.

    `sizes` and `probe` have one entry per split: train, val, test. A size of 2**64 - 1 is endless.
    """

    provider: str
    format_version: int
    settings: list[Setting]
    dataset_name: str
    dataset_hash: str
    data_seed: int
    fields: list[FieldInfo]
    vocabulary: list[str]
    vocab_size: int
    mask_token_id: int | None
    ignore_index: int
    block_size: int
    train_stages: list[str]
    val_stages: list[str]
    sizes: list[int]
    probe: list[str]
    byte_level: bool | None
    epoch_samples: int | None
    fingerprint: str


class Range(TypedDict):
    """Samples [first, first + count) of a split: 0 train, 1 val, 2 test."""

    split: int
    first: int
    count: int
    stage: int | None


class Lease(TypedDict):
    """A range that a producer is asked for."""

    number: int
    range: Range | None


class NotAMessage(ValueError):
    """Bytes or JSON that cannot be read as the message that was expected."""


class _Field(NamedTuple):
    name: str
    message: str  # name of the message type; empty: a scalar
    is_repeated: bool
    has_presence: bool


def file_descriptor() -> descriptor_pb2.FileDescriptorProto:
    """The descriptor of proto/stream.proto, as protoc writes it but for JSON names."""
    file = descriptor_pb2.FileDescriptorProto(
        name="stream.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, declarations in _MESSAGES.items():
        message = file.message_type.add(name=name)
        if name in _ONEOFS:
            message.oneof_decl.add(name=_ONEOFS[name])
        for declaration in filter(None, declarations.split("; ")):
            _declare_field(message, declaration)
    return file


def _declare_field(message: descriptor_pb2.DescriptorProto, declaration: str) -> None:
    proto = descriptor_pb2.FieldDescriptorProto
    *label, kind, name, _, number = declaration.split()
    is_repeated = label == ["repeated"]
    field = message.field.add(
        name=name,
        number=int(number),
        label=proto.LABEL_REPEATED if is_repeated else proto.LABEL_OPTIONAL,
    )
    if kind in _MESSAGES:
        field.type, field.type_name = proto.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
    else:
        field.type = proto.Type.Value(f"TYPE_{kind.upper()}")
    if message.name in _ONEOFS:
        field.oneof_index = 0
    elif label == ["optional"]:  # proto3 marks presence by a oneof of one field
        field.proto3_optional = True
        field.oneof_index = len(message.oneof_decl)
        message.oneof_decl.add(name=f"_{name}")


def _described(field: descriptor_pb2.FieldDescriptorProto) -> _Field:
    message = field.type_name.rpartition(".")[2]
    return _Field(
        name=field.name,
        message=message,
        is_repeated=field.label == descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED,
        has_presence=bool(message) or field.HasField("oneof_index"),
    )


def _make_classes(file: descriptor_pb2.FileDescriptorProto) -> dict[str, type[Message]]:
    """The message classes by name, in a pool of their own: a program may have generated code of
    stream.proto too."""
    pool: Any = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _MESSAGES
    }


_FILE = file_descriptor()
_CLASSES = _make_classes(_FILE)
_FIELDS = {one.name: [_described(field) for field in one.field] for one in _FILE.message_type}


def encode_header(kind: str, values: Mapping[str, Any]) -> bytes:
    """The bytes of a Header with one message, `kind`, from a dict of its fields; None: not set.

    Raises ValueError for a field that the message does not have, and for a value of another type
    or out of its range."""
    try:
        header = _CLASSES["Header"](**{kind: values})
    except TypeError as error:
        raise ValueError(f"not the fields of {kind}: {error}") from error
    getattr(header, kind).SetInParent()  # an empty message is there too
    return header.SerializeToString(deterministic=True)


def decode(name: str, data: bytes) -> dict[str, Any]:
    """The message called `name` as a dict. Raises NotAMessage."""
    return _to_dict(name, _parse(name, data))


def decode_header(data: bytes) -> tuple[str, dict[str, Any]]:
    """The kind of a Header, and that message as a dict. Raises NotAMessage."""
    header = _parse("Header", data)
    for field in _FIELDS["Header"]:
        if header.HasField(field.name):
            return field.name, _to_dict(field.message, getattr(header, field.name))
    raise NotAMessage("a header of no known kind")


def meta_from_json(text: str) -> Meta:
    """The message Meta from protobuf's JSON: a queue folder's meta.json. Raises NotAMessage."""
    try:
        meta = json_format.Parse(text, _CLASSES["Meta"](), ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, TypeError, RecursionError) as error:
        raise NotAMessage(f"not a stream's meta: {error}") from error
    return cast(Meta, _to_dict("Meta", meta))


def _parse(name: str, data: bytes) -> Message:
    if len(data) > MAX_MESSAGE_BYTES:
        raise NotAMessage(f"{len(data)} bytes; a {name} has at most {MAX_MESSAGE_BYTES}")
    message = _CLASSES[name]()
    try:
        message.ParseFromString(data)
    except (DecodeError, ValueError, RecursionError) as error:
        raise NotAMessage(f"bytes that are not a {name}") from error
    return message


def _to_dict(name: str, message: Message) -> dict[str, Any]:
    return {field.name: _value(field, message) for field in _FIELDS[name]}


def _value(field: _Field, message: Message) -> Any:
    if field.has_presence and not field.is_repeated and not message.HasField(field.name):
        return None
    value = getattr(message, field.name)
    if not field.is_repeated:
        return _to_dict(field.message, value) if field.message else value
    return [_to_dict(field.message, one) for one in value] if field.message else list(value)
