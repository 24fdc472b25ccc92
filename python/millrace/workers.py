"""Processes that compute samples: each makes the provider for itself and is handed one range at a time.

A worker that ends is replaced, and its range goes to the next free one; a range at which workers end again and again is answered as
failed. The parent alone talks to the trainer, so a provider may compute as long as it likes without seeming dead.
"""

import collections
import contextlib
import dataclasses
import logging
import multiprocessing
import os
import signal
import sys
import traceback

from .errors import Error, UsageError
from .meta import difference

_log = logging.getLogger("millrace")
_MOST_DEATHS = 3  # of one range's workers, and of workers that do not get as far as being ready
_LONGEST_END_S = 2


@dataclasses.dataclass
class Task:
    """A range to compute, for `asker` (whatever the owner knows it by)."""

    asker: object
    split: str
    first: int
    count: int
    stage: int | None = None
    deaths: int = 0

    def __str__(self):
        return f"{self.split} samples [{self.first}, {self.first + self.count})"


def _work(provider_class, recipe, pipe):
    """The life of a worker process. An end of the pipe is the parent's: nobody is left to compute for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends us in order
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            provider = provider_class(recipe)
            ready = ("ready", provider.meta())
        except Exception as error:
            pipe.send(("unusable", _reason(error), None if isinstance(error, UsageError) else traceback.format_exc(), _status(error)))
            return
        pipe.send(ready)
        while True:
            pipe.send(_answer(provider, *pipe.recv()))


def _answer(provider, split, first, count, stage):
    try:
        return "made", provider.columns(split, first, count, stage)
    except Exception as error:
        return "failed", _reason(error), traceback.format_exc()


def _reason(error):
    text = str(error)
    told = text if isinstance(error, Error) else f"{type(error).__name__}: {text}" if text else type(error).__name__
    return ": ".join([*getattr(error, "__notes__", ()), told])


def _status(error):
    return error.status if isinstance(error, Error) else Error.status


class _Worker:
    def __init__(self, context, provider_class, recipe):
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(provider_class, recipe, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.ready = False
        self.task = None

    def end(self):
        self.pipe.close()
        self.process.join(0)
        if self.process.is_alive():
            self.process.terminate()

    def how_it_ended(self):
        self.process.join(_LONGEST_END_S)
        code = self.process.exitcode
        if code is None:
            return "closed its pipe"
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"


class Workers:
    """`count` processes. All methods are the owner's one thread's."""

    def __init__(self, provider_class, recipe, count):
        importing = getattr(multiprocessing.current_process(), "_inheriting", False)  # spawn is at the script, in a new worker
        if importing or multiprocessing.parent_process() is not None:
            raise UsageError("serve() was called while a worker process imported the script: put the call under "
                             "if __name__ == \"__main__\":")  # fmt: skip
        self._make = lambda: _Worker(multiprocessing.get_context("spawn"), provider_class, recipe)
        self._waiting = collections.deque()
        self._early_deaths = 0
        self.meta = None  # once the first worker is ready
        self._workers = [self._make() for _ in range(count)]

    def pipes(self):
        return [worker.pipe for worker in self._workers]

    def pids(self):
        return [worker.process.pid for worker in self._workers]

    def add(self, task):
        self._waiting.append(task)

    def hand_out(self, still_wanted):
        """Gives tasks to idle workers; those that nobody wants any more are dropped."""
        for worker in self._workers:
            while worker.ready and worker.task is None and self._waiting:
                task = self._waiting.popleft()
                if still_wanted(task):
                    self._give(worker, task)

    def _give(self, worker, task):
        worker.task = task
        try:
            worker.pipe.send((task.split, task.first, task.count, task.stage))
        except OSError:
            pass  # it has died; take() finds out

    def take(self):
        """What has come, as (task, columns, None) or (task, None, reason)."""
        answers = []
        for number, worker in enumerate(self._workers):
            try:
                while worker.pipe.poll():
                    answers += self._heard(worker, *worker.pipe.recv())
            except (EOFError, OSError):
                answers += self._replace(number)
        return answers

    def _heard(self, worker, kind, *what):
        if kind == "ready":
            self._welcome(worker, *what)
            return []
        if kind == "unusable":
            self._refuse(*what)
        task, worker.task = worker.task, None
        if kind == "made":
            return [(task, what[0], None)]
        reason, trace = what
        _log.error("cannot compute %s: %s\n%s", task, reason, trace.rstrip())
        return [(task, None, reason)]

    def _welcome(self, worker, meta):
        if self.meta is None:
            self.meta = meta
        elif other := difference(self.meta, meta):
            raise Error(f"two workers of one provider make different streams ({other}): sample() must depend on the recipe, the data "
                        "and the key alone, not on the process, the time, or the order of a set")  # fmt: skip
        worker.ready = True
        self._early_deaths = 0

    @staticmethod
    def _refuse(reason, trace, status):
        if trace:
            _log.error("the provider cannot be made:\n%s", trace.rstrip())
        error = (UsageError if status == UsageError.status else Error)(reason)
        raise error

    def _replace(self, number):
        worker = self._workers[number]
        how = worker.how_it_ended()
        worker.end()
        if not worker.ready:
            self._early_deaths += 1
            if self._early_deaths >= _MOST_DEATHS:
                raise Error(f"workers do not start: the last one {how}; what it said stands above")
        _log.warning("worker %d %s%s; starting another", worker.process.pid, how, f" at {worker.task}" if worker.task else "")
        self._workers[number] = self._make()
        return self._again(worker.task, how) if worker.task else []

    def _again(self, task, how):
        task.deaths += 1
        if task.deaths < _MOST_DEATHS:
            self._waiting.appendleft(task)
            return []
        reason = f"{task.deaths} workers ended at it; the last one {how}"
        _log.error("cannot compute %s: %s", task, reason)
        return [(task, None, reason)]

    def end(self):
        for worker in self._workers:
            worker.end()
        for worker in self._workers:
            worker.process.join(_LONGEST_END_S)
            if worker.process.is_alive():
                worker.process.kill()


def own_name():
    """As trainers' logs call this process: HOST:PROCESS."""
    return f"{os.uname().nodename}:{os.getpid()}"


def log_to_stderr():
    """One line per event, as the C++ programs have it, unless the program has set up logging."""
    if not _log.handlers and not logging.getLogger().handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("[%(asctime)s.%(msecs)03d] [%(levelname)s] %(message)s", "%Y-%m-%d %H:%M:%S"))
        _log.addHandler(handler)
        _log.setLevel(logging.INFO)
