"""A producer: connects to the trainer that a recipe names, and computes what it asks for in several processes, until stopped."""

import argparse
import logging
import signal
import sys
import threading
import time

import zmq
from xxhash import xxh64_intdigest

from . import messages
from .errors import Error, UsageError
from .recipe import load_recipe
from .schema import SPLITS, Field
from .session import Links
from .sockets import check_uri, dealer, new_routing_id, producer_keys
from .workers import Task, Workers, log_to_stderr, own_name

_log = logging.getLogger("millrace")
_LOOK_EVERY_MS = 50
_PROGRESS_EVERY_S = 10
_MOST_AT_ONCE = 1024  # messages of one rank that are taken in before the others' turn


def serve(path, provider, *overrides, processes=None, stop=None):
    """Makes the samples of a recipe's stream for trainers, until SIGTERM or Ctrl-C (or `stop`, a threading.Event).

    `provider`: a subclass of millrace.Provider, in a module (or script) that worker processes can import.
    `overrides`: as the programs take them, "--queue.uri=tcp://127.0.0.1:5555". `processes`: default: the recipe's producer.threads.
    What cannot be done ends the program with one line and status 1 or 2, as the C++ programs do."""
    log_to_stderr()
    try:
        _serve(path, provider, overrides, processes, stop or _stop_by_signal())
    except Error as error:
        print(f"millrace: {error}", file=sys.stderr, flush=True)
        raise SystemExit(error.status) from error


def main(provider, arguments=None):
    """The command line of a provider's script."""
    parser = argparse.ArgumentParser(
        usage="%(prog)s CONFIG [--key=value …] [--processes N]", allow_abbrev=False,
        description="Makes the samples of a recipe's stream for trainers, until it is stopped. Start as many as you like.")  # fmt: skip
    parser.add_argument("config")
    parser.add_argument("--processes", type=int, help="that compute samples; default: the recipe's producer.threads")
    known, overrides = parser.parse_known_args(arguments)
    serve(known.config, provider, *overrides, processes=known.processes)


def _stop_by_signal():
    stop = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    return stop


def _serve(path, provider, overrides, processes, stop):
    recipe = load_recipe(path, overrides)
    processes = recipe.threads if processes is None else processes
    if not 1 <= processes <= 1024:
        raise UsageError(f"processes = {processes}: expected a whole number from 1 to 1024")
    if check_uri(recipe.uri) not in ("tcp", "ipc"):
        raise UsageError(f"queue.uri '{recipe.uri}': a producer in Python needs tcp://HOST:PORT or ipc://PATH, where the trainer listens; "
                         "give one to both, as --queue.uri=tcp://127.0.0.1:5555")  # fmt: skip
    keys = producer_keys(recipe)
    workers = Workers(provider, recipe, processes)
    try:
        _wait_for_first(workers, stop)
        if not stop.is_set():
            _Producer(recipe, keys, workers, processes).run(stop)
    finally:
        workers.end()


def _wait_for_first(workers, stop):
    """The meta needs a provider that is ready."""
    while workers.meta is None and not stop.wait(_LOOK_EVERY_MS / 1000):
        workers.take()


class _Producer:
    def __init__(self, recipe, keys, workers, processes):
        self._recipe, self._keys, self._workers = recipe, keys, workers
        self._fields = [Field.from_message(field) for field in workers.meta["fields"]]
        self._fingerprint = workers.meta["fingerprint"]
        self._links = Links({"meta": workers.meta, "capacity": processes, "name": own_name()}, recipe.uri)
        self._context = zmq.Context()
        self._routing_id = new_routing_id()
        self._sockets = {}
        self._samples = self._shown = 0
        self._show_at = time.monotonic()
        self._was_welcome = False
        meta = workers.meta
        _log.info("stream %s: %s over %s, vocabulary %d, %d B a sample", self._fingerprint, meta["provider"], meta["dataset_name"],
                  meta["vocab_size"], sum(field.bytes_per_sample for field in self._fields))  # fmt: skip
        _log.info("to %s, %d process%s", recipe.uri, processes, "" if processes == 1 else "es")

    def run(self, stop):
        try:
            while not stop.is_set():
                self._follow_ranks()
                self._wait()
                self._hear_trainer()
                self._hear_workers()
                self._workers.hand_out(self._still_wanted)
                self._speak()
                self._show_progress()
            self._say_bye()
        finally:
            for socket in self._sockets.values():
                socket.close()
            self._context.term()

    def _follow_ranks(self):
        self._links.follow_ranks()
        for address in set(self._sockets) - set(self._links.sessions):
            self._sockets.pop(address).close()
        for address in set(self._links.sessions) - set(self._sockets):
            self._sockets[address] = dealer(self._context, address, self._routing_id, self._keys)

    def _wait(self):
        poller = zmq.Poller()
        for one in (*self._sockets.values(), *(pipe.fileno() for pipe in self._workers.pipes())):
            poller.register(one, zmq.POLLIN)
        poller.poll(_LOOK_EVERY_MS)

    def _hear_trainer(self):
        for address, socket in self._sockets.items():
            for _ in range(_MOST_AT_ONCE):
                try:
                    frames = socket.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    break
                self._take(address, frames)
        if refusal := self._links.refusal():
            raise Error(refusal)

    def _take(self, address, frames):
        try:
            kind, values, _ = messages.unpack(frames)
        except messages.OtherVersion as error:
            raise Error(f"the trainer at {address} speaks {error}: use the same version of Millrace on both sides") from error
        except messages.NotAMessage as error:
            _log.warning("%s: dropped a message: %s", address, error)
            return
        session = self._links.sessions[address]
        session.receive(kind, values, time.monotonic())
        for lease in session.take_leases():
            place = lease["range"]
            self._workers.add(Task((address, lease), SPLITS[place["split"]], place["first"], place["count"], place["stage"]))

    def _still_wanted(self, task):
        address, lease = task.asker
        return address in self._links.sessions and self._links.sessions[address].holds(lease["number"])

    def _hear_workers(self):
        for task, columns, reason in self._workers.take():
            address, lease = task.asker
            session = self._links.sessions.get(address)
            held_us = session.finish(lease["number"], time.monotonic()) if session else None
            if held_us is None:
                continue  # the trainer that asked for it is gone
            if columns is None:
                self._send(address, "failed", {"lease": lease["number"], "reason": messages.cut(reason)})
            else:
                self._send(address, "batch", self._described(lease, columns, held_us), columns)
                self._samples += task.count

    def _described(self, lease, columns, held_us):
        count = lease["range"]["count"]
        described = [{"wire": field.wire, "shape": (count, *field.shape), "checksum": xxh64_intdigest(column)}
                     for field, column in zip(self._fields, columns)]  # fmt: skip
        return {"lease": lease["number"], "fingerprint": self._fingerprint, "range": lease["range"], "columns": described,
                "held_us": held_us}  # fmt: skip

    def _speak(self):
        for address, session in list(self._links.sessions.items()):
            for kind, values in session.tick(time.monotonic()) if address in self._sockets else ():
                self._send(address, kind, values)

    def _send(self, address, kind, values, columns=()):
        try:
            self._sockets[address].send_multipart(messages.pack(kind, values, columns), zmq.NOBLOCK, copy=False)
        except zmq.Again:  # no connection
            self._links.sessions[address].begin_anew()

    def _say_bye(self):
        for address in self._sockets:
            self._send(address, "bye", {})
        _log.info("%d samples out", self._samples)

    def _show_progress(self):
        welcome, now = self._links.welcomed, time.monotonic()
        if welcome == self._was_welcome and (now < self._show_at or self._samples == self._shown):
            return
        if welcome != self._was_welcome:
            _log.info("%s %s", "making samples for the trainer at" if welcome else "waiting for a trainer at", self._recipe.uri)
        else:
            _log.info("%d samples out", self._samples)
        self._was_welcome, self._shown, self._show_at = welcome, self._samples, now + _PROGRESS_EVERY_S
