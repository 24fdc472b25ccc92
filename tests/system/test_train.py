"""What training leaves behind: checkpoints that others can read, a history that survives a kill,
and a model that evaluates."""

import importlib.util
import json
import re
import unittest

from harness import SystemTest


class TrainTest(SystemTest):
    def train(self, *arguments, status=0):
        _, errors = self.run_program(
            "train", *self.recipe(), "--queue.uri=inproc://", *arguments, status=status
        )
        return errors

    def steps(self, out="out"):
        return sorted(int(folder.name[5:]) for folder in (self.folder / out).glob("step-*"))

    def metrics(self, out="out"):
        return [
            json.loads(line)
            for line in (self.folder / out / "metrics.jsonl").read_text().splitlines()
        ]

    def tensors(self, out="out", parts=("model", "optimizer")):
        return [
            (self.folder / out / "latest" / f"{part}.safetensors").read_bytes() for part in parts
        ]


class Checkpoints(TrainTest):
    def test_the_last_and_the_best_are_kept(self):
        self.train(
            "--checkpoint_interval=2", "--keep_checkpoints=2", "--eval_interval=4", "--out_dir=out"
        )
        val = {line["step"]: line["loss"] for line in self.metrics() if line["split"] == "val"}
        self.assertEqual(sorted(val), [4, 8, 12])
        best = min(val, key=val.get)
        self.assertEqual((self.folder / "out/best").resolve().name, f"step-{best:08}")
        self.assertEqual((self.folder / "out/latest").resolve().name, "step-00000012")
        self.assertEqual(self.steps(), sorted({10, 12, best}))

    def test_going_back_to_an_older_one_sets_the_later_aside(self):
        self.train("--checkpoint_interval=4", "--out_dir=out")
        self.train("--max_iters=6", "--out_dir=out", "--resume=out/step-00000008")
        self.assertEqual((self.folder / "out/latest").resolve().name, "step-00000008")
        self.assertTrue((self.folder / "out/superseded-step-00000012").is_dir())
        self.assertEqual(max(line["step"] for line in self.metrics()), 8)

    def test_no_evaluation_where_the_run_is_shorter_than_its_interval(self):
        self.train("--max_iters=5", "--out_dir=out")
        self.assertEqual({line["split"] for line in self.metrics()}, {"train"})

    def test_other_programs_read_the_tensors(self):
        if (
            importlib.util.find_spec("safetensors") is None
            or importlib.util.find_spec("numpy") is None
        ):
            self.skipTest(
                "needs safetensors and numpy in the Python that runs the tests: "
                "scripts/setup puts them into .venv"
            )
        from safetensors import safe_open

        self.train("--out_dir=out")
        for name, count in (("model", 8), ("optimizer", 17)):
            with safe_open(
                self.folder / f"out/latest/{name}.safetensors", framework="numpy"
            ) as file:
                self.assertEqual(len(file.keys()), count)
                self.assertEqual(file.metadata()["step"], "12")
        with safe_open(self.folder / "out/latest/model.safetensors", framework="numpy") as file:
            tensor = file.get_tensor("transformer.h.0.attn.c_attn.weight")
            self.assertEqual((tensor.shape, str(tensor.dtype)), ((48, 16), "float32"))
            self.assertGreater(float(abs(tensor).max()), 0)


class Histories(TrainTest):
    SETTINGS = [
        "--dropout=0.2",
        "--eval_interval=10",
        "--checkpoint_interval=20",
        "--keep_checkpoints=10000",
    ]

    def committed(self, out):
        """metrics.jsonl without the times."""
        return [
            {key: value for key, value in line.items() if key not in ("step_ms", "stall_ms")}
            for line in self.metrics(out)
        ]

    def test_a_killed_run_goes_on_as_if_nothing_had_happened(self):
        """What it did after its last checkpoint is done again, and leaves no trace."""
        killed = ["--out_dir=killed", "--record-stream=killed.record"]
        process = self.start(
            "train",
            *self.recipe(),
            "--queue.uri=inproc://",
            *self.SETTINGS,
            "--max_iters=100000000",
            *killed,
        )
        self.wait_until(
            lambda: (self.folder / "killed/step-00000020").exists(), "there is a checkpoint"
        )
        process.kill()
        process.communicate()
        until = self.steps("killed")[-1] + 15
        self.train(*self.SETTINGS, f"--max_iters={until}", *killed, "--resume")
        self.train(
            *self.SETTINGS,
            f"--max_iters={until}",
            "--out_dir=whole",
            "--record-stream=whole.record",
        )
        self.assertEqual(self.tensors("whole"), self.tensors("killed"))
        self.assertEqual(self.record("whole.record"), self.record("killed.record"))
        self.assertEqual(self.committed("whole"), self.committed("killed"))

    def test_float16_goes_on_with_its_loss_scale(self):
        half = [*self.SETTINGS, "--dtype=float16"]
        self.train(*half, "--max_iters=20", "--out_dir=halves")
        self.train(*half, "--max_iters=40", "--out_dir=halves", "--resume")
        self.train(*half, "--max_iters=40", "--out_dir=whole")
        self.assertEqual(self.tensors("whole"), self.tensors("halves"))
        scale = json.loads((self.folder / "whole/latest/trainer.json").read_text())["loss_scale"]
        self.assertGreater(scale, 1.0)

    def test_an_average_of_the_weights_goes_on_and_is_what_evaluations_see(self):
        averaged = [
            *self.SETTINGS,
            "--ema=0.9",
            "--optimizer=adam",
            "--lr_schedule=warmup_constant",
        ]
        self.train(*averaged, "--max_iters=15", "--out_dir=halves")
        self.train(*averaged, "--max_iters=20", "--out_dir=halves", "--resume")
        self.train(*averaged, "--max_iters=20", "--out_dir=whole")
        parts = ("model", "ema", "optimizer")
        self.assertEqual(self.tensors("whole", parts), self.tensors("halves", parts))
        self.assertEqual(self.committed("whole"), self.committed("halves"))

        def loss(weights):
            output, _ = self.run_program(
                "evaluate", "--checkpoint", "whole/latest", "--iters", 3, "--json", *weights
            )
            return json.loads(output)["loss"]

        told = [line["loss"] for line in self.metrics("whole") if line["split"] == "val"][-1]
        self.assertEqual([loss([]), loss(["--weights", "ema"])], [told, told])
        self.assertNotEqual(loss(["--weights", "raw"]), told)
        errors = self.train(
            "--ema=0.99", "--max_iters=30", "--out_dir=halves", "--resume", status=2
        )
        self.assertIn("train.ema is 0.99 now and 0.9 in the checkpoint", errors)

    def test_weights_that_a_checkpoint_lacks(self):
        self.train("--max_iters=2", "--out_dir=out")
        _, errors = self.run_program(
            "evaluate", "--checkpoint", "out", "--weights", "ema", status=2
        )
        self.assertIn("holds no average of the parameters", errors)
        _, errors = self.run_program(
            "evaluate", "--checkpoint", "out", "--weights", "best", status=2
        )
        self.assertIn("--weights best is unknown; known: ema, raw", errors)

    def test_two_ranks_go_on_from_what_one_rank_saved(self):
        self.train("--max_iters=6", "--out_dir=out", "--gradient_accumulation_steps=2")
        arguments = [
            "--queue.uri=inproc://",
            "--out_dir=out",
            "--gradient_accumulation_steps=2",
            "--resume",
        ]
        first, second = self.train_ranks(2, *self.recipe(), *arguments)
        self.finish(first), self.finish(second)
        self.assertIn("made with ranks 1, this run has 2", first.errors)
        self.assertEqual(self.steps()[-1], 12)


class Failures(TrainTest):
    def test_a_loss_that_is_no_number(self):
        hot = [
            "--learning_rate=10",
            "--min_lr=10",
            "--warmup_iters=0",
            "--grad_clip=0",
            "--weight_decay=10",
            "--dtype=float32",
        ]
        errors = self.train(
            *hot, "--max_iters=2000", "--checkpoint_interval=1", "--out_dir=out", status=1
        )
        first, last, named = re.search(
            r"error: steps (\d+) to (\d+): no finite loss .* "
            r"the last good checkpoint is out/step-(\d+);",
            errors,
        ).groups()
        self.assertEqual(int(last) - int(first), 9, "train.max_bad_steps = 10")
        self.assertEqual([int(named), self.steps()[-1]], [int(first) - 1] * 2)
        self.assertIn("lower train.learning_rate", errors)
        self.run_program("inspect", "checkpoint", "out/latest")

    def test_all_ranks_hear_of_a_refusal(self):
        self.train("--max_iters=2", "--out_dir=out")
        for rank in self.train_ranks(2, *self.recipe(), "--queue.uri=inproc://", "--out_dir=out"):
            self.finish(rank, status=2)
            self.assertIn("out already holds checkpoints", rank.errors)

    def test_a_rank_that_dies_is_named_by_the_others(self):
        arguments = [
            "--queue.uri=inproc://",
            "--max_iters=100000000",
            "--out_dir=out",
            "--record-stream=record",
        ]
        first, second = self.train_ranks(2, *self.recipe(), *arguments, "--timeout_s=5")
        self.wait_until(
            lambda: (self.folder / "record").exists() and (self.folder / "record").read_text(),
            "a step is done",
        )
        second.kill()
        self.finish(first, status=1)
        self.assertIn("error: rank 0 of 2 waited for the other ranks at", first.errors)


class Evaluate(TrainTest):
    def test_tells_what_train_told_and_fills_in_lines(self):
        self.train("--eval_interval=12", "--out_dir=out")
        output, _ = self.run_program(
            "evaluate", "--checkpoint", "out", "--iters", 3, "--show", 2, "--json"
        )
        result, *samples = [json.loads(line) for line in output.splitlines()]
        told = next(line for line in self.metrics() if line["split"] == "val")
        self.assertEqual(result, told)
        self.assertEqual(len(samples), 2)
        for sample in samples:
            self.assertEqual([len(text) for text in sample.values()], [24, 24, 24])
            self.assertNotIn("▒", sample["filled"])
            for masked, filled in zip(sample["masked"], sample["filled"]):
                self.assertIn(masked, ("▒", filled))

    def test_a_masked_language_model_is_measured_by_masked_ratio(self):
        self.train("--max_iters=2", "--out_dir=out")
        output, _ = self.run_program("evaluate", "--checkpoint", "out", "--json")
        found = json.loads(output)
        self.assertEqual(found["windows"]["count"], found["windows"]["of"])
        self.assertEqual(
            sum(row["windows"] for row in found["by_masked_ratio"]), found["windows"]["of"]
        )
        text, _ = self.run_program("evaluate", "--checkpoint", "out", "--windows", 20)
        self.assertIn("samples 0 to 19 of", text)
        self.assertIn("nats per target", text)

    def test_what_cannot_be_measured(self):
        self.train("--max_iters=2", "--out_dir=out")
        for arguments, error in (
            (["--timesteps", "4"], "a bound in steps is one of masked diffusion"),
            (["--timesteps", "4,x"], '--timesteps 4,x: "x" is no number of steps'),
            (["--timesteps", "0"], '"0" is no number of steps'),
            (["--windows", "0"], "--windows"),
            (
                ["--iters", "2", "--windows", "5"],
                "--windows does not go with --iters, which tells the loss as train does",
            ),
        ):
            with self.subTest(arguments=arguments):
                _, errors = self.run_program(
                    "evaluate", "--checkpoint", "out", *arguments, status=2
                )
                self.assertIn(error, errors)

    def test_flags_that_change_nothing_are_named(self):
        self.train("--max_iters=2", "--out_dir=out")
        given = ["--windows", 2, "--samples-per-window", 9, "--seed", 3]
        plain, _ = self.run_program("evaluate", "--checkpoint", "out", "--windows", 2)
        told, errors = self.run_program("evaluate", "--checkpoint", "out", *given)
        self.assertEqual(told, plain)
        for flag in ("--samples-per-window", "--seed"):
            self.assertIn(f'{flag} has no effect: train.objective = "mlm"', errors)

    def test_what_was_trained_cannot_be_overridden(self):
        self.train("--max_iters=2", "--out_dir=out")
        _, errors = self.run_program("evaluate", "--checkpoint", "out", "--n_layer=2", status=2)
        self.assertIn("model.n_layer is part of the checkpoint and stays 1", errors)

    def test_another_text_is_refused(self):
        self.train("--max_iters=2", "--out_dir=out")
        (self.folder / "other.txt").write_text(
            (self.folder / "text.txt").read_text().replace("water", "later")
        )
        _, errors = self.run_program(
            "evaluate", "--checkpoint", "out", "--data.path=other.txt", status=1
        )
        self.assertIn("other.txt", errors)


if __name__ == "__main__":
    unittest.main()
