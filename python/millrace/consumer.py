"""Streams from producers, for notebooks: listens where a trainer would, and leases range after range (docs/reference/message.md).

A small reader, not a second trainer: one rank, one thread, which works only while samples are asked for. Producers may come and go.
"""

import dataclasses
import secrets
import time

import zmq
from xxhash import xxh64_intdigest

from . import messages
from .errors import Error
from .meta import fingerprint_of
from .schema import Field, check_schema
from .sockets import router

_RANGE_BYTES = 256 << 10
_RANGE_SAMPLES = 256  # the first sample is to come soon
_AHEAD = 8  # ranges; a short reading is cut into as many, so that several producers find work
_GONE_AFTER_S = 0.8
_MOST_FAILURES = 3
_LOOK_MS = 50
_MOST_PEERS = 4096


@dataclasses.dataclass
class _Peer:
    capacity: int
    name: str
    heard: float
    leases: dict = dataclasses.field(default_factory=dict)  # number: index of the range
    missing: dict = dataclasses.field(default_factory=dict)  # number: pings in a row that did not name it


class ProducersSource:
    """The stream of the first producer that `accepts` has nothing against; producers of any other are refused."""

    def __init__(self, uri, accepts, timeout_s):
        self._uri, self._accepts, self._timeout_s = uri, accepts, timeout_s
        self._context = zmq.Context()
        self._epoch = secrets.randbits(63) + 1
        self._peers, self._made, self._failures = {}, {}, {}
        self._ranges = {}  # (first, count) of what is wanted now, by a number of its own
        self._place = (0, None)
        self._next_lease = 1
        self._reason = ""
        self.meta = None
        try:
            self._socket = router(self._context, uri)
        except Error:
            self._context.term()
            raise
        try:
            self._wait_until(lambda: self.meta is not None, lambda: f"no producer came to {uri}")
        except BaseException:
            self.close()
            raise
        self.fields = [Field.from_message(field) for field in self.meta["fields"]]

    def pieces(self, split_number, split, first, count, stage):
        """(first index, count, columns) of consecutive samples; without an end where the split has none and no count is given."""
        size = self.meta["sizes"][split_number]
        end = size if count is None else first + count
        if end > size:
            raise Error(f"the {split} split has {size} samples; {end} were asked for")
        by_bytes = _RANGE_BYTES // sum(field.bytes_per_sample for field in self.fields)
        per_range = max(min(by_bytes, (end - first) // _AHEAD, _RANGE_SAMPLES), 1)
        self._place = (split_number, stage)
        at, number, current = first, 0, 0
        while at < end or self._ranges:
            while at < end and len(self._ranges) < _AHEAD:
                self._ranges[number] = (at, min(per_range, end - at))
                at, number = at + self._ranges[number][1], number + 1
            start, samples = self._ranges[current]
            self._wait_until(lambda: current in self._made, lambda: f"no answer for {split} samples [{start}, {start + samples})")
            del self._ranges[current]
            yield start, samples, self._made.pop(current)
            current += 1

    def close(self):
        for peer in list(self._peers):
            self._say(peer, "bye", {})
        self._peers.clear()
        self._socket.close()
        self._context.term()

    def _wait_until(self, condition, what):
        deadline = time.monotonic() + self._timeout_s
        while not condition():
            self._socket.poll(_LOOK_MS)
            self._hear_all()
            self._forget_the_silent()
            self._lease()
            if not condition() and time.monotonic() >= deadline:
                why = f" ({self._reason})" if self._reason else ""
                raise Error(f"{what()} within {self._timeout_s:g} s{why}; start one with prepare, or raise timeout_s")

    def _hear_all(self):
        while True:
            try:
                peer, *frames = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                kind, values, columns = messages.unpack(frames)
            except messages.OtherVersion as error:
                self._say(peer, "refuse", {"reason": str(error)})
            except messages.NotAMessage as error:
                self._reason = f"dropped a message: {error}"
            else:
                self._take(peer, kind, values, columns)

    def _take(self, peer, kind, values, columns):
        if kind == "hello":
            self._greet(peer, values)
        elif kind == "bye":
            self._peers.pop(peer, None)
        elif peer not in self._peers or (kind == "ping" and values["epoch"] != self._epoch):
            self._peers.pop(peer, None)
            self._say(peer, "say_hello", {"epoch": self._epoch})
        elif kind == "ping":
            self._take_ping(self._peers[peer], values)
        elif kind == "batch":
            self._take_batch(self._peers[peer], values, columns)
        elif kind == "failed":
            self._take_failure(self._peers[peer], values)

    def _greet(self, peer, hello):
        reason = self._reason_against(hello["meta"])
        if not reason and len(self._peers) >= _MOST_PEERS:
            reason = f"{_MOST_PEERS} producers are here already"
        if reason:
            self._reason = f"refused {hello['name']}: {reason}"
            return self._say(peer, "refuse", {"reason": messages.cut(reason)})
        self.meta = self.meta or hello["meta"]
        self._peers[peer] = _Peer(max(hello["capacity"], 1), hello["name"], time.monotonic())
        return self._say(peer, "welcome", {"epoch": self._epoch, "ranks": []})

    def _reason_against(self, meta):
        try:
            check_schema([Field.from_message(field) for field in (meta or {"fields": []})["fields"]])
            if len(meta["sizes"]) != 3 or fingerprint_of(meta) != meta["fingerprint"]:
                return "the fingerprint is not the one of the settings"
        except Error as error:
            return str(error)
        if self.meta is not None and (meta["fingerprint"], meta["probe"]) != (self.meta["fingerprint"], self.meta["probe"]):
            return f"another stream ({meta['provider']}, {meta['fingerprint']}) than the one that is read, {self.meta['fingerprint']}"
        return self._accepts(meta)

    def _take_ping(self, peer, ping):
        peer.heard = time.monotonic()
        held = set(ping["leases"])
        for number in list(peer.leases):
            peer.missing[number] = 0 if number in held else peer.missing.get(number, 0) + 1
            if peer.missing[number] >= 2:  # it was lost on the way, or its answer was
                self._release(peer, number)

    def _take_batch(self, peer, batch, columns):
        peer.heard = time.monotonic()
        index = self._release(peer, batch["lease"])
        if index not in self._ranges or index in self._made:
            return
        first, count = self._ranges[index]
        place = batch["range"] or {}
        said = (place.get("split"), place.get("first"), place.get("count"), place.get("stage"), batch["fingerprint"])
        if said != (self._place[0], first, count, self._place[1], self.meta["fingerprint"]) or not self._are_sound(batch, columns, count):
            self._count_failure(peer, index, "an answer that is damaged or another's")
            return
        self._made[index] = columns

    def _are_sound(self, batch, columns, count):
        if not len(columns) == len(batch["columns"]) == len(self.fields):
            return False
        return all(
            len(data) == count * field.bytes_per_sample and column["checksum"] == xxh64_intdigest(data)
            for field, column, data in zip(self.fields, batch["columns"], columns)
        )

    def _take_failure(self, peer, failed):
        index = self._release(peer, failed["lease"])
        if index in self._ranges:
            self._count_failure(peer, index, failed["reason"])

    def _count_failure(self, peer, index, reason):
        failed = self._failures.setdefault(index, [])
        failed.append(peer.name)
        if len(failed) >= _MOST_FAILURES:
            first, count = self._ranges[index]
            raise Error(f"no producer can make samples [{first}, {first + count}): failed {len(failed)} times; {peer.name}: {reason}")

    @staticmethod
    def _release(peer, number):
        peer.missing.pop(number, None)
        return peer.leases.pop(number, None)

    def _forget_the_silent(self):
        now = time.monotonic()
        for name in [name for name, peer in self._peers.items() if now - peer.heard > _GONE_AFTER_S]:
            del self._peers[name]

    def _lease(self):
        leased = {index for peer in self._peers.values() for index in peer.leases.values()}
        for index, place in self._ranges.items():
            if index in self._made or index in leased:
                continue
            if free := self._free_peers(self._failures.get(index, ())):
                self._give(min(free)[1], index, *place)

    def _free_peers(self, failed):
        """Who has failed at a range is asked again only while nobody else is there."""
        others = {id: peer for id, peer in self._peers.items() if peer.name not in failed} or self._peers
        return [(len(peer.leases), id) for id, peer in others.items() if len(peer.leases) < 2 * peer.capacity]

    def _give(self, name, index, first, count):
        number, self._next_lease = self._next_lease, self._next_lease + 1
        self._peers[name].leases[number] = index
        split, stage = self._place
        self._say(name, "lease", {"number": number, "range": {"split": split, "first": first, "count": count, "stage": stage}})

    def _say(self, peer, kind, values):
        try:
            self._socket.send_multipart([peer, *messages.pack(kind, values)], zmq.NOBLOCK)
        except zmq.ZMQError:  # it is gone, or does not listen
            self._peers.pop(peer, None)
