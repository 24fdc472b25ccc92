"""Standard streams that may be closed, full, or read by nobody (docs/reference/signals.md), and
text from files and peers, made fit for a terminal."""

import contextlib
import errno
import logging
import os
import re
import signal
import sys
from collections.abc import Iterator

from .errors import Error
from .signals import end_by

_log = logging.getLogger("millrace")

# What a terminal obeys: control characters but the tab, characters that turn the direction of
# text, separators of lines and paragraphs; and surrogates, which no stream can encode.
_OBEYED = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def for_terminal(text: str) -> str:
    """The text with everything escaped that a terminal would obey instead of show, as the C++
    programs do (config/app/terminal_text.h)."""

    def escaped(match: re.Match[str]) -> str:
        code = ord(match[0])
        return "\\n" if code == 0x0A else f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}"

    return _OBEYED.sub(escaped, text)


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
                line = for_terminal(str(error).replace("\n", " "))
                print(f"error: {line}", file=sys.stderr, flush=True)
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


def _escape(record: logging.LogRecord) -> bool:
    """Escapes what an event says, whoever shows it. The lines of a traceback stay lines, indented:
    none looks like an event of its own."""
    lines = record.getMessage().split("\n")
    record.msg, record.args = "\n    ".join(map(for_terminal, lines)), None
    return True


def log_to_stderr() -> None:
    """Logs one line per event, as the C++ programs do, unless the program has set up logging."""
    _log.addFilter(_escape)
    if not _log.handlers and not logging.getLogger().handlers:
        handler = _Handler(sys.stderr)
        line = "[%(asctime)s.%(msecs)03d] [%(levelname)s] %(message)s"
        handler.setFormatter(logging.Formatter(line, "%Y-%m-%d %H:%M:%S"))
        _log.addHandler(handler)
        _log.setLevel(logging.INFO)
