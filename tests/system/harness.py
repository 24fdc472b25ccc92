"""What the system tests share: run Millrace's programs in a temporary folder, and end what was
started, by process id."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

BIN = pathlib.Path(os.environ["MILLRACE_BIN"]).resolve()
SOURCE = pathlib.Path(__file__).resolve().parents[2]
SMALL = SOURCE / "config" / "char_diffusion_small.toml"
LONG_ENOUGH_S = 120

# A model and batches so small that a step takes milliseconds; the stream keeps the recipe's nine
# stages.
TINY = [
    "--provider.block_size=24",
    "--batch_size=6",
    "--n_layer=1",
    "--n_head=2",
    "--n_embd=16",
    "--max_iters=12",
    "--eval_interval=6",
    "--eval_iters=3",
    "--log_interval=1",
    "--window_batches=8",
    "--train.threads=1",
    "--device=cpu",
]

TEXT = "".join(
    f"{who}:\nThe {what} runs {how} to the mill,\nand number {i} stands still.\n\n"
    for i, (who, what, how) in enumerate(
        (who, what, how)
        for who in ("MILLER", "WHEEL", "RACE", "RIVER")
        for what in ("water", "stream", "barge", "grain", "stone")
        for how in ("fast", "slow", "down", "late", "over", "by")
    )
)

# The cascade's documents: words of several kinds, so that a chunk of 16 tokens has 8 to pick. All
# its recipes share the shards.
CASCADE_TEXT = "".join(
    f"{who} number {i} {does} the {what}, and never says {why}.\n"
    for i in range(40)
    for who in ("Anna", "The old miller", "A young sailor")
    for does in ("opens", "quickly paints", "wants to sell")
    for what, why in (("gate", "why"), ("boat", "how"), ("wheel", "when"))
)
SHARDS = [
    "--data.path=lines.txt",
    "--data.format=lines",
    "--data.shards=shards",
    "--val_fraction=0.1",
    "--annotate.scorer=builtin",
    "--annotate.vocab_size=400",
    "--stage1_length=4",
    "--stage2_length=8",
    "--stage3_length=16",
]


# A script that starts the tests with & ignores SIGINT, and programs go on ignoring what they are
# started with.
signal.signal(signal.SIGINT, signal.default_int_handler)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def without_ranks(environment):
    """An environment as a plain shell has it."""
    ranks = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
    return {key: value for key, value in environment.items() if key not in ranks}


def catches(pid, number):
    """Whether a process has a handler for a signal."""
    try:
        with open(f"/proc/{pid}/status") as status:
            caught = next(line for line in status if line.startswith("SigCgt"))
    except (OSError, StopIteration):
        return False
    return int(caught.split()[1], 16) >> (number - 1) & 1 == 1


class SystemTest(unittest.TestCase):
    """Each test has a folder of its own, which is the working directory of all it starts."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-system-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "text.txt").write_text(TEXT)
        self.processes = []
        self.addCleanup(self.end_all)

    def end_all(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def start(self, program, *arguments, environment=None):
        return self.start_command([BIN / program, *arguments], environment)

    def start_command(self, words, environment=None):
        process = subprocess.Popen(
            [str(word) for word in words],
            cwd=self.folder,
            env={**without_ranks(os.environ), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def finish(self, process, status=0, within_s=LONG_ENOUGH_S):
        """Waits; the standard output, after checking the exit status."""
        output, errors = process.communicate(timeout=within_s)
        self.assertEqual(process.returncode, status, f"{process.args}\n{output}\n{errors}")
        process.errors = errors
        return output

    def run_program(self, program, *arguments, status=0, within_s=LONG_ENOUGH_S):
        process = self.start(program, *arguments)
        output = self.finish(process, status, within_s)
        return output, process.errors

    def stop(self, process, with_signal=signal.SIGTERM, status=0):
        process.send_signal(with_signal)
        return self.finish(process, status)

    def wait_until(self, condition, what):
        deadline = time.monotonic() + LONG_ENOUGH_S
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"waited in vain until {what}")
            time.sleep(0.02)

    def recipe(self):
        return [SMALL, "--data.path=text.txt", *TINY]

    def train_ranks(self, world, *arguments, more_of_last=()):
        """Starts one process per rank, as torchrun would; the last one may have further
        arguments."""
        shared = {
            "WORLD_SIZE": str(world),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(free_port()),
        }
        each = [arguments] * (world - 1) + [(*arguments, *more_of_last)]
        return [
            self.start(
                "train",
                *each[rank],
                environment={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            )
            for rank in range(world)
        ]

    def record(self, name):
        """The lines of a record as (step, split, index, stage, digest)."""
        lines = (self.folder / name).read_text().splitlines()
        return [
            (int(a), b, int(c), int(d), e) for a, b, c, d, e in (line.split() for line in lines)
        ]

    def function(self, split, count, *overrides):
        """What the pure function says: (split, index, stage, digest) of the first samples."""
        output, _ = self.run_program(
            "inspect",
            "stream",
            *self.recipe(),
            *overrides,
            "--split",
            split,
            "--first",
            0,
            "--count",
            count,
            "--digest",
        )
        return [
            (a, int(b), int(c), d) for a, b, c, d in (line.split() for line in output.splitlines())
        ]
