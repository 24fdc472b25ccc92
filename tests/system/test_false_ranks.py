"""Who poses as a rank of a run, or as a trainer, ends and misleads nobody."""

import pathlib
import re
import sys
import time
import unittest

import zmq

from harness import SOURCE, SystemTest, free_port

sys.path.insert(0, str(SOURCE / "python"))
from millrace import messages

EXAMPLES = SOURCE / "python/examples"
OTHER_VERSION = [b"MLRC\x09" + bytes(11), b"x"]


class Peer:
    """A DEALER at a trainer's address, with the messages of the Python SDK."""

    def __init__(self, test, address):
        context = zmq.Context()
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(address)
        test.addCleanup(context.term)
        test.addCleanup(self.socket.close)

    def ask(self, kind, values):
        """The kind and values of the answer."""
        self.socket.send_multipart(messages.pack(kind, values))
        if not self.socket.poll(10_000):
            raise AssertionError(f"no answer to {kind}")
        return messages.unpack(self.socket.recv_multipart())[:2]


class FalseTrainer:
    """A ROUTER that speaks to the producers which come to it."""

    def __init__(self, test):
        context = zmq.Context()
        self.socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.address = f"tcp://127.0.0.1:{self.socket.bind_to_random_port('tcp://127.0.0.1')}"
        self.peer = None
        test.addCleanup(context.term)
        test.addCleanup(self.socket.close)

    def receive(self, wanted, within_s=20):
        """The values of the next message of this kind."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            if not self.socket.poll(100):
                continue
            self.peer, *frames = self.socket.recv_multipart()
            kind, values, _ = messages.unpack(frames)
            if kind == wanted:
                return values
        raise AssertionError(f"no {wanted} came")

    def send(self, kind, values):
        self.send_frames(messages.pack(kind, values))

    def send_frames(self, frames):
        self.socket.send_multipart([self.peer, *frames])


class FalseRanks(SystemTest):
    def test_nobody_becomes_a_rank_without_the_secret(self):
        address = f"tcp://127.0.0.1:{free_port()}"
        trainer = self.start(
            "train", *self.recipe(), f"--queue.uri={address}", "--max_iters=1000000"
        )
        producer = self.start("prepare", *self.recipe(), f"--queue.uri={address}")
        self.wait_until(lambda: list(self.folder.glob("**/metrics.jsonl")), "a step is done")
        stranger = Peer(self, address)
        run = {
            "run_id": "0123456789abcdef",
            "rank": 1,
            "address": "garbage",
            "secret": "7" * 64,
        }
        for values in (run, {**run, "secret": ""}, {**run, "address": address}):
            kind, answer = stranger.ask("register", values)
            self.assertEqual(kind, "refuse")
            self.assertNotRegex(answer["reason"], "[0-9a-f]{16}")
        time.sleep(0.5)
        self.assertIsNone(producer.poll())
        self.stop(producer)
        self.stop(trainer)
        self.assertEqual(trainer.errors.count("refused a rank"), 1, trainer.errors)


class FalseTrainers(SystemTest):
    def prepare_at(self, trainer, *more):
        return self.start("prepare", *self.recipe(), f"--queue.uri={trainer.address}", *more)

    def test_a_producer_goes_only_where_it_may(self):
        trainer = FalseTrainer(self)
        producer = self.prepare_at(trainer, "--queue.rank_hosts=rank-host.invalid, 192.0.2.0/24")
        trainer.receive("hello")
        ranks = ["garbage", "ipc:///run/x.sock", "inproc://x", "tcp://198.51.100.1:22"]
        allowed = [
            "tcp://127.0.0.1:9",
            "tcp://rank-host.invalid:9",
            "tcp://192.0.2.7:9",
        ]
        trainer.send("welcome", {"epoch": 7, "ranks": ranks + allowed})
        digest = messages.ranks_digest(ranks + allowed)
        self.assertEqual(trainer.receive("ping")["ranks_digest"], digest)
        trainer.receive("ping")
        self.stop(producer)
        for rank in ranks:
            self.assertEqual(
                len(re.findall(rf"{re.escape(rank)}\b.*\(said once\)", producer.errors)),
                1,
                rank,
            )
        self.assertIn('set queue.rank_hosts = "198.51.100.1"', producer.errors)
        for rank in allowed:
            self.assertNotRegex(producer.errors, rf"does not go to the rank at {re.escape(rank)}")

    def test_another_rank_ends_no_producer(self):
        trainer, refuses, other_version = (FalseTrainer(self) for _ in range(3))
        producer = self.prepare_at(trainer)
        trainer.receive("hello")
        ranks = [refuses.address, other_version.address]
        trainer.send("welcome", {"epoch": 7, "ranks": ranks})
        refuses.receive("hello")
        refuses.send("refuse", {"reason": "go away"})
        other_version.receive("hello")
        other_version.send_frames(OTHER_VERSION)
        for _ in range(3):
            trainer.receive("ping")
        self.assertIsNone(producer.poll())
        trainer.send("refuse", {"reason": "another text"})  # rank 0 may
        producer.wait(20)
        self.finish(producer, status=1)
        self.assertIn("refused this stream: go away; this producer goes on", producer.errors)
        self.assertRegex(producer.errors, "speaks (another )?protocol version")
        self.assertRegex(producer.errors, "error: .* refused this stream: another text")

    def test_a_lease_that_cannot_be_is_refused_before_memory_is_taken(self):
        trainer = FalseTrainer(self)
        producer = self.prepare_at(trainer)
        trainer.receive("hello")
        trainer.send("welcome", {"epoch": 7, "ranks": []})
        cases = [
            ((0, 0, 50_000_000, None), "64 MiB of one lease"),
            ((1, 2**40, 10, None), "the val split has"),
            ((0, 0, 1, 200), "stage 200 of train is not one of"),
        ]
        for number, ((split, first, count, stage), reason) in enumerate(cases, 1):
            place = {"split": split, "first": first, "count": count, "stage": stage}
            trainer.send("lease", {"number": number, "range": place})
            failed = trainer.receive("failed")
            self.assertEqual(failed["lease"], number)
            self.assertIn(reason, failed["reason"])
        nothing = {"split": 0, "first": 0, "count": 0, "stage": None}
        trainer.send("lease", {"number": 9, "range": nothing})
        trainer.receive("ping")
        status = pathlib.Path(f"/proc/{producer.pid}/status").read_text()
        most_kib = int(re.search(r"VmHWM:\s+(\d+)", status)[1])
        self.assertLess(most_kib, 500_000)
        self.stop(producer)


class FalseTrainersOfAPythonProducer(FalseTrainers):
    def prepare_at(self, trainer, *more):
        return self.start_command(
            [
                sys.executable,
                EXAMPLES / "progressions.py",
                EXAMPLES / "progressions.toml",
                "--processes=1",
                f"--queue.uri={trainer.address}",
                *more,
            ],
            {"PYTHONPATH": str(SOURCE / "python")},
        )


if __name__ == "__main__":
    unittest.main()
