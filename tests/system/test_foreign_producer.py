"""docs/ are enough to write a producer: one that is not ours delivers the function. And one that
misbehaves harms nobody."""

import os
import socket
import threading
import unittest

from xxhash import xxh64_intdigest

from foreign_producer import ForeignProducer, SlowProducer, load_messages, with_first_frame
from foreign_stream import PROBED, ForeignStream
from harness import LONG_ENOUGH_S, SystemTest, free_port

STEPS, BATCH, EVAL_ITERS, EVALUATIONS = 12, 6, 3, 2
NO_SCHEDULE = ["--schedule=none"]


class ForeignTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.messages = load_messages()

    def setUp(self):
        super().setUp()
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self.overrides = [*NO_SCHEDULE, f"--queue.uri={self.address}"]
        self.training = [*self.recipe(), *self.overrides, "--out_dir=out", "--record-stream=record"]

    def stream(self, text=None):
        text = text or (self.folder / "text.txt").read_bytes()
        return ForeignStream(
            text, "text.txt", block_size=24, mask_probability=0.15, val_fraction=0.1, seed=1337
        )

    def started(self, producer):
        producer.start()
        self.addCleanup(producer.stop)
        return producer

    def check_record(self):
        record = self.record("record")
        train = sorted(line[1:] for line in record if line[1] == "train")
        self.assertEqual(train, self.function("train", STEPS * BATCH, *NO_SCHEDULE))
        val = sorted(line for line in record if line[1] == "val")
        self.assertEqual(
            [line[1:] for line in val],
            self.function("val", BATCH * EVAL_ITERS, *NO_SCHEDULE) * EVALUATIONS,
        )


class AForeignProducer(ForeignTest):
    def test_delivers_the_function(self):
        producer = self.started(ForeignProducer(self.messages, self.stream(), self.address))
        self.run_program("train", *self.training)
        self.assertGreater(producer.answered, 0)
        self.check_record()

    def test_delivers_to_two_ranks(self):
        producer = self.started(ForeignProducer(self.messages, self.stream(), self.address))
        for rank in self.train_ranks(2, *self.training):
            self.finish(rank)
        self.assertGreater(producer.answered, 0)
        self.check_record()

    def test_shares_the_work_with_ours(self):
        self.started(ForeignProducer(self.messages, self.stream(), self.address))
        ours = self.start("prepare", *self.recipe(), *self.overrides)
        self.run_program("train", *self.training)
        self.stop(ours)
        self.check_record()

    def test_of_another_text_is_refused_with_the_reason(self):
        ours = self.start("prepare", *self.recipe(), *self.overrides)
        trainer = self.start("train", *self.training, "--max_iters=1000000")
        self.wait_until(
            lambda: (self.folder / "record").exists() and (self.folder / "record").read_text(),
            "a step is done",
        )
        other = self.stream((self.folder / "text.txt").read_bytes().replace(b"water", b"later"))
        producer = self.started(ForeignProducer(self.messages, other, self.address))
        self.wait_until(lambda: producer.refusals, "the foreign producer is refused")
        self.assertIn("dataset", producer.refusals[0])
        self.assertEqual(producer.answered, 0)
        self.stop(trainer)
        self.stop(ours)


class ASlowProvider(ForeignTest):
    """Slow and hanging are told apart, though both answer the socket all the time."""

    def test_that_needs_three_seconds_for_every_range_is_heard(self):
        producer = self.started(SlowProducer(self.messages, self.stream(), self.address, needs_s=3))
        self.run_program("train", *self.training, "--max_iters=2", "--eval_interval=100")
        self.assertGreater(producer.answered, 1)
        train = [line[1:] for line in self.record("record")]
        self.assertEqual(train, self.function("train", 2 * BATCH, *NO_SCHEDULE))

    def test_that_hangs_in_a_range_ends_in_an_error_that_names_it(self):
        self.started(
            SlowProducer(self.messages, self.stream(), self.address, needs_s=10**6, quick=1)
        )
        _, errors = self.run_program("train", *self.training, "--late_s=0.1", status=1)
        self.assertRegex(errors, r"no producer can make train samples \[\d+, \d+\): late 6 times")
        self.assertIn("raise queue.late_s", errors)


class ForgedFingerprint(ForeignProducer):
    noticed_as = "header cannot be read"

    def hello(self, hello):
        super().hello(hello)
        hello.meta.fingerprint = "0123456789abcdef"


class UnknownKind(ForeignProducer):
    noticed_as = "header cannot be read"

    def frames(self, header, columns):
        return with_first_frame(b"\x9a\x06\x00", [])  # an empty message as field 99


class WrongVersion(ForeignProducer):
    noticed_as = "protocol version"

    def frames(self, header, columns):
        return with_first_frame(header.SerializeToString(), columns, b"MLRC\2\0\0\0")


class Rubbish(ForeignProducer):
    """Speaks ZeroMQ, and nothing else that we know."""

    noticed_as = "not a Millrace message"

    def frames(self, header, columns):
        return [os.urandom(size) for size in (8, 300, 0)]


class DamagedHeader(ForeignProducer):
    """A header that does not match its checksum."""

    noticed_as = "header cannot be read"

    def frames(self, header, columns):
        first, rest, *more = super().frames(header, columns)
        return [first, rest + b"\x9a\x06\x00", *more]


class NotAsked(ForeignProducer):
    """Answers leases that nobody gave it."""

    noticed_as = "to a lease that it was not given"

    def frames(self, header, columns):
        header.batch.lease ^= (1 << 63) * header.HasField("batch")
        return super().frames(header, columns)


class NotWhatWasAsked(ForeignProducer):
    """The right bytes under another stream's name."""

    noticed_as = "it was not what it was asked for"

    def frames(self, header, columns):
        if columns:
            header.batch.fingerprint = "0123456789abcdef"
        return super().frames(header, columns)


class Damaged(ForeignProducer):
    """Bytes that do not match their checksum."""

    noticed_as = "it was damaged"

    def frames(self, header, columns):
        return [
            *super().frames(header, columns)[:2],
            *(bytes([column[0] ^ 1]) + column[1:] for column in columns),
        ]


class Poisoned(ForeignProducer):
    """Its first samples are right; then `value` stands in one place of one column."""

    noticed_as = "of values that the meta does not allow"
    column, value = 0, 200

    def answer(self, conversation, lease):
        self.at_probe = lease.range.split == 0 and lease.range.first < PROBED
        super().answer(conversation, lease)

    def frames(self, header, columns):
        if columns and not self.at_probe:
            columns = list(columns)
            columns[self.column] = bytes([self.value]) + columns[self.column][1:]
            header.batch.columns[self.column].checksum = xxh64_intdigest(columns[self.column])
        return super().frames(header, columns)


class InputBeyondTheVocabulary(Poisoned):
    pass


class TargetBeyondTheVocabulary(Poisoned):
    column = 1


class StageBeyondTheLast(Poisoned):
    column, value = 2, 1


class BadFromTheFirst(ForeignStream):
    """A stream whose own first sample has such a value."""

    def sample(self, split, index):
        x, *others = super().sample(split, index)
        return (b"\xc8" + x[1:] if (split, index) == (0, 0) else x, *others)


BAD = [
    ForgedFingerprint,
    UnknownKind,
    WrongVersion,
    DamagedHeader,
    Rubbish,
    NotAsked,
    NotWhatWasAsked,
    Damaged,
    InputBeyondTheVocabulary,
]
CAUSES = {kind.noticed_as for kind in BAD}


class BadPeers(ForeignTest):
    def send_random_bytes(self):
        """Straight to the port, past ZeroMQ, once it is open."""
        host, port = self.address.removeprefix("tcp://").split(":")
        with socket.socket() as connection:
            self.wait_until(
                lambda: connection.connect_ex((host, int(port))) == 0, "the trainer listens"
            )
            connection.sendall(os.urandom(100_000))

    def read_until(self, process, parts):
        """Lines of stderr until each of the parts has stood in one."""
        lines = []
        while not all(any(part in line for line in lines) for part in parts):
            lines.append(process.stderr.readline())
            self.assertTrue(
                lines[-1], f"the end of stderr before all of {parts}:\n{''.join(lines)}"
            )
        return lines

    def test_are_named_once_each_and_harm_nobody(self):
        trainer = self.start("train", *self.training)
        too_long = threading.Timer(LONG_ENOUGH_S, trainer.kill)
        too_long.start()
        self.addCleanup(too_long.cancel)
        self.send_random_bytes()
        peers = [self.started(kind(self.messages, self.stream(), self.address)) for kind in BAD]
        lines = self.read_until(trainer, CAUSES)
        ours = self.start("prepare", *self.recipe(), *self.overrides)
        lines += trainer.stderr.readlines()
        self.finish(trainer)
        self.stop(ours)
        for cause in CAUSES:
            self.assertEqual(sum(cause in line for line in lines), 1, f"{cause}:\n{''.join(lines)}")
        self.assertIn("version", peers[BAD.index(WrongVersion)].refusals[0])
        self.check_record()


class BadValues(ForeignTest):
    """Values that the meta does not allow reach no model: their producer is named and refused."""

    def check_refused(self, peer, sentence):
        trainer = self.start("train", *self.training)
        self.started(peer)
        self.wait_until(lambda: peer.refusals, "the peer is refused")
        self.assertRegex(peer.refusals[0], sentence)
        ours = self.start("prepare", *self.recipe(), *self.overrides)
        self.finish(trainer)
        self.stop(ours)
        self.assertRegex(trainer.errors, sentence)
        self.check_record()

    def poisoned(self, kind):
        return kind(self.messages, self.stream(), self.address)

    def test_an_input_beyond_the_vocabulary(self):
        self.check_refused(
            self.poisoned(InputBeyondTheVocabulary),
            r"x of train sample \d+ is 200: tokens are below \d+",
        )

    def test_a_target_beyond_the_vocabulary(self):
        self.check_refused(
            self.poisoned(TargetBeyondTheVocabulary),
            r"y of train sample \d+ is 200: tokens are below \d+, or 255 for none",
        )

    def test_a_stage_beyond_the_last(self):
        self.check_refused(
            self.poisoned(StageBeyondTheLast),
            r"stage of train sample \d+ is 1: train has 1 stage",
        )

    def test_a_stream_that_breaks_its_own_meta_is_never_taken(self):
        text = (self.folder / "text.txt").read_bytes()
        bad = BadFromTheFirst(
            text, "text.txt", block_size=24, mask_probability=0.15, val_fraction=0.1, seed=1337
        )
        self.check_refused(
            ForeignProducer(self.messages, bad, self.address),
            r"x of train sample 0 is 200: tokens are below",
        )


if __name__ == "__main__":
    unittest.main()
