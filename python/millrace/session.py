"""The producer's side of the protocol with the ranks of a run, as a book without sockets, processes or clocks (docs/reference/message.md).

Messages and times go in, messages and leases come out; millrace/serve.py has the sockets around it.
"""

from . import messages

_PING_EVERY_S = 0.2
_HELLO_EVERY_S = 0.5


class Session:
    """With one rank."""

    def __init__(self, hello):
        self._hello = hello
        self.epoch = None  # None: not welcomed
        self.ranks = []
        self.refusal = None
        self._spoke = None
        self._open = {}  # lease number: when it came
        self._new = []

    def receive(self, kind, values, now):
        if kind == "welcome":
            if values["epoch"] != self.epoch:
                self._drop()
            self.epoch, self.ranks, self.refusal = values["epoch"], values["ranks"], None
        elif kind == "lease":
            self._take_lease(values, now)
        elif kind == "refuse":
            self.refusal = values["reason"]
        elif kind == "say_hello":
            self.begin_anew()
        elif kind == "bye":
            self._drop()

    def begin_anew(self):
        """The trainer does not know us, or cannot be reached: Hello at the next tick."""
        self._drop()
        self._spoke = None

    def tick(self, now):
        """The messages that are due, as (kind, values)."""
        wait = _HELLO_EVERY_S if self.epoch is None else _PING_EVERY_S
        if self._spoke is not None and now - self._spoke < wait:
            return []
        self._spoke = now
        if self.epoch is None:
            return [("hello", self._hello)]
        digest = messages.ranks_digest(self.ranks)
        return [("ping", {"epoch": self.epoch, "leases": sorted(self._open), "ranks_digest": digest})]

    def take_leases(self):
        new, self._new = self._new, []
        return new

    def holds(self, number):
        return number in self._open

    def finish(self, number, now):
        """How many microseconds the lease was held, if its answer is still worth sending; it is counted as sent."""
        since = self._open.pop(number, None)
        return None if since is None else int((now - since) * 1e6)

    def _take_lease(self, lease, now):
        wanted = self.epoch is not None and lease["number"] not in self._open and len(self._open) < messages.MAX_HELD_LEASES
        if wanted and lease["range"] is not None:
            self._open[lease["number"]] = now
            self._new.append(lease)

    def _drop(self):
        self.epoch = None
        self._open.clear()
        self._new.clear()


class Links:
    """One session per rank: rank 0 names the others."""

    def __init__(self, hello, address):
        self._hello = hello
        self.first = address
        self.sessions = {address: Session(hello)}

    @property
    def welcomed(self):
        return self.sessions[self.first].epoch is not None

    def follow_ranks(self):
        """Sessions for exactly the ranks that rank 0 named last."""
        if not self.welcomed:
            return
        ranks = self.sessions[self.first].ranks
        for address in set(self.sessions) - {self.first, *ranks}:
            del self.sessions[address]
        for address in ranks:
            self.sessions.setdefault(address, Session(self._hello))

    def refusal(self):
        for address, session in self.sessions.items():
            if session.refusal:
                return f"the trainer at {address} refused this stream: {session.refusal}"
        return None
