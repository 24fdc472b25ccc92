"""Starting, stopping and going on: clean ends, exact resumes, and ranks that miss each other."""

import json
import signal
import time
import unittest

from harness import SystemTest


class Ends(SystemTest):
    def test_prepare_leaves_nothing_half_written(self):
        for with_signal in (signal.SIGINT, signal.SIGTERM):
            queue = f"queue-{with_signal}"
            maker = self.start(
                "prepare", *self.recipe(), f"--queue.uri=file://{queue}", "--producer.threads=3"
            )
            self.wait_until(
                lambda: list(self.folder.glob(f"{queue}/*/train/*.chunk")), "a chunk is there"
            )
            self.stop(maker, with_signal)
            leftovers = [
                path.name
                for path in self.folder.glob(f"{queue}/*/*/*")
                if path.suffix not in (".chunk", ".json")
            ]
            self.assertEqual(leftovers, [])

    def test_prepare_ends_once_its_samples_are_there(self):
        for _ in range(2):  # the second time they are there already
            output, _ = self.run_program(
                "prepare", *self.recipe(), "--queue.uri=file://queue", "--samples", 200, "--json"
            )
            json.loads(output)
        self.assertTrue(list(self.folder.glob("queue/*/train/*.chunk")))

    def test_train_saves_a_checkpoint_and_leaves_with_0(self):
        for with_signal in (signal.SIGINT, signal.SIGTERM):
            out = self.folder / f"out-{with_signal}"
            arguments = [
                *self.recipe(),
                "--queue.uri=inproc://",
                f"--out_dir={out.name}",
                "--max_iters=1000000",
            ]
            trainer = self.start("train", *arguments)
            self.wait_until(
                lambda: (out / "metrics.jsonl").exists() and (out / "metrics.jsonl").read_text(),
                "a step is done",
            )
            self.stop(trainer, with_signal)
            self.assertTrue((out / "latest" / "model.safetensors").exists())

    def test_train_that_waits_for_data_can_be_stopped(self):
        trainer = self.start("train", *self.recipe(), "--queue.uri=file://queue", "--out_dir=out")
        self.assertIn("waiting for data", trainer.stderr.readline() + trainer.stderr.readline())
        self.stop(trainer)

    def test_a_signal_to_one_rank_ends_all_at_the_same_step(self):
        arguments = [
            *self.recipe(),
            "--queue.uri=inproc://",
            "--out_dir=out",
            "--max_iters=1000000",
            "--record-stream=record",
        ]
        ranks = self.train_ranks(2, *arguments)
        self.wait_until(
            lambda: (self.folder / "record").exists() and (self.folder / "record").read_text(),
            "a step is done",
        )
        self.stop(ranks[1])
        self.finish(ranks[0])
        steps = json.loads((self.folder / "out" / "latest" / "trainer.json").read_text())["step"]
        train = [line for line in self.record("record") if line[1] == "train"]
        self.assertEqual(len(train), steps * 6)
        self.assertEqual(max(line[0] for line in train), steps)


class RanksMissEachOther(SystemTest):
    """Two ranks; what happens to one ends both: at the same step, or with an error within
    train.timeout_s and a little."""

    TIMEOUT_S = 4
    A_LITTLE_S = 6  # to start a collective, to fail, to leave

    def start_ranks(self, uri="inproc://", more=(), more_of_second=()):
        self.arguments = [
            *self.recipe(),
            f"--queue.uri={uri}",
            "--out_dir=out",
            "--max_iters=1000000",
            "--record-stream=record",
        ]
        self.arguments += [f"--timeout_s={self.TIMEOUT_S}", *more]
        return self.train_ranks(2, *self.arguments, more_of_last=more_of_second)

    def wait_for_a_step(self):
        self.wait_until(
            lambda: (self.folder / "record").exists() and (self.folder / "record").read_text(),
            "a step is done",
        )

    def wait_for_line(self, process, text):
        """Reads the process's stderr up to a line with this text."""
        while text not in (line := process.stderr.readline()):
            self.assertTrue(line, f"{process.args} ended without saying: {text}")

    def expect_missed(self, survivor, since):
        """It names the operation at which it waited, and the other rank."""
        self.finish(survivor, status=1)
        self.assertRegex(
            survivor.errors,
            r"error: rank \d of 2 waited for the other ranks at .*, up to 4 s \(train.timeout_s\)",
        )
        self.assertLess(time.monotonic() - since, self.TIMEOUT_S + self.A_LITTLE_S)

    def test_either_is_killed(self):
        for victim in (0, 1):
            with self.subTest(victim):
                ranks = self.start_ranks(
                    more=[f"--out_dir=out-{victim}", f"--record-stream=record-{victim}"]
                )
                path = self.folder / f"record-{victim}"
                self.wait_until(lambda: path.exists() and path.read_text(), "a step is done")
                ranks[victim].kill()
                self.expect_missed(ranks[1 - victim], time.monotonic())

    def test_one_is_suspended(self):
        first, second = self.start_ranks()
        self.wait_for_a_step()
        second.send_signal(signal.SIGSTOP)
        self.expect_missed(first, time.monotonic())
        second.send_signal(signal.SIGCONT)
        self.expect_missed(second, time.monotonic())

    def test_one_is_stopped_while_both_wait_for_the_first_data(self):
        first, second = self.start_ranks("file://queue")
        self.wait_for_line(first, "waiting for data")
        self.stop(second)
        self.finish(first)

    def test_one_is_killed_while_both_wait_for_the_first_data(self):
        first, second = self.start_ranks("file://queue")
        self.wait_for_line(first, "waiting for data")
        second.kill()
        self.expect_missed(first, time.monotonic())

    def test_one_is_killed_while_both_wait_for_more_data(self):
        self.run_program("prepare", *self.recipe(), "--queue.uri=file://queue", "--samples", 12)
        large = [
            "--eval_interval=1000000",
            "--batch_size=1024",
        ]  # a few steps use all that is in the first file
        first, second = self.start_ranks("file://queue", large)
        self.wait_for_line(first, "waiting for train sample")
        second.kill()
        self.expect_missed(first, time.monotonic())

    def test_waiting_longer_than_the_timeout_is_no_failure(self):
        arguments = ["--max_iters=6", "--timeout_s=3"]
        first, second = self.start_ranks("file://queue", arguments)
        self.wait_for_line(first, "waiting for data")
        time.sleep(7)  # more than twice the timeout
        maker = self.start("prepare", *self.recipe(), "--queue.uri=file://queue")
        self.finish(first), self.finish(second)
        self.stop(maker)

    def test_one_cannot_open_its_stream(self):
        first, second = self.start_ranks(more_of_second=["--data.path=none.txt"])
        self.finish(second, status=1)
        self.assertIn("none.txt", second.errors)
        self.finish(first, status=1)
        self.assertIn(
            "error: another rank failed at opening the stream; its own error says why", first.errors
        )

    def test_a_loss_that_is_no_number_ends_both_at_the_same_step(self):
        hot = [
            "--learning_rate=10",
            "--min_lr=10",
            "--warmup_iters=0",
            "--grad_clip=0",
            "--weight_decay=10",
            "--dtype=float32",
        ]
        steps = []
        for rank in self.start_ranks(more=hot):
            self.finish(rank, status=1)
            self.assertRegex(
                rank.errors,
                r"error: steps \d+ to \d+: no finite loss and gradient "
                r"\(train.max_bad_steps = 10\)",
            )
            steps.append(rank.errors.split("error: steps ")[1].split(":")[0])
        self.assertEqual(steps[0], steps[1])


class Resumes(SystemTest):
    """40 steps in one go, and 20, a new process and 20 more, are the same bit by bit."""

    LONG = [
        "--queue.uri=inproc://",
        "--train.threads=2",
        "--dropout=0.1",
        "--eval_interval=10",
        "--checkpoint_interval=20",
    ]

    def check(self, *overrides):
        arguments = [*self.recipe(), *self.LONG, *overrides]
        self.run_program(
            "train", *arguments, "--max_iters=40", "--out_dir=once", "--record-stream=once.record"
        )
        self.run_program(
            "train", *arguments, "--max_iters=20", "--out_dir=twice", "--record-stream=twice.record"
        )
        self.run_program(
            "train",
            *arguments,
            "--max_iters=40",
            "--out_dir=twice",
            "--record-stream=twice.record",
            "--resume",
        )
        for name in ("model.safetensors", "optimizer.safetensors"):
            once, twice = (self.folder / run / "latest" / name for run in ("once", "twice"))
            self.assertEqual(once.read_bytes(), twice.read_bytes(), name)
        self.assertEqual(self.record("once.record"), self.record("twice.record"))
        self.assertEqual(self.losses("once"), self.losses("twice"))

    def losses(self, out):
        lines = (self.folder / out / "metrics.jsonl").read_text().splitlines()
        return [(line["step"], line["split"], line["loss"]) for line in map(json.loads, lines)]

    def test_float32(self):
        self.check("--dtype=float32")

    def test_bfloat16(self):
        self.check("--dtype=bfloat16")

    def test_after_going_on_beyond_the_checkpoint(self):
        """A run that is killed after its checkpoint: what it did since is cut away, and done again
        alike."""
        arguments = [
            *self.recipe(),
            *self.LONG,
            "--max_iters=30",
            "--out_dir=out",
            "--record-stream=record",
        ]
        self.run_program("train", *arguments)
        whole, losses = self.record("record"), self.losses("out")
        self.run_program("train", *arguments, "--resume=out/step-00000020")
        self.assertEqual(self.record("record"), whole)
        self.assertEqual(self.losses("out"), losses)

    def test_auto_starts_and_goes_on(self):
        arguments = [*self.recipe(), *self.LONG, "--out_dir=out", "--resume=auto"]
        self.run_program("train", *arguments, "--max_iters=20")
        self.run_program("train", *arguments, "--max_iters=40")
        self.assertTrue((self.folder / "out" / "step-00000040").is_dir())


if __name__ == "__main__":
    unittest.main()
