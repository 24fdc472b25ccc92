"""Several runs on one queue folder: each has its own cursor, and none is trained twice at a
time."""

import shutil
import signal
import unittest

from harness import SystemTest

QUEUE = "--queue.uri=file://queue"


class SharedFolder(SystemTest):
    def setUp(self):
        super().setUp()
        self.start("prepare", *self.recipe(), QUEUE)

    def train(self, out, *arguments):
        return self.start(
            "train",
            *self.recipe(),
            QUEUE,
            f"--out_dir={out}",
            f"--record-stream={out}.record",
            *arguments,
        )

    def test_two_runs_have_a_cursor_each(self):
        runs = [
            self.train(f"out-{rate}", f"--learning_rate={rate}", "--max_iters=60")
            for rate in ("1e-3", "5e-4")
        ]
        for run in runs:
            self.finish(run)
        expected = self.function("train", 60 * 6)
        for rate in ("1e-3", "5e-4"):
            train = [line[1:] for line in self.record(f"out-{rate}.record") if line[1] == "train"]
            self.assertEqual(train, expected)

    def test_a_run_that_lives_is_not_resumed_and_one_that_was_killed_is(self):
        first = self.train("out", "--max_iters=1000000", "--checkpoint_interval=3")
        self.wait_until(
            lambda: (self.folder / "out" / "step-00000006").exists(), "a checkpoint is there"
        )
        second = self.train("out", "--max_iters=1000000", "--resume")
        self.finish(second, status=2)  # the folder is held
        self.assertIn("out is being trained into by process", second.errors.splitlines()[-1])
        first.send_signal(signal.SIGSTOP)  # a folder that is written to cannot be copied
        shutil.copytree(self.folder / "out", self.folder / "copy", symlinks=True)
        first.send_signal(signal.SIGCONT)
        second = self.train("copy", "--max_iters=1000000", "--resume")
        self.finish(second, status=1)  # so is the run's part of the queue
        self.assertIn("is being trained by another process", second.errors.splitlines()[-1])
        self.assertIn("choose another train.out_dir", second.errors.splitlines()[-1])
        self.assertIsNone(first.poll())
        first.send_signal(signal.SIGKILL)
        first.communicate()
        steps = max(int(path.name[5:]) for path in (self.folder / "out").glob("step-*"))
        self.finish(self.train("out", f"--max_iters={steps + 6}", "--resume"))
        train = [line[1:] for line in self.record("out.record") if line[1] == "train"]
        self.assertEqual(train, self.function("train", (steps + 6) * 6))


if __name__ == "__main__":
    unittest.main()
