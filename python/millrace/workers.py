"""Worker processes: each has a provider of its own, and computes one range at a time.

A worker that ends is replaced, and its range goes to the next free one; a range at which workers
end again and again is answered as failed. Only the parent talks to the trainer, so a provider may
compute as long as it likes without seeming dead.
"""

import collections
import contextlib
import dataclasses
import logging
import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable
from multiprocessing import connection, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from typing import Any, NoReturn, Protocol, TypeAlias

from . import signals
from .errors import Error, UsageError
from .meta import difference
from .protobuf import Meta
from .recipe import Recipe

_log = logging.getLogger("millrace")
_MOST_DEATHS = 3  # of one range's workers, and of workers that do not get ready
_LONGEST_END_S = 2


class RangeProvider(Protocol):
    """The part of a Provider that workers use; Provider itself is above this module."""

    def __init__(self, recipe: Recipe) -> None: ...

    def meta(self) -> Meta: ...

    def columns(
        self, split: str, first: int, count: int, stage: int | None = None
    ) -> list[bytes]: ...


Answer: TypeAlias = tuple["Task", list[bytes] | None, str | None]  # columns, or the reason


@dataclasses.dataclass
class Task:
    """A range to compute. `asker`: whatever the owner knows it by."""

    asker: Any
    split: str
    first: int
    count: int
    stage: int | None = None
    deaths: int = 0  # of workers that computed it

    def __str__(self) -> str:
        return f"{self.split} samples [{self.first}, {self.first + self.count})"


def _work(provider_class: type[RangeProvider], recipe: Recipe, pipe: Connection) -> None:
    """A worker process from beginning to end. It ends when the parent closes the pipe."""
    signals.leave_to_parent()
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            provider = provider_class(recipe)
            ready = ("ready", provider.meta())
        except Exception as error:
            trace = None if isinstance(error, UsageError) else traceback.format_exc()
            pipe.send(("unusable", _reason(error), trace, _status(error)))
            return
        pipe.send(ready)
        while True:
            pipe.send(_answer(provider, *pipe.recv()))


def _answer(
    provider: RangeProvider, split: str, first: int, count: int, stage: int | None
) -> tuple[Any, ...]:
    try:
        return "made", provider.columns(split, first, count, stage)
    except Exception as error:
        return "failed", _reason(error), traceback.format_exc()


def _reason(error: Exception) -> str:
    text, kind = str(error), type(error).__name__
    if not isinstance(error, Error):
        text = f"{kind}: {text}" if text else kind
    return ": ".join([*getattr(error, "__notes__", ()), text])


def _status(error: Exception) -> int:
    return error.status if isinstance(error, Error) else Error.status


class _Worker:
    def __init__(
        self, context: SpawnContext, provider_class: type[RangeProvider], recipe: Recipe
    ) -> None:
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(
            target=_work, args=(provider_class, recipe, theirs), daemon=True
        )
        with signals.held():  # until the worker has its handlers
            self.process.start()
        theirs.close()
        self.ready = False
        self.task: Task | None = None

    def end(self) -> None:
        self.pipe.close()
        self.process.join(0)
        if self.process.is_alive():
            self.process.kill()

    def how_it_ended(self) -> str:
        self.process.join(_LONGEST_END_S)
        code = self.process.exitcode
        if code is None:
            return "closed its pipe"
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with status {code}"


class Workers:
    """A pool of worker processes. One thread, the owner's, calls all methods.

    meta: of the stream, once the first worker is ready.
    """

    def __init__(self, provider_class: type[RangeProvider], recipe: Recipe, count: int) -> None:
        """Starts `count` processes. Raises UsageError inside of a worker."""
        # A new worker imports the script, and must not start workers while it does.
        is_importing = getattr(multiprocessing.current_process(), "_inheriting", False)
        if is_importing or multiprocessing.parent_process() is not None:
            raise UsageError(
                "serve() was called while a worker process imported the script: "
                'put the call under if __name__ == "__main__":'
            )
        context = multiprocessing.get_context("spawn")
        with signals.held():  # its start lets go signals that are held
            resource_tracker.ensure_running()
        self._make: Callable[[], _Worker] = lambda: _Worker(context, provider_class, recipe)
        self._waiting: collections.deque[Task] = collections.deque()
        self._early_deaths = 0
        self.meta: Meta | None = None
        self._workers = [self._make() for _ in range(count)]

    def pipes(self) -> list[Connection]:
        """The workers' pipes: readable when take() has something to do."""
        return [worker.pipe for worker in self._workers]

    def wait(self, timeout_s: float) -> None:
        """Returns when take() has something to do, or after a while."""
        connection.wait(self.pipes(), timeout_s)

    def add(self, task: Task) -> None:
        """Queues a task."""
        self._waiting.append(task)

    def hand_out(self, still_wanted: Callable[[Task], bool]) -> None:
        """Gives queued tasks to idle workers, and drops those that are not wanted any more."""
        for worker in self._workers:
            while worker.ready and worker.task is None and self._waiting:
                task = self._waiting.popleft()
                if still_wanted(task):
                    self._give(worker, task)

    @staticmethod
    def _give(worker: _Worker, task: Task) -> None:
        worker.task = task
        with contextlib.suppress(OSError):  # of a dead worker: take() finds out
            worker.pipe.send((task.split, task.first, task.count, task.stage))

    def take(self) -> list[Answer]:
        """The answers that have come: (task, columns, None) or (task, None, reason).

        Raises Error or UsageError where the provider cannot be made."""
        answers = []
        for number, worker in enumerate(self._workers):
            try:
                while worker.pipe.poll():
                    answers += self._heard(worker, *worker.pipe.recv())
            except (EOFError, OSError):
                answers += self._replace(number)
        return answers

    def _heard(self, worker: _Worker, kind: str, *what: Any) -> list[Answer]:
        if kind == "ready":
            self._welcome(worker, *what)
            return []
        if kind == "unusable":
            self._refuse(*what)
        task, worker.task = worker.task, None
        assert task is not None  # a worker answers nothing else
        if kind == "made":
            return [(task, what[0], None)]
        reason, trace = what
        _log.error("cannot compute %s: %s\n%s", task, reason, trace.rstrip())
        return [(task, None, reason)]

    def _welcome(self, worker: _Worker, meta: Meta) -> None:
        if self.meta is None:
            self.meta = meta
        elif other := difference(self.meta, meta):
            raise Error(
                f"two workers of one provider make different streams ({other}): sample() must "
                "depend on the recipe, the data and the key alone, not on the process, the time, "
                "or the order of a set"
            )
        worker.ready = True
        self._early_deaths = 0

    @staticmethod
    def _refuse(reason: str, trace: str | None, status: int) -> NoReturn:
        if trace:
            _log.error("the provider cannot be made:\n%s", trace.rstrip())
        raise (UsageError if status == UsageError.status else Error)(reason)

    def _replace(self, number: int) -> list[Answer]:
        worker = self._workers[number]
        how = worker.how_it_ended()
        worker.end()
        if not worker.ready:
            self._early_deaths += 1
            if self._early_deaths >= _MOST_DEATHS:
                raise Error(f"workers do not start: the last one {how}; what it said stands above")
        at = f" at {worker.task}" if worker.task else ""
        _log.warning("worker %d %s%s; starting another", worker.process.pid, how, at)
        self._workers[number] = self._make()
        return self._retry(worker.task, how) if worker.task else []

    def _retry(self, task: Task, how: str) -> list[Answer]:
        """Puts a dead worker's task first in the queue; its failure after too many deaths."""
        task.deaths += 1
        if task.deaths < _MOST_DEATHS:
            self._waiting.appendleft(task)
            return []
        reason = f"{task.deaths} workers ended at it; the last one {how}"
        _log.error("cannot compute %s: %s", task, reason)
        return [(task, None, reason)]

    def end(self) -> None:
        """Ends all processes."""
        for worker in self._workers:
            worker.end()
        for worker in self._workers:
            worker.process.join(_LONGEST_END_S)


def own_name() -> str:
    """HOST:PROCESS, this process's name in trainers' logs."""
    return f"{os.uname().nodename}:{os.getpid()}"
