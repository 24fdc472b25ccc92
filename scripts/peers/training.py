"""Lines about training and sampling of one recipe: its C++ programs and its twins, in turns."""

import math
import statistics
import time

import torch

from .batches import read_batches
from .checkpoint import Checkpoint
from .learner import Learner, precision
from .programs import NO_EVALUATION
from .same_loss import compare
from .sampling import Writer
from .table import Line, SameNumber
from .worker import BothWaits, better

BATCHES = 4
WARM_UP_STEPS = 3
MOST_STEPS = 100
SAME_LOSS = "<= 1e-5"  # f32 has 6e-8, and both add up thousands of terms, each in its own order
DTYPES = ("float32", "bfloat16")


def median_of(lines, key):
    return statistics.median(line[key] for line in lines)


class Training:
    """A twin's steps, in the process of a Worker."""

    def __init__(self, folder, batches, dtype, compiled, threads):
        torch.set_num_threads(threads)
        self._learner = Learner(Checkpoint(folder), torch.load(batches), dtype, compiled)

    def first_step(self):
        """Seconds; it compiles."""
        return self._learner.step()

    def step_ms(self, count):
        """The median."""
        return 1e3 * statistics.median(self._learner.step() for _ in range(count))


class Writing:
    """A twin's texts, in the process of a Worker."""

    def __init__(self, folder, dtype, threads):
        torch.set_num_threads(threads)
        checkpoint = Checkpoint(folder)
        self._writer, self._dtype = (
            Writer(checkpoint.twin(), checkpoint.config, checkpoint.meta),
            dtype,
        )

    def seconds(self, texts, steps):
        start = time.perf_counter()
        with precision(self._dtype):
            self._writer.write(texts, steps)
        return time.perf_counter() - start


class RecipeRun:
    """One recipe's turn. `recipe`: a program's words for it; `plan`: rounds, seconds, threads,
    compiled."""

    def __init__(self, programs, recipe, folder, plan, table):
        self._programs, self._folder, self._plan, self._table = programs, folder, plan, table
        self._recipe = [*recipe, f"--train.threads={plan.threads}", "--train.device=cpu"]
        self._checkpoints, self._memory = {}, {}

    def prepare(self):
        """Trains a few steps as a user would: checkpoints for the twins, and train's memory."""
        for dtype in DTYPES:
            out = self._folder / dtype
            where = ["--queue.uri=inproc://", f"--train.out_dir={out}", f"--train.dtype={dtype}"]
            few = [f"--max_iters={WARM_UP_STEPS}", NO_EVALUATION]
            self._memory[dtype] = self._programs.peak_bytes("train", *self._recipe, *few, *where)
            self._checkpoints[dtype] = out / "latest"
        config = Checkpoint(self._checkpoints[DTYPES[0]]).config
        batches = read_batches(
            self._programs, self._recipe, config["train"], self._folder / "queue", BATCHES
        )
        torch.save(batches, self._batches)
        return config

    @property
    def _batches(self):
        return self._folder / "batches"

    def same_loss(self):
        folder = self._folder / "same"
        ours, twins = compare(self._programs, self._recipe, folder, "float32")
        for name, *numbers in zip(("loss", "gradient's norm"), ours, twins):
            self._table.add(
                SameNumber(
                    f"the same {name} of a step, float32",
                    "",
                    *([number] for number in numbers),
                    SAME_LOSS,
                )
            )

    def steps(self):
        """Time of a step, and memory."""
        for dtype in DTYPES:
            self._steps(dtype, "eager", "<= 0.85")
            if self._plan.compiled:
                self._steps(dtype, "compiled", "<= 1.0")

    def _steps(self, dtype, kind, bound):
        arguments = (
            self._checkpoints[dtype],
            self._batches,
            dtype,
            kind == "compiled",
            self._plan.threads,
        )
        with BothWaits(Training, *arguments) as twin:
            first = max(
                twin.ask_each("first_step")
            )  # the other one finds in a cache what was compiled
            count = min(
                MOST_STEPS, math.ceil(1e3 * self._plan.seconds / twin.ask("step_ms", WARM_UP_STEPS))
            )
            lines, twins = [], []
            for _ in self._plan.each_round():
                lines.append(self._bench_train(dtype, count))
                twins.append(twin.ask_each("step_ms", count))
            memory = twin.peak_bytes()
        self._table.add(
            Line(
                f"training step, {dtype}, {kind}",
                "ms",
                [line["step_ms"] for line in lines],
                better(twins),
                bound,
            )
        )
        if kind == "compiled":
            self._table.note(f"not counted: the first compiled step, {dtype}", first, "s")
            return
        self._table.note(
            f"Millrace, of the machine's matrix product in {dtype}",
            100 * median_of(lines, "share_of_product"),
            "%",
        )
        self._table.add(
            Line(
                f"peak memory, {dtype}", "MB", [self._memory[dtype] / 1e6], [memory / 1e6], "<= 0.8"
            )
        )

    def _bench_train(self, dtype, count):
        return self._programs.json(
            "bench",
            "train",
            *self._recipe,
            f"--train.dtype={dtype}",
            "--repeats=1",
            f"--steps={count}",
        )[0]

    def sampling(self, config):
        length, texts = config["provider"]["block_size"], config["train"]["batch_size"]
        steps = min(length, self._plan.most_sampling_steps)
        for dtype in DTYPES:
            ours, twins = [], []
            with BothWaits(Writing, self._checkpoints[dtype], dtype, self._plan.threads) as twin:
                twin.ask("seconds", texts, 1)
                for _ in self._plan.each_round():
                    ours.append(texts * length / self._sample(dtype, texts, steps))
                    twins.append(twin.ask_each("seconds", texts, steps))
            twins = [texts * length / seconds for seconds in better(twins)]
            self._table.add(
                Line(f"sampling, {steps} steps, {dtype}", "tokens/s", ours, twins, ">= 1.2")
            )

    def _sample(self, dtype, texts, steps):
        """Seconds of writing: without those of a start, unless the machine is too busy to tell
        them."""
        start, whole = self._timed_sample(dtype, 1, 1), self._timed_sample(dtype, texts, steps)
        return whole - start if whole > start else whole

    def _timed_sample(self, dtype, texts, steps):
        words = [
            "--checkpoint",
            self._checkpoints[dtype],
            "--samples",
            texts,
            "--steps",
            steps,
            "--weights=raw",
        ]
        start = time.perf_counter()
        self._programs.run(
            "sample",
            *words,
            f"--train.threads={self._plan.threads}",
            "--output",
            self._folder / "texts",
        )
        return time.perf_counter() - start
