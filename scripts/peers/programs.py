"""Our programs as a user runs them: what they print, how soon they are there, how much memory they
have."""

import contextlib
import json
import pathlib
import subprocess
import tempfile
import time

POLL_S = 0.002
NO_EVALUATION = "--eval_interval=1000000000"  # what train is told


class Failed(RuntimeError):
    """What ends bench-peers with one line."""


class Programs:
    """`folder`: where they lie. Each method takes a program's name and its words."""

    def __init__(self, folder):
        self._folder = pathlib.Path(folder)

    def run(self, name, *words):
        """To its end; what it printed."""
        with self._running(name, words, subprocess.PIPE) as process:
            output = process.communicate()[0]
            self._check(process, name)
        return output

    def json(self, name, *words):
        """The same, as the objects of its lines."""
        return [json.loads(line) for line in self.run(name, *words, "--json").splitlines()]

    def peak_bytes(self, name, *words):
        """To its end; its resident memory at most, as the kernel counted it while it ran."""
        with self._running(name, words) as process:
            peak = 0
            while process.poll() is None:
                peak = max(peak, resident_peak(process.pid))
                time.sleep(POLL_S)
            self._check(process, name)
        return peak

    def seconds_until(self, path, name, *words):
        """From its start until something stands in the file `path`; then it is ended."""
        start = time.perf_counter()
        with self._running(name, words) as process:
            while not (path.exists() and path.stat().st_size):
                if process.poll() is not None:
                    raise Failed(
                        f"{name} ended before there was {path}: {_last_line(process.errors)}"
                    )
                time.sleep(POLL_S)
            return time.perf_counter() - start

    @contextlib.contextmanager
    def _running(self, name, words, stdout=subprocess.DEVNULL):
        """It ends with the `with`, whatever ends that."""
        program = self._folder / name
        if not program.exists():
            raise Failed(
                f"{program} is not there; build it with scripts/setup, "
                "or say with --bin where the programs are"
            )
        with tempfile.TemporaryFile("w+") as errors:
            line = [str(word) for word in (program, *words)]
            process = subprocess.Popen(
                line, stdin=subprocess.DEVNULL, stdout=stdout, stderr=errors, text=True
            )
            process.errors = errors
            try:
                yield process
            finally:
                process.kill()
                process.wait()

    @staticmethod
    def _check(process, name):
        if process.returncode != 0:
            raise Failed(f"{name} failed: {_last_line(process.errors)}")


def resident_peak(pid="self"):
    """Of a process and the program that it now is, bytes; 0 where it has ended."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def _last_line(file):
    file.seek(0)
    return file.read().strip().rpartition("\n")[2]
