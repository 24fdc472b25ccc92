"""Several runs on one queue folder: each has its own cursor, and none is trained twice at a
time."""

import os
import shutil
import signal
import time
import unittest

from harness import BIN, SystemTest

NOBODY = 65534
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


class Neighbors(SystemTest):
    """A queue folder in which other users have things of their own."""

    PRIVATE, RING = "00000000000000aa", "00000000000000ab"

    def setUp(self):
        super().setUp()
        self.queue = self.folder / "queue"
        self.queue.mkdir()
        os.symlink(self.RING, self.queue / self.RING)
        (self.queue / "lost+found").mkdir(mode=0o700)
        self.victim = self.folder / "victim"
        self.victim.mkdir()
        (self.victim / "thesis").write_text("years of work")

    def as_somebody_else(self, program, *arguments):
        """As another user where that is possible, which needs root."""
        words = [BIN / program, *arguments]
        if os.geteuid() != 0:
            return self.start_command(words)
        private = self.queue / self.PRIVATE
        private.mkdir(mode=0o700, exist_ok=True)
        self.folder.chmod(0o777)
        self.queue.chmod(0o1777)
        ids = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        return self.start_command([*ids, *words])

    def test_what_cannot_be_read_is_skipped_and_named_once(self):
        self.as_somebody_else("prepare", *self.recipe(), QUEUE)
        run = self.as_somebody_else("train", *self.recipe(), QUEUE, "--out_dir=out")
        self.finish(run)
        there = [self.RING, *([self.PRIVATE] if os.geteuid() == 0 else [])]
        for name in there:
            named = [line for line in run.errors.splitlines() if name in line]
            self.assertEqual(len(named), 1, run.errors)
            self.assertIn("skipping the stream", named[0])
        shown = self.as_somebody_else("inspect", "queue", "queue", "--json")
        self.assertEqual(len(self.finish(shown).splitlines()), 1)
        for name in there:
            self.assertIn(f"skipping the stream {name}", shown.errors)

    def test_no_link_that_somebody_plants_is_written_or_removed_through(self):
        prepare = self.start("prepare", *self.recipe(), QUEUE)
        run = self.start("train", *self.recipe(), QUEUE, "--out_dir=out", "--max_iters=1000000")
        stream = self.wait_for_group()
        for name in (f"{0:012}.chunk", f"{0:012}.claim"):
            link = stream / "val" / name
            link.unlink(missing_ok=True)
            link.symlink_to(self.victim / "thesis")
        shutil.rmtree(stream / "groups")
        (stream / "groups").symlink_to(self.victim)
        shutil.rmtree(stream / "producers")
        (stream / "producers").symlink_to(self.victim)
        time.sleep(1.5)  # each writes several times
        self.assertIsNone(prepare.poll())
        self.stop(run)
        self.stop(prepare)
        self.assertEqual(os.listdir(self.victim), ["thesis"])
        self.assertEqual((self.victim / "thesis").read_text(), "years of work")
        self.assertIn("groups", run.errors)

    def wait_for_group(self):
        self.wait_until(lambda: list(self.queue.glob("*/groups/*/group.json")), "the run is there")
        return next(self.queue.glob("*/groups")).parent


if __name__ == "__main__":
    unittest.main()
