"""Streams from producers, for notebooks: listens where a trainer would (docs/reference/message.md).

A small reader rather than a second trainer: one rank and one thread, which works only while samples
are asked for. Producers may come and go.
"""

import dataclasses
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import zmq
from xxhash import xxh64_intdigest

from . import messages
from .errors import Error
from .meta import check_meta
from .protobuf import Meta
from .schema import SPLITS, Field, bytes_per_sample
from .sockets import Context, router

_RANGE_BYTES = 256 << 10
_RANGE_SAMPLES = 256  # so that the first sample comes soon
_AHEAD = 8  # ranges; a short reading is cut into as many, so that several producers find work
_GONE_AFTER_S = 0.8
_MOST_FAILURES = 3  # of one range
_LOST_AFTER_PINGS = 2
_LOOK_MS = 50
_MOST_PEERS = 4096


def _differs(name: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two metas differ in a field. Not everybody knows the samples of an epoch."""
    unknown = name == "epoch_samples" and None in (one[name], other[name])
    return not unknown and bool(one[name] != other[name])


@dataclasses.dataclass
class _Peer:
    """A producer. Leases are known by their number, and belong to a range's number."""

    capacity: int
    name: str
    heard: float  # when its last message came
    leases: dict[int, int] = dataclasses.field(default_factory=dict)  # range by lease
    missing: dict[int, int] = dataclasses.field(default_factory=dict)  # pings without it, by lease


class ProducersSource:
    """The stream of the first producer that is accepted; producers of other streams are refused."""

    def __init__(self, uri: str, accepts: Callable[[Meta], str | None], timeout_s: float) -> None:
        """`accepts`: says what is wrong with a stream, or nothing. `timeout_s`: how long to wait
        for the first producer, and for a range. Raises Error."""
        self._accepts, self._timeout_s = accepts, timeout_s
        self._context: Context = zmq.Context()
        self._epoch = secrets.randbits(63) + 1
        self._peers: dict[bytes, _Peer] = {}  # by routing id
        self._ranges: dict[int, tuple[int, int]] = {}  # (first, count) of what is wanted now
        self._made: dict[int, Sequence[bytes]] = {}  # columns by range
        self._failures: dict[int, list[str]] = {}  # names of who failed, by range
        self._split = 0
        self._stage: int | None = None
        self._next_lease = 1
        self._reason = ""  # why the last peer was refused
        self._meta: Meta | None = None
        try:
            self._socket = router(self._context, uri)
        except Error:
            self._context.term()
            raise
        try:
            self._wait_until(lambda: self._meta is not None, f"no producer came to {uri}")
        except BaseException:
            self.close()
            raise
        self.fields = [Field.from_message(field) for field in self.meta["fields"]]

    @property
    def meta(self) -> Meta:
        """The stream's meta."""
        assert self._meta is not None  # __init__ waits for it
        return self._meta

    def pieces(
        self, split: str, first: int, count: int | None, stage: int | None
    ) -> Iterator[tuple[int, Sequence[bytes]]]:
        """(samples, columns) of consecutive pieces of [first, first + count).

        A `count` of None reads to the split's end, of train without end. Raises Error."""
        self._split, self._stage = SPLITS.index(split), stage
        size = self.meta["sizes"][self._split]
        end = size if count is None else first + count
        if end > size:
            raise Error(f"the {split} split has {size} samples; {end} were asked for")
        by_bytes = _RANGE_BYTES // bytes_per_sample(self.fields)
        per_range = max(min(by_bytes, (end - first) // _AHEAD, _RANGE_SAMPLES), 1)
        at, number, current = first, 0, 0
        while at < end or self._ranges:
            while at < end and len(self._ranges) < _AHEAD:
                self._ranges[number] = (at, min(per_range, end - at))
                at, number = at + self._ranges[number][1], number + 1
            samples, columns = self._wait_for_range(current, split)
            yield samples, columns
            current += 1

    def close(self) -> None:
        """Says Bye to all producers, and closes the socket."""
        for peer in list(self._peers):
            self._send(peer, "bye", {})
        self._peers.clear()
        self._socket.close()
        self._context.term()

    def _wait_for_range(self, number: int, split: str) -> tuple[int, Sequence[bytes]]:
        first, count = self._ranges[number]
        self._wait_until(
            lambda: number in self._made,
            f"no answer for {split} samples [{first}, {first + count})",
        )
        del self._ranges[number]
        return count, self._made.pop(number)

    def _wait_until(self, condition: Callable[[], bool], failure: str) -> None:
        deadline = time.monotonic() + self._timeout_s
        while not condition():
            self._socket.poll(_LOOK_MS)
            self._receive_all()
            self._forget_the_silent()
            self._lease()
            if not condition() and time.monotonic() >= deadline:
                why = f" ({self._reason})" if self._reason else ""
                raise Error(
                    f"{failure} within {self._timeout_s:g} s{why}; start one with prepare, "
                    "or raise timeout_s"
                )

    def _receive_all(self) -> None:
        while True:
            try:
                peer, *frames = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                kind, values, columns = messages.unpack(frames)
            except messages.OtherVersion as error:
                self._send(peer, "refuse", {"reason": str(error)})
            except messages.NotAMessage as error:
                self._reason = f"dropped a message: {error}"
            else:
                self._take(peer, kind, values, columns)

    def _take(
        self, id: bytes, kind: str, values: Mapping[str, Any], columns: Sequence[bytes]
    ) -> None:
        peer = self._peers.get(id)
        if kind == "hello":
            self._greet(id, values)
        elif kind == "bye":
            self._peers.pop(id, None)
        elif peer is None or (kind == "ping" and values["epoch"] != self._epoch):
            self._peers.pop(id, None)
            self._send(id, "say_hello", {"epoch": self._epoch})
        elif kind == "ping":
            self._take_ping(peer, values)
        elif kind == "batch":
            self._take_batch(peer, values, columns)
        elif kind == "failed":
            self._take_failure(peer, values)

    def _greet(self, id: bytes, hello: Mapping[str, Any]) -> None:
        reason = self._reason_against(hello["meta"])
        if not reason and len(self._peers) >= _MOST_PEERS:
            reason = f"{_MOST_PEERS} producers are here already"
        if reason:
            self._reason = f"refused {hello['name']}: {reason}"
            self._send(id, "refuse", {"reason": messages.cut(reason)})
            return
        self._meta = self._meta or hello["meta"]
        self._peers[id] = _Peer(max(hello["capacity"], 1), hello["name"], time.monotonic())
        self._send(id, "welcome", {"epoch": self._epoch, "ranks": []})

    def _reason_against(self, meta: Meta | None) -> str | None:
        if meta is None:
            return "Hello has no meta"
        try:
            check_meta(meta)
        except Error as error:
            return str(error)
        here = self._meta
        different = [name for name in meta if here and _differs(name, meta, here)]
        if here and different:
            return (
                f"another stream ({meta['provider']}, {meta['fingerprint']}) "
                f"than the one that is read, {here['fingerprint']}: {', '.join(different)} differ"
            )
        return self._accepts(meta)

    def _take_ping(self, peer: _Peer, ping: Mapping[str, Any]) -> None:
        peer.heard = time.monotonic()
        held = set(ping["leases"])
        for number in list(peer.leases):
            peer.missing[number] = 0 if number in held else peer.missing.get(number, 0) + 1
            if peer.missing[number] >= _LOST_AFTER_PINGS:  # the lease was lost, or its answer
                self._release(peer, number)

    def _take_batch(self, peer: _Peer, batch: Mapping[str, Any], columns: Sequence[bytes]) -> None:
        peer.heard = time.monotonic()
        number = self._release(peer, batch["lease"])
        if number is None or number not in self._ranges or number in self._made:
            return
        if self._is_answer(batch, columns, number):
            self._made[number] = columns
        else:
            self._count_failure(peer, number, "an answer that is damaged or another's")

    def _is_answer(self, batch: Mapping[str, Any], columns: Sequence[bytes], number: int) -> bool:
        """Whether a batch is of the stream and the range, and its columns as it describes them."""
        first, count = self._ranges[number]
        place = {"split": self._split, "first": first, "count": count, "stage": self._stage}
        if batch["fingerprint"] != self.meta["fingerprint"] or batch["range"] != place:
            return False
        if not len(columns) == len(batch["columns"]) == len(self.fields):
            return False
        return all(
            len(data) == count * field.bytes_per_sample
            and column["checksum"] == xxh64_intdigest(data)
            for field, column, data in zip(self.fields, batch["columns"], columns, strict=True)
        )

    def _take_failure(self, peer: _Peer, failed: Mapping[str, Any]) -> None:
        number = self._release(peer, failed["lease"])
        if number is not None and number in self._ranges:
            self._count_failure(peer, number, failed["reason"])

    def _count_failure(self, peer: _Peer, number: int, reason: str) -> None:
        failed = self._failures.setdefault(number, [])
        failed.append(peer.name)
        if len(failed) >= _MOST_FAILURES:
            first, count = self._ranges[number]
            raise Error(
                f"no producer can make samples [{first}, {first + count}): "
                f"failed {len(failed)} times; {peer.name}: {reason}"
            )

    @staticmethod
    def _release(peer: _Peer, lease: int) -> int | None:
        """Takes a lease from a peer: its range's number, if the peer had it."""
        peer.missing.pop(lease, None)
        return peer.leases.pop(lease, None)

    def _forget_the_silent(self) -> None:
        now = time.monotonic()
        silent = [id for id, peer in self._peers.items() if now - peer.heard > _GONE_AFTER_S]
        for id in silent:
            del self._peers[id]

    def _lease(self) -> None:
        """Leases the ranges that nobody has to the producers with the fewest leases."""
        leased = {number for peer in self._peers.values() for number in peer.leases.values()}
        for number, (first, count) in self._ranges.items():
            if number in self._made or number in leased:
                continue
            if free := self._free_peers(self._failures.get(number, ())):
                self._lease_to(min(free)[1], number, first, count)

    def _free_peers(self, failed: Collection[str]) -> list[tuple[int, bytes]]:
        """(leases, routing id) of those that may be given a range.

        Producers that failed at it, by name, are asked again only while nobody else is there."""
        others = {id: peer for id, peer in self._peers.items() if peer.name not in failed}
        return [
            (len(peer.leases), id)
            for id, peer in (others or self._peers).items()
            if len(peer.leases) < 2 * peer.capacity
        ]

    def _lease_to(self, id: bytes, number: int, first: int, count: int) -> None:
        lease, self._next_lease = self._next_lease, self._next_lease + 1
        self._peers[id].leases[lease] = number
        place = {"split": self._split, "first": first, "count": count, "stage": self._stage}
        self._send(id, "lease", {"number": lease, "range": place})

    def _send(self, id: bytes, kind: str, values: Mapping[str, Any]) -> None:
        try:
            self._socket.send_multipart([id, *messages.pack(kind, values)], zmq.NOBLOCK)
        except zmq.ZMQError:  # it is gone, or does not listen
            self._peers.pop(id, None)
