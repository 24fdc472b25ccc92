"""Objects in processes of their own: each with its imports, its threads, and a memory that nobody
else fills."""

import contextlib
import multiprocessing
import os
import statistics

from .programs import Failed, resident_peak

ENDS_WITHIN_S = 60
LIMIT_S = 900  # torch.compile takes minutes on a slow machine


class Worker:
    """Makes `make(*arguments)` in a new process, and calls its methods there. Ends with the `with`.
    `environment`: variables that it has beside ours, where ours does not have them."""

    def __init__(self, make, *arguments, environment=()):
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, make, arguments))
        with _with_variables(dict(environment)):
            self._process.start()
        theirs.close()

    def ask(self, method, *arguments):
        """What the method returns. An error there ends the process, which shows it on stderr."""
        with contextlib.suppress(EOFError, OSError):
            self._connection.send((method, arguments))
            if self._connection.poll(LIMIT_S):
                return self._connection.recv()
            raise Failed(
                f"{method} of a twin took more than {LIMIT_S} s; "
                "leave torch.compile out with --quick"
            )
        raise Failed(f"a twin ended at {method}; its error stands above")

    def peak_bytes(self):
        """Of its resident memory so far."""
        return resident_peak(self._process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()
        self._process.join(ENDS_WITHIN_S)
        self._process.kill()


class BothWaits:
    """The same twin in two processes, whose threads wait for each other as PyTorch's do by default,
    spinning, or briefly, as train's do. What is faster depends on what else the machine does: the
    faster one counts (`better`)."""

    WAITS = {}, {"GOMP_SPINCOUNT": "5000"}  # the second is what trainer/omp_spin_count.cc sets

    def __init__(self, make, *arguments):
        self._workers = [Worker(make, *arguments, environment=wait) for wait in self.WAITS]

    def ask(self, method, *arguments):
        """The smaller answer."""
        return min(self.ask_each(method, *arguments))

    def ask_each(self, method, *arguments):
        """One after the other."""
        return [worker.ask(method, *arguments) for worker in self._workers]

    def peak_bytes(self):
        return min(worker.peak_bytes() for worker in self._workers)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for worker in self._workers:
            worker.__exit__(*error)


def better(rounds):
    """Of rounds with a time of each process, those of the one with the smaller median. (The smaller
    time of each round is less than either process can do, where times are noisy.)"""
    return list(min(zip(*rounds), key=statistics.median))


@contextlib.contextmanager
def _with_variables(variables):
    added = {name: value for name, value in variables.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def _serve(connection, make, arguments):
    served = make(*arguments)
    with contextlib.suppress(EOFError):
        while True:
            method, words = connection.recv()
            connection.send(getattr(served, method)(*words))
