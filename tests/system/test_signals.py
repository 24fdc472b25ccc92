"""Signals at each phase of `train`, one rank and two, once and twice: it ends in order, and the
run goes on from what it saved."""

import os
import re
import signal
import subprocess
import time
import unittest

from harness import (
    BIN,
    LONG_ENOUGH_S,
    SMALL,
    TEXT,
    TINY,
    SystemTest,
    catches,
    free_port,
    without_ranks,
)

ENDLESS = "--max_iters=1000000"
NEVER = "1000000"

# Each phase: the arguments with which it is long, and the words of the log that it follows. None:
# as soon as the program listens to signals.
PHASES = {
    "start": ([ENDLESS, "--queue.uri=inproc://"], None),
    "waiting": ([ENDLESS, "--queue.uri=file://empty"], "waiting for data"),
    "step": ([ENDLESS, "--queue.uri=inproc://", f"--eval_interval={NEVER}"], "step 3/"),
    "evaluation": (
        [ENDLESS, "--queue.uri=inproc://", "--eval_interval=2", "--eval_iters=200000"],
        "step 2/",
    ),
    "save": (
        [ENDLESS, "--queue.uri=inproc://", f"--eval_interval={NEVER}", "--checkpoint_interval=1"],
        "step 5/",
    ),
    "end": (["--max_iters=6", "--queue.uri=inproc://"], "step 6/"),
}
PHASES_BEFORE_A_STEP = {"start", "waiting"}
AGAIN_AFTER_S = 0.005


class Signals(SystemTest):
    def setUp(self):
        super().setUp()
        (self.folder / "long.txt").write_text(TEXT * 200)  # so that an evaluation takes seconds
        self.recipe_of_long_text = [SMALL, "--data.path=long.txt", *TINY, "--val_fraction=0.5"]

    def start_train(self, *arguments, environment=None, before=()):
        """A trainer whose log goes to a file: a pipe that nobody reads would hold it up."""
        self.logs = getattr(self, "logs", 0) + 1
        log = self.folder / f"log{self.logs}"
        with log.open("w") as stderr:
            process = subprocess.Popen(
                [*before, BIN / "train", *self.recipe_of_long_text, *arguments],
                cwd=self.folder,
                env={**without_ranks(os.environ), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
        process.log = log
        self.processes.append(process)
        return process

    def start_ranks(self, world, *arguments):
        if world == 1:
            return [self.start_train(*arguments)]
        shared = {"WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1"}
        shared["MASTER_PORT"] = str(free_port())
        return [
            self.start_train(
                *arguments, environment={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)}
            )
            for rank in range(world)
        ]

    def wait_for_phase(self, ranks, words):
        self.wait_until(
            lambda: all(catches(rank.pid, signal.SIGTERM) for rank in ranks), "all ranks listen"
        )
        if words is not None:
            self.wait_until(lambda: words in ranks[0].log.read_text(), f"'{words}'")

    def finish_train(self, process):
        self.assertEqual(process.wait(timeout=30), 0, process.log.read_text())

    def saved_step(self, name):
        output, _ = self.run_program("inspect", "checkpoint", name)
        return int(re.search(r"step +(\d+)", output)[1])

    def check_phase(self, phase, numbers, world):
        arguments, words = PHASES[phase]
        arguments = [*arguments, f"--out_dir={phase}-{'-'.join(map(str, numbers))}-{world}"]
        out = arguments[-1].partition("=")[2]
        ranks = self.start_ranks(world, *arguments)
        self.wait_for_phase(ranks, words)
        for number in numbers:
            for rank in ranks:
                rank.send_signal(number)
            time.sleep(AGAIN_AFTER_S)
        for rank in ranks:
            self.finish_train(rank)
        if phase in PHASES_BEFORE_A_STEP:
            return
        step = self.saved_step(out)
        self.assertGreaterEqual(step, int(re.search(r"\d+", words)[0]))
        resumed = self.start_train(
            *arguments, f"--max_iters={step + 2}", f"--eval_interval={NEVER}", "--resume"
        )
        self.finish_train(resumed)
        self.assertIn(f"step {step + 2}/{step + 2}", resumed.log.read_text())

    def test_a_signal_ends_a_run_in_order(self):
        for phase in PHASES:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                with self.subTest(phase=phase, signal=number.name):
                    self.check_phase(phase, [number], world=1)

    def test_schedulers_send_several(self):
        for phase in PHASES:
            with self.subTest(phase=phase):
                self.check_phase(phase, [signal.SIGTERM, signal.SIGTERM, signal.SIGINT], world=1)

    def test_two_ranks(self):
        for phase in PHASES:
            with self.subTest(phase=phase):
                self.check_phase(phase, [signal.SIGTERM, signal.SIGTERM], world=2)

    def test_a_user_signal_saves_and_goes_on(self):
        for world in (1, 2):
            with self.subTest(world=world):
                ranks = self.start_ranks(world, *PHASES["step"][0], f"--out_dir=usr{world}")
                self.wait_for_phase(ranks, "step 3/")
                out = self.folder / f"usr{world}"
                self.assertEqual(list(out.glob("step-*")), [])
                ranks[-1].send_signal(signal.SIGUSR1)
                self.wait_until(lambda: list(out.glob("step-*")), "a checkpoint is there")
                saved = self.saved_step(out.name)
                self.wait_for_phase(ranks, f"step {saved + 3}/")
                for rank in ranks:
                    rank.send_signal(signal.SIGTERM)
                for rank in ranks:
                    self.finish_train(rank)

    def test_prepare_takes_a_user_signal_for_nothing(self):
        producer = self.start("prepare", *self.recipe(), "--queue.uri=file://queue")
        self.wait_until(lambda: catches(producer.pid, signal.SIGUSR1), "it listens")
        producer.send_signal(signal.SIGUSR1)
        time.sleep(0.2)
        self.assertIsNone(producer.poll())
        self.stop(producer)

    def test_a_hangup_under_nohup_is_ignored(self):
        run = self.start_train(*PHASES["step"][0], "--out_dir=out", before=["nohup"])
        self.wait_for_phase([run], "step 3/")
        run.send_signal(signal.SIGHUP)
        steps = run.log.read_text().count("step")
        self.wait_until(lambda: run.log.read_text().count("step") > steps + 9, "it goes on")
        run.send_signal(signal.SIGTERM)
        self.finish_train(run)

    def test_a_reader_of_the_log_that_goes_harms_nothing(self):
        run = self.start(
            "train", *self.recipe(), "--max_iters=40", "--queue.uri=inproc://", "--out_dir=out"
        )
        run.stderr.readline()
        run.stderr.close()
        run.stdout.close()
        self.assertEqual(run.wait(timeout=LONG_ENOUGH_S), 0)
        self.processes.remove(run)
        self.assertEqual(self.saved_step("out"), 40)


if __name__ == "__main__":
    unittest.main()
