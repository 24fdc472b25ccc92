"""The table of bench-peers: one line for each thing that both sides do."""

import dataclasses
import json
import statistics

NAME, NUMBER = 60, 15  # widths


@dataclasses.dataclass(frozen=True)
class Line:
    """`ours` and `peers`: one number a round, in turns. `seen` is the median of their ratios;
    `bound` says what it must be."""

    name: str
    unit: str
    ours: list
    peers: list
    bound: str  # "<= 0.85", ">= 15"

    @property
    def seen(self):
        return statistics.median(ours / peers for ours, peers in zip(self.ours, self.peers))

    @property
    def passed(self):
        sign, limit = self.bound.split()
        return self.seen <= float(limit) if sign == "<=" else self.seen >= float(limit)

    def as_json(self, recipe):
        sides = (("ours", self.ours), ("peer", self.peers))
        numbers = {name: statistics.median(values) for name, values in sides if values}
        judged = {"seen": self.seen, "bound": self.bound, "passed": self.passed}
        return {
            "line": self.name,
            "recipe": recipe,
            **numbers,
            "unit": self.unit,
            "rounds": len(self.ours),
            **judged,
        }

    def as_text(self):
        ours, peer = (
            f"{short(statistics.median(values))} {self.unit}" if values else ""
            for values in (self.ours, self.peers)
        )
        judged = f"{self.seen:8.3g}  {self.bound:<8} {'pass' if self.passed else 'FAIL'}"
        return f"  {self.name:<{NAME}} {ours:>{NUMBER}} {peer:>{NUMBER}} {judged}"


class OwnNumber(Line):
    """What is seen is what we took ourselves; the peer's number, where there is one, stands beside
    it."""

    @property
    def seen(self):
        return statistics.median(self.ours)


class SameNumber(Line):
    """What is seen is not the ratio but how far it is from 1 at most."""

    @property
    def seen(self):
        return max(abs(peers / ours - 1) for ours, peers in zip(self.ours, self.peers))


def short(value):
    """Four digits at most, with a prefix above a million."""
    for factor, prefix in ((1e9, " G"), (1e6, " M")):
        if value >= factor:
            return f"{value / factor:.3g}{prefix}"
    return f"{value:.4g}"


class Table:
    """Prints every line as soon as it is there."""

    def __init__(self, as_json):
        self._as_json, self._recipe, self.failed = as_json, None, 0

    def about(self, recipe, words):
        """The lines that follow are of this recipe."""
        self._recipe = recipe
        if not self._as_json:
            names = f"{'':<{NAME}} {'Millrace':>{NUMBER}} {'PyTorch':>{NUMBER}}"
            print(f"\n{recipe}: {words}\n  {names}     seen  wanted", flush=True)

    def add(self, line):
        self.failed += not line.passed
        print(
            json.dumps(line.as_json(self._recipe)) if self._as_json else line.as_text(), flush=True
        )

    def note(self, name, value, unit):
        """A number without a bound."""
        found = {"line": name, "recipe": self._recipe, "value": value, "unit": unit}
        print(
            json.dumps(found)
            if self._as_json
            else f"  {name:<{NAME}} {short(value) + ' ' + unit:>{NUMBER}}",
            flush=True,
        )
