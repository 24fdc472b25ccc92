"""Standard streams that may be closed, full, or read by nobody (docs/reference/signals.md)."""

import contextlib
import errno
import logging
import os
import signal
import sys
from collections.abc import Iterator

from .errors import Error
from .signals import end_by

_log = logging.getLogger("millrace")


def open_closed() -> None:
    """Opens those that are closed on /dev/null, also for processes that this one starts.

    Otherwise a socket or a file would get their number, and log lines with it."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
            os.set_inheritable(null, True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: SIM115


def write_result(text: str) -> None:
    """Writes to stdout. Raises Error where that cannot be done; ends the process as SIGPIPE does
    where nobody reads it."""
    if sys.stdout is None:
        raise Error(f"stdout: {os.strerror(errno.EBADF)}")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        end_by(signal.SIGPIPE)
    except OSError as error:
        _drop_what_waits(1)
        raise Error(f"stdout: {error.strerror}") from error


def _drop_what_waits(descriptor: int) -> None:
    """What could not be written is lost, rather than tried again when the process ends, whose exit
    status it would change."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)


@contextlib.contextmanager
def errors_end_the_program() -> Iterator[None]:
    """An Error is said in one line on stderr, and SystemExit raised with its status."""
    try:
        yield
    except Error as error:
        if sys.stderr is not None:
            with contextlib.suppress(OSError):
                print(f"error: {error}", file=sys.stderr, flush=True)
        raise SystemExit(error.status) from error
    finally:
        try:
            if sys.stderr is not None:
                sys.stderr.flush()
        except OSError:
            _drop_what_waits(2)


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    def handleError(self, record: logging.LogRecord) -> None:
        """A line that cannot be written is lost, and nothing else."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def log_to_stderr() -> None:
    """Logs one line per event, as the C++ programs do, unless the program has set up logging."""
    if not _log.handlers and not logging.getLogger().handlers:
        handler = _Handler(sys.stderr)
        line = "[%(asctime)s.%(msecs)03d] [%(levelname)s] %(message)s"
        handler.setFormatter(logging.Formatter(line, "%Y-%m-%d %H:%M:%S"))
        _log.addHandler(handler)
        _log.setLevel(logging.INFO)
