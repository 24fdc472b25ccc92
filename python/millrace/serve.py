"""A producer: connects to the trainer that a recipe names, and computes what it asks for."""

import argparse
import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import zmq
from xxhash import xxh64_intdigest

from . import messages
from .errors import Error, UsageError
from .protobuf import Lease, Meta
from .ranks import RankHosts
from .recipe import Recipe, load_recipe
from .schema import SPLITS, Field, bytes_per_sample
from .session import Links
from .signals import Stop, StopBySignal
from .sockets import Context, Keys, Socket, check_uri, dealer, new_routing_id, producer_keys
from .standard_streams import errors_end_the_program, log_to_stderr, open_closed, write_result
from .workers import RangeProvider, Task, Workers, own_name

_log = logging.getLogger("millrace")
_LOOK_EVERY_MS = 50
_PROGRESS_EVERY_S = 10
_MOST_AT_ONCE = 1024  # messages of one rank that are taken before the others' turn
_MOST_PROCESSES = 1024


def serve(
    path: str | os.PathLike[str],
    provider: type[RangeProvider],
    *overrides: str,
    processes: int | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Makes the samples of a recipe's stream for trainers, until SIGTERM, SIGHUP or Ctrl-C.

    provider: a subclass of Provider, in a module or script that worker processes can import.
    overrides: of the recipe, such as "--queue.uri=tcp://127.0.0.1:5555".
    processes: that compute samples, 1 to 1024; None: the recipe's producer.threads.
    stop: ends it when set; then signals are not handled.

    An error ends the program with one line on stderr, and raises SystemExit with status 1 or 2, as
    the C++ programs do.
    """
    open_closed()
    log_to_stderr()
    with errors_end_the_program():
        _serve(path, provider, overrides, processes, stop or StopBySignal())


class _Parser(argparse.ArgumentParser):
    """Help and errors as the C++ programs give them."""

    def print_help(self, file: object = None) -> None:
        write_result(self.format_help())

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; --help shows how")


def main(provider: type[RangeProvider], arguments: Sequence[str] | None = None) -> None:
    """The command line of a provider's script."""
    parser = _Parser(
        usage="%(prog)s CONFIG [--key=value …] [--processes N]",
        allow_abbrev=False,
        description="Makes the samples of a recipe's stream for trainers, until it is stopped. "
        "Start as many as you like.",
    )
    parser.add_argument("config", help="the recipe, a TOML file")
    parser.add_argument(
        "--processes",
        type=int,
        help="processes that compute samples; default: the recipe's producer.threads",
    )
    with errors_end_the_program():
        known, overrides = parser.parse_known_args(arguments)
    serve(known.config, provider, *overrides, processes=known.processes)


def _serve(
    path: str | os.PathLike[str],
    provider: type[RangeProvider],
    overrides: Sequence[str],
    processes: int | None,
    stop: Stop,
) -> None:
    recipe = load_recipe(path, overrides)
    processes = recipe.threads if processes is None else processes
    if not 1 <= processes <= _MOST_PROCESSES:
        raise UsageError(
            f"processes = {processes}: expected a whole number from 1 to {_MOST_PROCESSES}"
        )
    if check_uri(recipe.uri) not in ("tcp", "ipc"):
        raise UsageError(
            f"queue.uri '{recipe.uri}': a producer in Python needs tcp://HOST:PORT or ipc://PATH, "
            "where the trainer listens; give one to both, as --queue.uri=tcp://127.0.0.1:5555"
        )
    keys = producer_keys(recipe)
    workers = Workers(provider, recipe, processes)
    try:
        meta = _wait_for_meta(workers, stop)
        if meta is not None:
            _Producer(recipe, keys, meta, workers, processes).run(stop)
    finally:
        workers.end()


def _wait_for_meta(workers: Workers, stop: Stop) -> Meta | None:
    """The meta of the first worker that is ready; None: stopped before."""
    while workers.meta is None and not stop.is_set():
        workers.wait(_LOOK_EVERY_MS / 1000)
        workers.take()
    return None if stop.is_set() else workers.meta


class _Producer:
    """Carries messages between the trainer's ranks and the workers, in one thread."""

    def __init__(
        self, recipe: Recipe, keys: Keys | None, meta: Meta, workers: Workers, processes: int
    ) -> None:
        self._recipe, self._keys, self._workers = recipe, keys, workers
        self._fields = [Field.from_message(field) for field in meta["fields"]]
        self._fingerprint = meta["fingerprint"]
        hello = {"meta": meta, "capacity": processes, "name": own_name()}
        hosts = RankHosts(recipe.uri, recipe.rank_hosts, have_keys=keys is not None)
        self._links = Links(hello, recipe.uri, hosts.error)
        self._context: Context = zmq.Context()
        self._routing_id = new_routing_id()
        self._sockets: dict[str, Socket] = {}  # by a rank's address
        self._samples = self._shown = 0  # samples sent; those that the last progress line told
        self._show_at = time.monotonic()
        self._was_welcome = False
        _log.info(
            "stream %s: %s over %s, vocabulary %d, %d B a sample",
            self._fingerprint,
            meta["provider"],
            meta["dataset_name"],
            meta["vocab_size"],
            bytes_per_sample(self._fields),
        )
        _log.info("to %s, %d process%s", recipe.uri, processes, "" if processes == 1 else "es")

    def run(self, stop: Stop) -> None:
        try:
            while not stop.is_set():
                self._follow_ranks()
                self._wait()
                self._receive_from_trainer()
                self._receive_from_workers()
                self._workers.hand_out(self._still_wanted)
                self._send_what_is_due()
                self._show_progress()
            self._say_bye()
        finally:
            for socket in self._sockets.values():
                socket.close()
            self._context.term()

    def _follow_ranks(self) -> None:
        """One socket for each rank of the run."""
        self._links.follow_ranks(time.monotonic())
        for report in self._links.take_reports():
            _log.warning("%s", report)
        if self._links.refusal:
            raise Error(self._links.refusal)
        for address in set(self._sockets) - set(self._links.sessions):
            self._sockets.pop(address).close()
        for address in set(self._links.sessions) - set(self._sockets):
            try:
                self._sockets[address] = dealer(
                    self._context, address, self._routing_id, self._keys
                )
            except Error as error:
                if address == self._links.first:
                    raise
                self._links.useless(address, str(error), time.monotonic())

    def _wait(self) -> None:
        poller = zmq.Poller()
        for socket in self._sockets.values():
            poller.register(socket, zmq.POLLIN)
        for pipe in self._workers.pipes():
            poller.register(pipe.fileno(), zmq.POLLIN)
        poller.poll(_LOOK_EVERY_MS)

    def _receive_from_trainer(self) -> None:
        for address, socket in self._sockets.items():
            for _ in range(_MOST_AT_ONCE):
                try:
                    frames = socket.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    break
                self._take(address, frames)

    def _take(self, address: str, frames: Sequence[bytes]) -> None:
        try:
            kind, values, _ = messages.unpack(frames)
        except messages.OtherVersion as error:
            reason = (
                f"the trainer at {address} speaks {error}: "
                "use the same version of Millrace on both sides"
            )
            self._links.useless(address, reason, time.monotonic())
            return
        except messages.NotAMessage as error:
            _log.warning("%s: dropped a message: %s", address, error)
            return
        session = self._links.sessions.get(address)
        if session is None:
            return  # it sent something before that was not understood
        session.receive(kind, values, time.monotonic())
        for lease in session.take_leases():
            self._workers.add(self._task(address, lease))

    @staticmethod
    def _task(address: str, lease: Lease) -> Task:
        place = lease["range"]
        assert place is not None  # a session hands out no other leases
        split = SPLITS[place["split"]]
        return Task((address, lease), split, place["first"], place["count"], place["stage"])

    def _still_wanted(self, task: Task) -> bool:
        address, lease = task.asker
        session = self._links.sessions.get(address)
        return session is not None and session.holds(lease["number"])

    def _receive_from_workers(self) -> None:
        for task, columns, reason in self._workers.take():
            address, lease = task.asker
            session = self._links.sessions.get(address)
            held_us = session.finish(lease["number"], time.monotonic()) if session else None
            if held_us is None:
                continue  # the trainer that asked for it is gone
            if columns is None:
                failed = {"lease": lease["number"], "reason": messages.cut(reason or "")}
                self._send(address, "failed", failed)
            else:
                self._send(address, "batch", self._described(lease, columns, held_us), columns)
                self._samples += task.count

    def _described(self, lease: Lease, columns: Sequence[bytes], held_us: int) -> dict[str, Any]:
        """The BatchInfo of an answer."""
        place = lease["range"]
        assert place is not None
        described = [
            {
                "wire": field.wire,
                "shape": (place["count"], *field.shape),
                "checksum": xxh64_intdigest(column),
            }
            for field, column in zip(self._fields, columns, strict=True)
        ]
        return {
            "lease": lease["number"],
            "fingerprint": self._fingerprint,
            "range": place,
            "columns": described,
            "held_us": held_us,
        }

    def _send_what_is_due(self) -> None:
        for address, session in list(self._links.sessions.items()):
            for kind, values in session.tick(time.monotonic()) if address in self._sockets else ():
                self._send(address, kind, values)

    def _send(
        self, address: str, kind: str, values: Mapping[str, Any], columns: Sequence[bytes] = ()
    ) -> None:
        frames = messages.pack(kind, values, columns)
        try:
            self._sockets[address].send_multipart(frames, zmq.NOBLOCK, copy=False)
        except zmq.Again:  # no connection
            if address in self._links.sessions:
                self._links.sessions[address].begin_anew()

    def _say_bye(self) -> None:
        for address in self._sockets:
            self._send(address, "bye", {})
        _log.info("%d samples out", self._samples)

    def _show_progress(self) -> None:
        welcome, now = self._links.welcomed, time.monotonic()
        is_due = now >= self._show_at and self._samples != self._shown
        if welcome == self._was_welcome and not is_due:
            return
        if welcome != self._was_welcome:
            state = "making samples for the trainer at" if welcome else "waiting for a trainer at"
            _log.info("%s %s", state, self._recipe.uri)
        else:
            _log.info("%d samples out", self._samples)
        self._was_welcome, self._shown = welcome, self._samples
        self._show_at = now + _PROGRESS_EVERY_S
