"""The messages of proto/stream.proto as dicts, and the codec between them and protobuf's bytes.

A table and a hundred lines instead of generated code: the package then needs neither protoc nor a protobuf runtime of the one version
that fits the generated code. A test compares the table with proto/stream.proto, and the bytes with protobuf's.
Fields at their default are left out and come back as it; an `optional` field is there only if it was set.
"""

SCHEMA = {
    "Field": "1 name string, 2 wire uint32, 3 logical uint32, 4 shape repeated uint32, 5 role uint32, 6 sentinel bool",
    "Setting": "1 key string, 2 value string",
    "Meta": "1 provider string, 2 format_version uint32, 3 settings repeated Setting, 4 dataset_name string, 5 dataset_hash string, "
    "6 data_seed fixed64, 7 fields repeated Field, 8 vocabulary repeated string, 9 vocab_size uint32, "
    "10 mask_token_id optional uint32, 11 ignore_index sint64, 12 block_size uint32, 13 train_stages repeated string, "
    "14 val_stages repeated string, 15 sizes repeated fixed64, 16 fingerprint string, 17 probe repeated string, "
    "18 byte_level optional bool, 19 epoch_samples optional fixed64",
    "Range": "1 split uint32, 2 first fixed64, 3 count uint32, 4 stage optional uint32",
    "Column": "1 wire uint32, 2 shape repeated uint32, 3 checksum fixed64",
    "BatchInfo": "1 lease fixed64, 2 fingerprint string, 3 range Range, 4 columns repeated Column, 5 held_us uint64",
    "Hello": "1 meta Meta, 2 capacity uint32, 3 name string",
    "Welcome": "1 epoch fixed64, 2 ranks repeated string",
    "Register": "1 run_id string, 2 rank uint32, 3 address string",
    "Refuse": "1 reason string",
    "Lease": "1 number fixed64, 2 range Range",
    "Failed": "1 lease fixed64, 2 reason string",
    "Ping": "1 epoch fixed64, 2 leases repeated fixed64, 3 ranks_digest fixed64",
    "SayHello": "1 epoch fixed64",
    "Bye": "",
    "Header": "1 hello Hello, 2 welcome Welcome, 3 refuse Refuse, 4 lease Lease, 5 batch BatchInfo, 6 ping Ping, 7 say_hello SayHello, "
    "8 bye Bye, 9 register Register, 10 failed Failed",
}

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIRE_OF = {"uint32": _VARINT, "uint64": _VARINT, "sint64": _VARINT, "bool": _VARINT, "fixed64": _FIXED64, "string": _BYTES}
_DEFAULT = {"uint32": 0, "uint64": 0, "sint64": 0, "bool": False, "fixed64": 0, "string": ""}
_MASK64 = (1 << 64) - 1


class NotAMessage(ValueError):
    """Bytes that are no message of ours."""


class _Field:
    def __init__(self, text):
        number, self.name, *label, self.type = text.split()
        self.number = int(number)
        self.label = label[0] if label else ""
        self.is_message = self.type in SCHEMA
        self.is_packed = self.label == "repeated" and _WIRE_OF.get(self.type) in (_VARINT, _FIXED64)
        self.wire = _BYTES if self.is_message or self.is_packed else _WIRE_OF[self.type]
        self.tag = varint(self.number << 3 | self.wire)

    def absent(self):
        if self.label == "repeated":
            return []
        return None if self.label == "optional" or self.is_message else _DEFAULT[self.type]


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _scalar(kind, value):
    if kind == "fixed64":
        return value.to_bytes(8, "little")
    if kind == "string":
        return value.encode()
    if kind == "sint64":
        return varint((value << 1 ^ value >> 63) & _MASK64)
    return varint(int(value))


def _with_length(data):
    return varint(len(data)) + data


_TABLE = {}


def fields_of(message):
    """The table's row of a message, parsed."""
    if message not in _TABLE:
        _TABLE[message] = [_Field(text) for text in SCHEMA[message].split(", ") if text]
    return _TABLE[message]


def encode(message, values):
    """The bytes of a message, from a dict of its fields."""
    unknown = set(values) - {field.name for field in fields_of(message)}
    if unknown:
        raise KeyError(f"{message} has no field {sorted(unknown)}")
    return b"".join(_encoded(field, values[field.name]) for field in fields_of(message) if field.name in values)


def _encoded(field, value):
    if field.label == "repeated" and not field.is_packed:
        return b"".join(field.tag + _with_length(_content(field, one)) for one in value)
    if field.is_packed:
        return field.tag + _with_length(b"".join(_scalar(field.type, one) for one in value)) if len(value) else b""
    if value is None or (not field.label and not field.is_message and value == _DEFAULT[field.type]):
        return b""
    return field.tag + (_with_length(_content(field, value)) if field.wire == _BYTES else _scalar(field.type, value))


def _content(field, value):
    return encode(field.type, value) if field.is_message else _scalar(field.type, value)


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def more(self):
        return self.at < len(self.data)

    def take(self, count):
        if count > len(self.data) - self.at:
            raise NotAMessage("cut short")
        self.at += count
        return self.data[self.at - count : self.at]

    def varint(self):
        value = 0
        for shift in range(0, 70, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & _MASK64
        raise NotAMessage("a number that does not end")

    def content(self, wire):
        if wire == _VARINT:
            return self.varint()
        if wire == _FIXED64:
            return int.from_bytes(self.take(8), "little")
        if wire == _BYTES:
            return self.take(self.varint())
        if wire == _FIXED32:
            return self.take(4)
        raise NotAMessage(f"wire type {wire}")


def decode(message, data):
    """A dict of all fields of the message; unknown ones are skipped. Throws NotAMessage."""
    values = {field.name: field.absent() for field in fields_of(message)}
    by_number = {field.number: field for field in fields_of(message)}
    reader = _Reader(bytes(data))
    while reader.more():
        tag = reader.varint()
        content = reader.content(tag & 7)
        field = by_number.get(tag >> 3)
        if field is not None:
            _store(values, field, tag & 7, content)
    return values


def _store(values, field, wire, content):
    if field.is_packed and wire == _BYTES:
        packed = _Reader(content)
        while packed.more():
            values[field.name].append(_value(field.type, packed.content(_WIRE_OF[field.type])))
        return
    if wire != (_BYTES if field.is_message else _WIRE_OF[field.type]):
        raise NotAMessage(f"{field.name} has wire type {wire}")
    value = decode(field.type, content) if field.is_message else _value(field.type, content)
    if field.label == "repeated":
        values[field.name].append(value)
    else:
        values[field.name] = value


def _value(kind, content):
    if kind == "string":
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise NotAMessage("a text that is not UTF-8") from error
    if kind == "sint64":
        return content >> 1 ^ -(content & 1)
    if kind == "bool":
        return content != 0
    return content & 0xFFFFFFFF if kind == "uint32" else content
