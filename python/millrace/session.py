"""The producer's side of the protocol with the ranks of a run (docs/reference/message.md).

Pure state without sockets, processes or clocks: messages and times go in, messages and leases come
out. serve.py has the sockets around it.
"""

from collections.abc import Mapping
from typing import Any, cast

from . import messages
from .protobuf import Lease
from .schema import SPLITS

_PING_EVERY_S = 0.2
_HELLO_EVERY_S = 0.5


class Session:
    """The conversation with one rank. Times are in seconds of any one monotonic clock."""

    def __init__(self, hello: Mapping[str, Any]) -> None:
        self._hello = hello
        self.epoch: int | None = None  # None: not welcomed
        self.ranks: list[str] = []
        self.refusal: str | None = None
        self._last_sent: float | None = None
        self._open: dict[int, float] = {}  # arrival time by lease number
        self._new: list[Lease] = []

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
        interval = _HELLO_EVERY_S if self.epoch is None else _PING_EVERY_S
        if self._last_sent is not None and now - self._last_sent < interval:
            return []
        self._last_sent = now
        if self.epoch is None:
            return [("hello", self._hello)]
        digest = messages.ranks_digest(self.ranks)
        ping = {"epoch": self.epoch, "leases": sorted(self._open), "ranks_digest": digest}
        return [("ping", ping)]

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
        if number not in self._open and len(self._open) < messages.MAX_HELD_LEASES:
            self._open[number] = now
            self._new.append(lease)

    def _drop_leases(self) -> None:
        self.epoch = None
        self._open.clear()
        self._new.clear()


class Links:
    """One session per rank, by address; rank 0 names the others."""

    def __init__(self, hello: Mapping[str, Any], address: str) -> None:
        """`address`: where rank 0 listens."""
        self._hello = hello
        self.first = address
        self.sessions = {address: Session(hello)}

    @property
    def welcomed(self) -> bool:
        """Whether rank 0 has accepted the stream."""
        return self.sessions[self.first].epoch is not None

    def follow_ranks(self) -> None:
        """Opens and drops sessions, so that there is one for each rank that rank 0 named last."""
        if not self.welcomed:
            return
        ranks = self.sessions[self.first].ranks
        for address in set(self.sessions) - {self.first, *ranks}:
            del self.sessions[address]
        for address in ranks:
            self.sessions.setdefault(address, Session(self._hello))

    def refusal(self) -> str | None:
        """The reason of a rank that refused the stream."""
        for address, session in self.sessions.items():
            if session.refusal:
                return f"the trainer at {address} refused this stream: {session.refusal}"
        return None
