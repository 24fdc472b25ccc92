"""A provider in Python feeds the C++ trainer: exactly the function, whatever happens to its
processes, and clear words when it fails."""

import os
import re
import signal
import subprocess
import sys
import unittest

from harness import LONG_ENOUGH_S, SOURCE, SystemTest, free_port
from sdk_support import ENVIRONMENT, FRAIL, RECIPE, children, is_alive

from progressions import Progressions

STEPS, BATCH, EVAL = 12, 6, 18


class PythonProvider(SystemTest):
    def setUp(self):
        super().setUp()
        (self.folder / "frail.py").write_text(FRAIL)
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self.shared = [RECIPE, f"--queue.uri={self.address}"]

    def producer(self, *more, trouble="", processes=2, recipe=None):
        words = [
            sys.executable,
            "frail.py",
            *(recipe or self.shared),
            *more,
            "--processes",
            processes,
        ]
        return self.start_command(words, environment={**ENVIRONMENT, "TROUBLE": trouble})

    def trainer(self, *more):
        return self.start("train", *self.shared, "--out_dir=out", "--record-stream=record", *more)

    def check_record(self, steps=STEPS, evaluations=2, eval_samples=EVAL):
        """What the trainer consumed is what the function says, each sample once and in order."""
        function = Progressions.from_recipe(RECIPE)
        record = self.record("record")
        train = [(index, digest) for _, split, index, _, digest in record if split == "train"]
        self.assertEqual(
            sorted(train), list(enumerate(function.digests("train", 0, steps * BATCH)))
        )
        val = [(index, digest) for _, split, index, _, digest in sorted(record) if split == "val"]
        self.assertEqual(
            val, list(enumerate(function.digests("val", 0, eval_samples))) * evaluations
        )

    def steps_done(self):
        path = self.folder / "record"
        return len(path.read_text().splitlines()) // BATCH if path.exists() else 0

    def wait_for_workers(self, producer, count=2):
        self.wait_until(lambda: len(children(producer.pid)) >= count, "the workers run")
        return children(producer.pid)


class Feeds(PythonProvider):
    def test_a_trainer_exactly(self):
        producer = self.producer()
        self.finish(self.trainer())
        self.check_record()
        self.stop(producer)
        self.assertRegex(producer.errors, r"making samples for the trainer at tcp://127.0.0.1:\d+")

    def test_two_ranks_exactly(self):
        producer = self.producer()
        for rank in self.train_ranks(
            2,
            *self.shared,
            "--out_dir=out",
            "--record-stream=record",
            "--gradient_accumulation_steps=2",
            "--batch_size=3",
        ):
            self.finish(rank)
        self.check_record(eval_samples=EVAL // 2)
        self.stop(producer)

    def test_beside_the_same_provider_in_a_shared_library(self):
        library = self.built_library()
        ours = self.start("prepare", *self.shared, f"--provider.name={library}")
        producer = self.producer()
        self.finish(self.trainer("--max_iters=40"))
        self.check_record(steps=40, evaluations=6)
        self.stop(producer)
        self.stop(ours)
        (self.folder / "record").unlink()
        self.finish(
            self.trainer(f"--provider.name={library}", "--queue.uri=inproc://", "--out_dir=inproc")
        )
        self.check_record()

    def built_library(self):
        """By the one command of docs/how-to/add_a_provider.md."""
        page = (SOURCE / "docs/how-to/add_a_provider.md").read_text()
        line = re.search(r"```sh\n(c\+\+ .*?)\n```", page)[1].replace(
            "libmine.so", "libprogressions.so"
        )
        sources = [
            "docs/how-to/plugin_example/progressions.cc",
            "tests/providers/example_provider.cc",
        ]
        line = line.replace("mine.cc", " ".join(str(SOURCE / source) for source in sources))
        subprocess.run(
            ["bash", "-ec", line],
            cwd=self.folder,
            check=True,
            timeout=LONG_ENOUGH_S,
            env={**os.environ, "MILLRACE": str(SOURCE)},
        )
        return self.folder / "libprogressions.so"

    def test_a_trainer_that_starts_again(self):
        producer = self.producer()
        self.finish(self.trainer("--max_iters=6", "--checkpoint_interval=6"))
        self.finish(self.trainer("--resume"))
        self.check_record()
        self.stop(producer)

    def test_with_keys(self):
        for name in ("trainer", "producer"):
            made = subprocess.run(
                [SOURCE / "scripts" / "keys", name],
                cwd=self.folder,
                capture_output=True,
                text=True,
                check=True,
            )
            (self.folder / f"{name}.pub").write_text(made.stdout)
        public = (self.folder / "trainer.pub").read_text().strip()
        producer = self.producer("--queue.key_file=producer.key", f"--queue.server_key={public}")
        self.finish(
            self.trainer("--queue.key_file=trainer.key", "--queue.allowed_keys=producer.pub")
        )
        self.check_record()
        self.stop(producer)


class Survives(PythonProvider):
    """The stream is the same whoever is killed."""

    def test_a_worker_that_is_killed(self):
        producer = self.producer(trouble="slow")
        trainer = self.trainer("--max_iters=150", "--eval_interval=150")
        self.wait_until(lambda: self.steps_done() >= 5, "some steps are done")
        victim, *_ = self.wait_for_workers(producer)
        os.kill(victim, signal.SIGKILL)
        self.finish(trainer)
        self.check_record(steps=150, evaluations=1)
        self.stop(producer)
        self.assertIn(f"worker {victim} was killed by SIGKILL", producer.errors)

    def test_a_producer_that_is_killed_leaves_no_workers(self):
        one, other = self.producer(trouble="slow"), self.producer(trouble="slow")
        trainer = self.trainer("--max_iters=150", "--eval_interval=150")
        self.wait_until(lambda: self.steps_done() >= 5, "some steps are done")
        workers = self.wait_for_workers(one)
        one.kill()
        self.finish(trainer)
        self.check_record(steps=150, evaluations=1)
        self.wait_until(
            lambda: not any(is_alive(worker) for worker in workers), "the workers have ended"
        )
        self.stop(other)

    def test_one_producer_that_raises(self):
        bad, good = self.producer(trouble="raise on go"), self.producer(trouble="wait for go")
        trainer = self.trainer("--max_iters=40")
        for trouble in ("raise", "wait"):
            self.wait_until(
                lambda: list(self.folder.glob(f"{trouble} *")), "each producer has a lease"
            )
        (self.folder / "go").touch()
        self.finish(trainer)
        self.check_record(steps=40, evaluations=6)
        self.stop(bad)
        self.stop(good)
        self.assertIn("ZeroDivisionError: the well is dry", bad.errors)


class Fails(PythonProvider):
    def test_with_its_traceback_and_the_trainer_names_the_sample(self):
        producers = [self.producer(trouble="raise") for _ in range(3)]
        trainer = self.trainer()
        self.finish(trainer, status=1)
        told = re.search(
            r"error: no producer can make train samples \[(\d+), \d+\): .*failed 3 times.* "
            r"train sample (\d+): ZeroDivisionError: the well is dry",
            trainer.errors,
        )
        self.assertIsNotNone(told, trainer.errors)
        # Of several ranges that fail, any may be the first to do so three times.
        self.assertEqual(int(told[2]), max(int(told[1]), 8))
        for producer in producers:
            self.stop(producer)
        errors = "".join(producer.errors for producer in producers)
        self.assertRegex(
            errors,
            r"cannot compute train samples \[\d+, \d+\): train sample \d+: ZeroDivisionError: "
            r"the well is dry\n    Traceback",
        )
        self.assertIn('raise ZeroDivisionError("the well is dry")', errors)

    def test_when_workers_die_at_one_sample(self):
        producers = [self.producer(trouble="die", processes=1) for _ in range(3)]
        trainer = self.trainer()
        self.finish(trainer, status=1)
        self.assertRegex(trainer.errors, r"no producer can make train samples \[\d+, \d+\)")
        self.assertIn("3 workers ended at it; the last one was killed by SIGKILL", trainer.errors)
        for producer in producers:
            self.stop(producer)

    def test_when_the_trainer_has_other_settings_of_the_providers_own(self):
        producer, trainer = (
            self.producer("--settings.level=4"),
            self.trainer("--provider.settings={level = 5}"),
        )
        self.finish(producer, status=1)
        self.assertIn(
            "refused this stream: level is 5 for train and 4 for prepare", producer.errors
        )
        same = self.producer("--provider.settings.level=5")
        self.finish(trainer)
        self.check_record()
        self.stop(same)

    def test_when_the_trainer_has_other_settings(self):
        producer, trainer = self.producer("--block_size=9"), self.trainer()
        self.finish(producer, status=1)
        self.assertIn(
            "refused this stream: block_size is 8 for train and 9 for prepare", producer.errors
        )
        self.assertNotIn("Traceback", producer.errors)
        self.stop(trainer)

    def test_when_stopped_it_ends_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            producer = self.producer()
            workers = self.wait_for_workers(producer)
            self.stop(producer, with_signal=number)
            self.wait_until(
                lambda: not any(is_alive(worker) for worker in workers), "the workers have ended"
            )
            self.assertNotIn("Traceback", producer.errors)


if __name__ == "__main__":
    unittest.main()
