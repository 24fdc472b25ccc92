"""Signals, as docs/reference/signals.md has them: what a producer does, and its worker processes.

A terminal, a job or a service sends a signal to all processes of a producer. The parent alone
answers it: workers go on until the parent ends them.
"""

import atexit
import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Protocol

_IMPATIENT_AFTER_S = 2
_OURS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


class Stop(Protocol):
    """Says whether to stop: a threading.Event, or a StopBySignal."""

    def is_set(self) -> bool: ...


class StopBySignal:
    """Whether SIGTERM, SIGHUP or SIGINT has come. More of them change nothing.

    Another SIGINT 2 s or more after the first ends the process at once. SIGUSR1 is ignored.
    """

    def __init__(self) -> None:
        """Installs the handlers, where this thread may do so."""
        self._is_set = False  # a threading.Event takes a lock, which the handler may find taken
        self._first_interrupt: float | None = None
        if threading.current_thread() is not threading.main_thread():
            return
        signal.signal(signal.SIGTERM, self._on_stop)
        for number in (signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:  # as behind & in a script, under nohup
                signal.signal(number, self._on_stop)
        if signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL:
            signal.signal(signal.SIGUSR1, _do_nothing)
        atexit.register(self._ignore_more)

    def is_set(self) -> bool:
        return self._is_set

    def _ignore_more(self) -> None:
        """An interpreter that ends gives up its handlers before the process is over."""
        for number in _OURS:
            if signal.getsignal(number) in (self._on_stop, _do_nothing):
                signal.signal(number, signal.SIG_IGN)

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        self._is_set = True
        if number != signal.SIGINT:
            return
        now = time.monotonic()
        if self._first_interrupt is None:
            self._first_interrupt = now
        elif now - self._first_interrupt >= _IMPATIENT_AFTER_S:
            end_by(signal.SIGINT)


def _do_nothing(number: int, frame: FrameType | None) -> None:
    pass


def end_by(number: signal.Signals) -> None:
    """Ends this process by a signal's default action."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Holds signals back in this thread, and in processes that it starts."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _OURS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_to_parent() -> None:
    """In a worker process: signals end it only when its parent has gone. Lets go those held."""
    parent = multiprocessing.parent_process()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if parent is None or os.getppid() != parent.pid:
            end_by(signal.Signals(number))

    for number in _OURS:
        signal.signal(number, on_signal)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _OURS)
