"""A producer written from docs/reference/message.md alone, with pyzmq, protobuf and xxhash: not our
code, but what somebody else would write.

It connects to rank 0, holds the same conversation with every rank that Welcome names, and answers
leases until it is stopped. What it says goes through `hello` and `frames`, so that a test can make
it say something else."""

import importlib
import os
import subprocess
import sys
import tempfile
import threading
import time

import zmq
from xxhash import xxh64_intdigest

from harness import SOURCE

MAGIC = b"MLRC\1\0\0\0"  # and version 1
HELLO_EVERY_S, PING_EVERY_S, LISTEN_MS = 0.5, 0.2, 20


def load_messages():
    """The Python classes that protoc makes of stream.proto."""
    with tempfile.TemporaryDirectory(prefix="millrace-protoc-") as folder:
        subprocess.run(
            ["protoc", f"-I{SOURCE / 'proto'}", f"--python_out={folder}", "stream.proto"],
            check=True,
        )
        sys.path.insert(0, folder)
        try:
            return importlib.import_module("stream_pb2")
        finally:
            sys.path.remove(folder)


def with_first_frame(header, columns, magic=MAGIC):
    """The frames of a message, from its header's bytes on."""
    return [magic + xxh64_intdigest(header).to_bytes(8, "little"), header, *columns]


class Conversation:
    """With one rank, over a DEALER of its own."""

    def __init__(self, producer, address):
        self.producer = producer
        self.socket = producer.context.socket(zmq.DEALER)
        self.socket.routing_id = producer.routing_id
        self.socket.linger = 0
        self.socket.connect(address)
        self.epoch = None
        self.ranks = []
        self.spoke = 0.0

    def close(self):
        self.socket.close()

    def step(self):
        """Says what is due, then takes what has come."""
        self.say_what_is_due()
        while self.socket.poll(0):
            self.take(self.socket.recv_multipart())

    def say_what_is_due(self):
        now = time.monotonic()
        if now - self.spoke < (HELLO_EVERY_S if self.epoch is None else PING_EVERY_S):
            return
        self.spoke = now
        header = self.producer.messages.Header()
        if self.epoch is None:
            self.producer.hello(header.hello)
        else:
            header.ping.epoch = self.epoch
            header.ping.leases.extend(self.producer.held(self))
            header.ping.ranks_digest = xxh64_intdigest(
                "".join(rank + "\n" for rank in self.ranks).encode()
            )
        self.send(header)

    def send(self, header, columns=()):
        self.socket.send_multipart(self.producer.frames(header, columns))

    def take(self, frames):
        header = self.producer.messages.Header.FromString(frames[1])
        kind = header.WhichOneof("kind")
        if kind == "welcome":
            self.epoch, self.ranks = header.welcome.epoch, list(header.welcome.ranks)
            self.producer.welcomed(self)
        elif kind == "lease" and self.epoch is not None:
            self.producer.answer(self, header.lease)
        elif kind == "refuse":
            self.producer.refusals.append(header.refuse.reason)
            self.producer.stopping.set()
        elif kind in ("say_hello", "bye"):
            self.epoch = None


class ForeignProducer(threading.Thread):
    def __init__(self, messages, stream, address):
        super().__init__(daemon=True)
        self.messages, self.stream, self.address = messages, stream, address
        self.routing_id = b"f" + os.urandom(15)
        self.context = zmq.Context()
        self.refusals = []
        self.answered = 0
        self.stopping = threading.Event()

    def run(self):
        self.conversations = {self.address: Conversation(self, self.address)}
        while not self.stopping.is_set():
            for conversation in list(self.conversations.values()):
                conversation.step()
            self.work()
            poller = zmq.Poller()
            for conversation in self.conversations.values():
                poller.register(conversation.socket, zmq.POLLIN)
            poller.poll(LISTEN_MS)
        for conversation in self.conversations.values():
            conversation.close()
        self.context.term()

    def stop(self):
        self.stopping.set()
        self.join()

    def hello(self, hello):
        self.stream.describe(hello.meta)
        hello.capacity = 2

    def welcomed(self, conversation):
        if conversation is not self.conversations[self.address]:
            return
        ranks = conversation.ranks
        for address in set(self.conversations) - {self.address, *ranks}:
            self.conversations.pop(address).close()
        for address in set(ranks) - set(self.conversations):
            self.conversations[address] = Conversation(self, address)

    def answer(self, conversation, lease):
        columns = self.stream.columns(lease.range.split, lease.range.first, lease.range.count)
        header = self.messages.Header()
        batch = header.batch
        batch.lease, batch.fingerprint = lease.number, self.stream.fingerprint()
        batch.range.CopyFrom(lease.range)
        for (wire, shape), column in zip(self.stream.shapes(lease.range.count), columns):
            batch.columns.add(wire=wire, shape=shape, checksum=xxh64_intdigest(column))
        conversation.send(header, columns)
        self.answered += 1

    def held(self, conversation):
        """The leases that have been read and not answered: none, since each is answered at once."""
        return []

    def work(self):
        pass

    def frames(self, header, columns):
        return with_first_frame(header.SerializeToString(), columns)


class SlowProducer(ForeignProducer):
    """Needs so long for every range but the first ones, one after the other, and answers the socket
    meanwhile."""

    def __init__(self, messages, stream, address, needs_s, quick=0):
        super().__init__(messages, stream, address)
        self.needs_s = needs_s
        self.quick = quick  # ranges that it answers at once
        self.at_hand = []  # (conversation, lease)
        self.since = None  # when work on the first of them began

    def answer(self, conversation, lease):
        if self.quick:
            self.quick -= 1
            return super().answer(conversation, lease)
        self.at_hand.append(
            (conversation, self.messages.Lease.FromString(lease.SerializeToString()))
        )

    def held(self, conversation):
        return [lease.number for to, lease in self.at_hand if to is conversation]

    def work(self):
        now = time.monotonic()
        self.since = (self.since or now) if self.at_hand else None
        if self.since is None or now - self.since < self.needs_s:
            return
        conversation, lease = self.at_hand.pop(0)
        self.since = None
        if conversation.epoch is not None:
            super().answer(conversation, lease)
