"""The producer's side of the protocol with the ranks of a run (docs/reference/message.md).

Pure state without sockets, processes or clocks: messages and times go in, messages and leases come
out. serve.py has the sockets around it.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

from . import messages
from .protobuf import Lease, Range
from .schema import ENDLESS, SPLITS, Field, bytes_per_sample

_PING_EVERY_S = 0.2
_HELLO_EVERY_S = 0.5
_PAUSE_S = 30.0  # before a rank that refused us, or was not understood, is spoken to again
_MOST_REPORTS = 64


class Session:
    """The conversation with one rank. Times are in seconds of any one monotonic clock."""

    def __init__(self, hello: Mapping[str, Any]) -> None:
        self._hello = hello
        fields = [Field.from_message(field) for field in hello["meta"]["fields"]]
        self._sample_bytes = bytes_per_sample(fields)
        self.epoch: int | None = None  # None: not welcomed
        self.ranks: list[str] = []
        self.refusal: str | None = None
        self._last_sent: float | None = None
        self._open: dict[int, float] = {}  # arrival time by lease number
        self._new: list[Lease] = []
        self._failed: list[tuple[str, Mapping[str, Any]]] = []  # leases that cannot be taken

    def receive(self, kind: str, values: Mapping[str, Any], now: float) -> None:
        """Takes a message from the rank."""
        if kind == "welcome":
            if values["epoch"] != self.epoch:
                self._drop_leases()
            self.epoch, self.ranks, self.refusal = values["epoch"], values["ranks"], None
        elif kind == "lease":
            self._take_lease(cast(Lease, values), now)
        elif kind == "refuse":
            self.refusal = values["reason"]
        elif kind == "say_hello":
            self.begin_anew()
        elif kind == "bye":
            self._drop_leases()

    def begin_anew(self) -> None:
        """Says Hello at the next tick: the trainer does not know us, or cannot be reached."""
        self._drop_leases()
        self._last_sent = None

    def tick(self, now: float) -> list[tuple[str, Mapping[str, Any]]]:
        """The messages that are due, as (kind, values)."""
        due, self._failed = self._failed, []
        interval = _HELLO_EVERY_S if self.epoch is None else _PING_EVERY_S
        if self._last_sent is not None and now - self._last_sent < interval:
            return due
        self._last_sent = now
        if self.epoch is None:
            return [*due, ("hello", self._hello)]
        digest = messages.ranks_digest(self.ranks)
        ping = {"epoch": self.epoch, "leases": sorted(self._open), "ranks_digest": digest}
        return [*due, ("ping", ping)]

    def take_leases(self) -> list[Lease]:
        """The leases that came since the last call; each has a range."""
        new, self._new = self._new, []
        return new

    def holds(self, number: int) -> bool:
        """Whether this lease still waits for its answer."""
        return number in self._open

    def finish(self, number: int, now: float) -> int | None:
        """Closes a lease that is being answered: how long it was held, in microseconds.

        None: the answer is not wanted any more."""
        since = self._open.pop(number, None)
        return None if since is None else int((now - since) * 1e6)

    def _take_lease(self, lease: Lease, now: float) -> None:
        place, number = lease["range"], lease["number"]
        if self.epoch is None or place is None or place["split"] >= len(SPLITS):
            return
        if (
            place["count"] == 0
            or number in self._open
            or len(self._open) >= messages.MAX_HELD_LEASES
        ):
            return
        if reason := self._reason_against(place):  # before memory is taken for it
            if len(self._failed) < messages.MAX_HELD_LEASES:
                self._failed.append(("failed", {"lease": number, "reason": reason}))
            return
        self._open[number] = now
        self._new.append(lease)

    def _reason_against(self, place: Range) -> str:
        """Why the stream has no such range; empty: it has."""
        meta = self._hello["meta"]
        split, count, stage = SPLITS[place["split"]], place["count"], place["stage"]
        size = meta["sizes"][place["split"]]
        if place["first"] + count > size:
            return f"the {split} split has {'endless' if size == ENDLESS else size} samples"
        if count * self._sample_bytes > messages.MAX_LEASE_BYTES:
            most = messages.MAX_LEASE_BYTES >> 20
            return f"{count} samples are more than the {most} MiB of one lease"
        stages = meta["train_stages" if split == "train" else "val_stages"]
        if stage is not None and stage >= max(len(stages), 1):
            return f"stage {stage} of {split} is not one of the {len(stages)} of this stream"
        return ""

    def _drop_leases(self) -> None:
        self.epoch = None
        self._open.clear()
        self._new.clear()
        self._failed.clear()


class Links:
    """One session per rank, by address; rank 0 names the others.

    Only rank 0, whose address the user gave, can end the producer. What goes wrong with another
    rank is reported once, and the conversation starts again after a pause."""

    def __init__(
        self,
        hello: Mapping[str, Any],
        address: str,
        address_error: Callable[[str], str] = lambda _: "",
    ) -> None:
        """`address`: where rank 0 listens. `address_error`: why we do not go to another rank's
        address; empty: we do."""
        self._hello = hello
        self.first = address
        self.sessions = {address: Session(hello)}
        self.refusal: str | None = None  # why rank 0 does not take us
        self._address_error = address_error
        self._paused: dict[str, float] = {}  # until when, by address
        self._named: list[str] = []
        self._allowed: list[str] = []
        self._reported: set[str] = set()
        self._reports: list[str] = []

    @property
    def welcomed(self) -> bool:
        """Whether rank 0 has accepted the stream."""
        return self.sessions[self.first].epoch is not None

    def follow_ranks(self, now: float) -> None:
        """Opens and drops sessions, so that there is one for each rank that rank 0 named last, and
        that we may go to."""
        for address, session in list(self.sessions.items()):
            if session.refusal:
                reason = f"the trainer at {address} refused this stream: {session.refusal}"
                self.useless(address, reason, now)
        if not self.welcomed:
            return
        if self.sessions[self.first].ranks != self._named:
            self._named = self.sessions[self.first].ranks
            self._allowed = [rank for rank in self._named if self._may_go_to(rank)]
        for address in set(self.sessions) - {self.first, *self._allowed}:
            del self.sessions[address]
        for address in self._allowed:
            if self._paused.get(address, -math.inf) <= now:
                self._paused.pop(address, None)
                self.sessions.setdefault(address, Session(self._hello))

    def useless(self, address: str, reason: str, now: float) -> None:
        """Nothing can be said to this rank, for example because it speaks another version."""
        if address == self.first:
            self.refusal = reason
            return
        self._report(f"{reason}; this producer goes on with the run's other ranks")
        self.sessions.pop(address, None)
        self._paused[address] = now + _PAUSE_S

    def take_reports(self) -> list[str]:
        """Sentences for the log."""
        reports, self._reports = self._reports, []
        return reports

    def _may_go_to(self, address: str) -> bool:
        error = "" if address == self.first else self._address_error(address)
        if error:
            self._report(error)
        return not error

    def _report(self, sentence: str) -> None:
        if len(self._reported) < _MOST_REPORTS and sentence not in self._reported:
            self._reported.add(sentence)
            self._reports.append(f"{sentence} (said once)")
