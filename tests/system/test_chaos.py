"""Real processes killed, stopped and started again at random, and the committed history is the
function all the same.

For MILLRACE_CHAOS_SECONDS (60) three producers and a trainer of two ranks are killed with -9,
stopped and continued, in an order that follows from MILLRACE_CHAOS_SEED (1). Then they are left in
peace for some steps, and every sample that was recorded is compared with what the pure function
says: none lost, none doubled, none out of order. No process may be left behind.

Only the actions follow from the seed; when they meet which sample is up to the machine, and must
not matter."""

import os
import pathlib
import random
import signal
import time
import unittest

from harness import SystemTest, free_port

SECONDS = float(os.environ.get("MILLRACE_CHAOS_SECONDS", "60"))
SEED = int(os.environ.get("MILLRACE_CHAOS_SEED", "1"))

PRODUCERS, RANKS = 3, 2
BATCH, ACCUMULATION, EVAL_ITERS, EVAL_INTERVAL = 6, 2, 3, 25
GLOBAL_BATCH = BATCH * ACCUMULATION
STEPS_IN_PEACE = 30
SURVIVORS_END_WITHIN_S = 30  # train.timeout_s is 10


class Chaos(SystemTest):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.makers = [None] * PRODUCERS
        self.ranks = []
        self.done = {}  # action → how often

    # --- Processes.

    def arguments(self):
        return [
            *self.recipe(),
            f"--queue.uri={self.uri}",
            f"--gradient_accumulation_steps={ACCUMULATION}",
        ]

    def start_trainer(self, max_iters=10**9):
        training = [
            f"--max_iters={max_iters}",
            f"--eval_interval={EVAL_INTERVAL}",
            f"--eval_iters={EVAL_ITERS}",
        ]
        training += ["--checkpoint_interval=5", "--timeout_s=10", f"--log_interval={10**6}"]
        where = ["--out_dir=out", "--record-stream=record", "--resume=auto"]
        self.ranks = self.train_ranks(RANKS, *self.arguments(), *training, *where)

    def start_missing_makers(self):
        for i, maker in enumerate(self.makers):
            if maker is None:
                self.makers[i] = self.start("prepare", *self.arguments())

    def bury(self, process):
        """Waits for one that was killed."""
        process.communicate()

    def left_behind(self):
        """Processes that run in this test's folder."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and (entry / "cwd").resolve() == self.folder.resolve():
                    found.append(entry.name)
            except OSError:  # it has just ended, or is not ours to look at
                continue
        return found

    # --- What happens to them.

    def kill_maker(self):
        i = self.random.randrange(PRODUCERS)
        if self.makers[i] is None:
            return
        self.makers[i].kill()
        self.bury(self.makers[i])
        self.makers[i] = None

    def stop_maker_for_a_while(self):
        maker = self.random.choice(self.makers)
        if maker is not None:
            self.stop_for_a_while(maker)

    def stop_rank_for_a_while(self):
        self.stop_for_a_while(self.random.choice(self.ranks))

    def stop_for_a_while(self, process):
        process.send_signal(signal.SIGSTOP)
        time.sleep(self.random.uniform(0.1, 2.0))
        process.send_signal(signal.SIGCONT)

    def kill_rank(self):
        """The others end by themselves, and all are started again, as torchrun would."""
        victim = self.random.choice(self.ranks)
        victim.kill()
        self.bury(victim)
        for survivor in self.ranks:
            if survivor is not victim:
                _, errors = survivor.communicate(timeout=SURVIVORS_END_WITHIN_S)
                self.assertEqual(survivor.returncode, 1, errors)
        self.start_trainer()

    def kill_trainer(self):
        for rank in self.ranks:
            rank.kill()
        for rank in self.ranks:
            self.bury(rank)
        self.start_trainer()

    def make_chaos(self):
        actions = {
            self.kill_maker: 4,
            self.start_missing_makers: 4,
            self.stop_maker_for_a_while: 3,
            self.stop_rank_for_a_while: 2,
            self.kill_rank: 1,
            self.kill_trainer: 1,
        }
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            time.sleep(self.random.uniform(0.0, 1.5))
            self.check_ranks_live()
            action = self.random.choices(list(actions), list(actions.values()))[0]
            action()
            self.done[action.__name__] = self.done.get(action.__name__, 0) + 1

    def check_ranks_live(self):
        for rank in self.ranks:
            if rank.poll() is not None:
                self.fail(f"a rank ended by itself with {rank.returncode}: {rank.communicate()}")

    # --- What must be so.

    def steps_saved(self):
        return max(
            (int(path.name.removeprefix("step-")) for path in (self.folder / "out").glob("step-*")),
            default=0,
        )

    def finish_in_peace(self):
        """Some more steps; how many there are in all."""
        self.start_missing_makers()
        before = self.steps_saved()
        self.wait_until(lambda: self.steps_saved() > before, "the trainer has come further")
        for rank in self.ranks:
            rank.send_signal(signal.SIGTERM)
        for rank in self.ranks:
            self.finish(rank)
        steps = self.steps_saved() + STEPS_IN_PEACE
        self.start_trainer(max_iters=steps)
        for rank in self.ranks:
            self.finish(rank)
        for maker in self.makers:
            self.stop(maker)
        return steps

    def check_record(self, steps):
        record = self.record("record")
        train = sorted(line for line in record if line[1] == "train")
        self.assertEqual(
            [line[0] for line in train],
            [1 + i // GLOBAL_BATCH for i in range(steps * GLOBAL_BATCH)],
        )
        self.assertEqual([line[1:] for line in train], self.function("train", steps * GLOBAL_BATCH))
        val = sorted(line for line in record if line[1] == "val")
        evaluated = self.function("val", BATCH * EVAL_ITERS)
        evaluations = sorted({line[0] for line in val})
        self.assertLessEqual(set(range(EVAL_INTERVAL, steps, EVAL_INTERVAL)), set(evaluations))
        self.assertEqual([line[1:] for line in val], evaluated * len(evaluations))

    def check(self, uri):
        self.uri = uri
        self.start_missing_makers()
        self.start_trainer()
        self.make_chaos()
        steps = self.finish_in_peace()
        self.check_record(steps)
        self.assertEqual(self.left_behind(), [])
        print(f"{uri}: {steps} steps, {steps * GLOBAL_BATCH} samples; {self.done}", flush=True)

    def test_over_tcp(self):
        self.check(f"tcp://127.0.0.1:{free_port()}")

    def test_over_a_folder(self):
        self.check("file://queue")


if __name__ == "__main__":
    unittest.main()
