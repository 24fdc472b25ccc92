"""Steps without a finite loss: they change nothing, are never saved, and end the run where there
are too many in a row.

A provider of ours makes them: samples of a masked diffusion at the least time that there is,
2^-126, which the weight of their loss, 1/t, takes beyond the numbers of f32.
"""

import importlib.util
import json
import os
import sys
import unittest

from harness import SystemTest, free_port
from sdk_support import ENVIRONMENT

BATCH = 6

# Train samples from `bad_from` up to `bad_to`, and val samples from `bad_val` on, lie at that time.
SPIKES = """
import numpy as np
import millrace
from millrace import Field, Purpose

TOO_NEAR = np.float32(2**-126)
MASK = 10

class Spikes(millrace.Provider):
    name = "spikes"
    vocabulary = [*"0123456789", "[MASK]"]
    mask_token_id = MASK
    sizes = {"val": 12}

    def setup(self):
        self.bad = {
            "train": (self.setting("bad_from", 0), self.setting("bad_to", 0)),
            "val": (self.setting("bad_val", 12), 12),
        }
        self.schema = [
            Field("x", "u8", (self.block_size,), role="input"),
            Field("y", "u8", (self.block_size,), role="target"),
            Field("t", "f32", (), role="time"),
        ]

    def sample(self, key):
        digits = (key.below(10, Purpose.START, 0) + np.arange(self.block_size)) % 10
        x = digits.copy()
        first, end = self.bad[key.split]
        if first <= key.index < end:
            x[:] = MASK
            return {"x": x, "y": digits, "t": TOO_NEAR}
        x[key.below(self.block_size, Purpose.SELECT)] = MASK
        return {"x": x, "y": digits, "t": np.float32(0.5)}

if __name__ == "__main__":
    Spikes.main()
"""

RECIPE = f"""
[provider]
name = "spikes"
block_size = 8
[model]
architecture = "dit"
n_layer = 1
n_head = 2
n_embd = 16
cond_dim = 8
[train]
objective = "mdlm"
dtype = "float32"
device = "cpu"
threads = 1
batch_size = {BATCH}
max_iters = 12
log_interval = 1
eval_interval = 4
eval_iters = 2
checkpoint_interval = 2
keep_checkpoints = 100
ema = 0.9
out_dir = "out"
"""


def bad_steps(first, last):
    """The settings of a stream in which these steps are bad."""
    return [f"--settings.bad_from={(first - 1) * BATCH}", f"--settings.bad_to={last * BATCH}"]


class BadSteps(SystemTest):
    def setUp(self):
        super().setUp()
        (self.folder / "spikes.py").write_text(SPIKES)
        (self.folder / "spikes.toml").write_text(RECIPE)

    def producer(self, *stream):
        self.uri = f"--queue.uri=tcp://127.0.0.1:{free_port()}"
        return self.start_command(
            [sys.executable, "spikes.py", "spikes.toml", self.uri, *stream], environment=ENVIRONMENT
        )

    def train(self, *arguments, stream, status=0):
        producer = self.producer(*stream)
        _, errors = self.run_program(
            "train", "spikes.toml", self.uri, *stream, *arguments, status=status
        )
        self.stop(producer)
        return errors

    def metrics(self):
        def no_constant(name):
            raise ValueError(f"{name} is no JSON")

        lines = (self.folder / "out/metrics.jsonl").read_text().splitlines()
        return [json.loads(line, parse_constant=no_constant) for line in lines]

    def steps(self):
        return sorted(int(folder.name[5:]) for folder in (self.folder / "out").glob("step-*"))

    def tensors(self, step):
        names = ("model", "ema", "optimizer")
        return [
            (self.folder / f"out/step-{step:08}/{name}.safetensors").read_bytes() for name in names
        ]

    def error(self, errors):
        lines = [line for line in errors.splitlines() if line.startswith("error:")]
        self.assertEqual(len(lines), 1, errors)
        return lines[0]


class AFew(BadSteps):
    def test_are_left_out_and_what_was_due_waits(self):
        errors = self.train("--record-stream=record", stream=bad_steps(4, 6))
        for place, step in enumerate((4, 5, 6), 1):
            self.assertRegex(
                errors,
                rf"step {step}: the loss is (inf|nan) and the gradient's norm \S+; "
                rf"the step is left out \({place} of train.max_bad_steps = 10 in a row\)",
            )
        train = {line["step"]: line for line in self.metrics() if line["split"] == "train"}
        self.assertEqual(sorted(train), list(range(1, 13)))
        self.assertEqual([step for step, line in train.items() if line["loss"] is None], [4, 5, 6])
        self.assertEqual(
            [line["step"] for line in self.metrics() if line["split"] == "val"], [7, 8, 12]
        )
        self.assertEqual(self.steps(), [2, 7, 8, 10, 12])
        self.assertEqual(
            [index for _, split, index, _, _ in self.record("record") if split == "train"],
            list(range(12 * BATCH)),
        )
        self.assertEqual((self.folder / "out/final").resolve().name, "step-00000012")

    def test_change_nothing(self):
        """After the step behind them the optimizer has done four steps, and the average has moved
        once since the third."""
        if (
            importlib.util.find_spec("safetensors") is None
            or importlib.util.find_spec("numpy") is None
        ):
            self.skipTest(
                "needs safetensors and numpy in the Python that runs the tests: "
                "scripts/setup puts them into .venv"
            )
        import numpy
        from safetensors.numpy import load_file

        self.train("--checkpoint_interval=1", "--max_iters=7", stream=bad_steps(4, 6))
        self.assertEqual(self.steps(), [1, 2, 3, 7])
        model, optimizer, average, before = (
            load_file(self.folder / f"out/step-{step:08}/{name}.safetensors")
            for step, name in ((7, "model"), (7, "optimizer"), (7, "ema"), (3, "ema"))
        )
        self.assertEqual(float(optimizer["step"]), 4)
        decay = min(0.9, (1 + 7) / (10 + 7))
        for name, values in model.items():
            self.assertTrue(numpy.isfinite(values).all(), name)
            moved = before[name] + (1 - decay) * (values - before[name])
            numpy.testing.assert_allclose(average[name], moved, rtol=1e-5, atol=1e-7, err_msg=name)

    def test_a_resume_counts_on_as_if_nothing_had_happened(self):
        self.train(stream=bad_steps(4, 6))
        whole, lines = self.tensors(12), self.metrics()
        self.train("--resume=out/step-00000002", stream=bad_steps(4, 6))
        self.assertEqual(self.tensors(12), whole)

        def told(all_lines):
            return [
                {key: value for key, value in line.items() if not key.endswith("_ms")}
                for line in all_lines
            ]

        self.assertEqual(told(self.metrics()), told(lines))


class TooMany(BadSteps):
    def test_end_the_run_and_the_last_good_checkpoint_stays(self):
        stream = bad_steps(6, 1000)
        first = self.error(self.train("--max_bad_steps=3", stream=stream, status=1))
        self.assertRegex(
            first,
            r"steps 6 to 8: no finite loss and gradient \(train.max_bad_steps = 3\); "
            r"in the last the loss is (inf|nan)",
        )
        self.assertIn(
            "the last good checkpoint is out/step-00000004; "
            "start anew in another train.out_dir with a lower",
            first,
        )
        self.assertEqual(self.steps(), [2, 4])
        self.run_program("inspect", "checkpoint", "out/latest")
        again = self.error(self.train("--max_bad_steps=3", "--resume", stream=stream, status=1))
        self.assertEqual(again, first)
        later = self.error(self.train("--max_bad_steps=4", "--resume", stream=stream, status=1))
        self.assertIn("steps 6 to 9", later)
        refused = self.error(
            self.train("--learning_rate=1e-5", "--min_lr=1e-6", "--resume", stream=stream, status=2)
        )
        self.assertIn(
            "train.learning_rate is 1e-05 now and 5e-04 in the checkpoint "
            "(it shapes the optimizer)",
            refused,
        )
        self.assertEqual(self.steps(), [2, 4])

    def test_one_may_be_too_many(self):
        error = self.error(self.train("--max_bad_steps=1", stream=bad_steps(1, 1), status=1))
        self.assertIn("step 1: no finite loss and gradient (train.max_bad_steps = 1)", error)
        self.assertIn("there is no checkpoint yet", error)
        self.assertEqual(self.steps(), [])

    def test_a_run_must_not_end_with_them(self):
        error = self.error(self.train(stream=bad_steps(12, 12), status=1))
        self.assertIn("step 12: no finite loss and gradient (and the run ends with them)", error)
        self.assertIn("the last good checkpoint is out/step-00000010", error)
        self.assertFalse((self.folder / "out/final").exists())

    def test_all_ranks_end_at_the_same_step(self):
        stream = bad_steps(3, 1000)
        producer = self.producer(*stream)
        words = [
            "spikes.toml",
            self.uri,
            *stream,
            "--max_bad_steps=2",
            "--batch_size=3",
            "--gradient_accumulation_steps=2",
        ]
        for rank in self.train_ranks(2, *words):
            self.finish(rank, status=1)
            self.assertIn("error: steps 3 to 4: no finite loss", rank.errors)
            self.assertIn("step-00000002", self.error(rank.errors))
        self.stop(producer)


class Stopped(BadSteps):
    def test_amid_them_it_saves_nothing_and_does_them_again(self):
        stream = bad_steps(6, 10**6)
        endless = ["--max_iters=1000000000", "--max_bad_steps=1000000000"]
        producer = self.producer(*stream)
        trainer = self.start("train", "spikes.toml", self.uri, *stream, *endless)
        metrics = self.folder / "out/metrics.jsonl"
        self.wait_until(
            lambda: metrics.exists() and '"step":40,' in metrics.read_text(), "it is amid them"
        )
        self.stop(trainer)
        self.assertRegex(
            trainer.errors,
            r"steps 6 to \d+ had no finite loss and gradient, so none is saved; "
            r"the last good checkpoint is out/step-00000004",
        )
        self.stop(producer)
        self.assertEqual(self.steps(), [2, 4])
        self.assertEqual(os.readlink(self.folder / "out/latest"), "step-00000004")
        error = self.error(self.train("--max_bad_steps=3", "--resume", stream=stream, status=1))
        self.assertIn("steps 6 to 8", error)
        self.assertEqual(max(line["step"] for line in self.metrics()), 8)


class Evaluations(BadSteps):
    def test_without_a_finite_loss_are_never_the_best(self):
        self.train(stream=["--settings.bad_val=3"])
        val = [line for line in self.metrics() if line["split"] == "val"]
        self.assertEqual(
            [(line["step"], line["loss"]) for line in val], [(4, None), (8, None), (12, None)]
        )
        self.assertFalse((self.folder / "out/best").is_symlink())
        state = json.loads((self.folder / "out/latest/trainer.json").read_text())
        self.assertEqual((state["best_val_loss"], state["best_step"]), (None, 0))


if __name__ == "__main__":
    unittest.main()
