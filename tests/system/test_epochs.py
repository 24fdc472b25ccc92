"""Runs that count epochs: where they end, what they evaluate and keep, and that a resume counts on
as if nothing had happened."""

import json
import os
import unittest

from harness import SystemTest

BATCH = 40


class Epochs(SystemTest):
    BY_EPOCHS = [
        "--eval_interval=1000000",
        "--checkpoint_interval=1000000",
        "--keep_checkpoints=1",
        f"--batch_size={BATCH}",
    ]
    BY_EPOCHS += ["--max_iters=1000000", "--dropout=0.2", "--order=shuffle"]

    def setUp(self):
        super().setUp()
        output, _ = self.run_program(
            "inspect", "stream", *self.recipe(), "--order=shuffle", "--json"
        )
        self.epoch_samples = int(json.loads(output.splitlines()[0])["epoch_samples"])
        self.assertNotEqual(self.epoch_samples % BATCH, 0, "an epoch must not be whole steps")

    def steps_of(self, epochs):
        return -(-epochs * self.epoch_samples // BATCH)

    def train(self, *arguments, out="out", status=0):
        words = [
            *self.recipe(),
            "--queue.uri=inproc://",
            *self.BY_EPOCHS,
            f"--out_dir={out}",
            *arguments,
        ]
        _, errors = self.run_program("train", *words, status=status)
        return errors

    def links(self, out="out"):
        return {
            path.name: os.readlink(path)
            for path in (self.folder / out).iterdir()
            if path.is_symlink()
        }

    def folders(self, out="out"):
        return sorted(path.name for path in (self.folder / out).glob("step-*"))

    def metrics(self, out="out"):
        lines = [
            json.loads(line)
            for line in (self.folder / out / "metrics.jsonl").read_text().splitlines()
        ]
        return [
            {key: value for key, value in line.items() if key not in ("step_ms", "stall_ms")}
            for line in lines
        ]

    def names(self, *epochs):
        return [f"step-{self.steps_of(epoch):08}" for epoch in epochs]


class Ends(Epochs):
    def test_a_run_of_epochs(self):
        errors = self.train(
            "--max_epochs=3",
            "--epoch_eval_interval=2",
            "--epoch_checkpoint_interval=1",
            "--record-stream=record",
        )
        self.assertIn(f"an epoch has {self.epoch_samples} samples", errors)
        self.assertIn(f"max_epochs = 3 ends the run with step {self.steps_of(3)}", errors)
        first, second, third = self.names(1, 2, 3)
        self.assertEqual(self.folders(), [first, second, third])
        self.assertEqual(
            self.links(),
            {
                "epoch-0001": first,
                "epoch-0002": second,
                "epoch-0003": third,
                "latest": third,
                "final": third,
                "best": second,
            },
        )
        train = [line for line in self.metrics() if line["split"] == "train"]
        self.assertEqual(len(train), self.steps_of(3))
        for line in train:
            self.assertEqual(line["epoch"], round(line["step"] * BATCH / self.epoch_samples, 6))
        self.assertEqual(
            [line["step"] for line in self.metrics() if line["split"] == "val"], [self.steps_of(2)]
        )
        indices = [index for _, split, index, _, _ in self.record("record") if split == "train"]
        self.assertEqual(indices, list(range(self.steps_of(3) * BATCH)))

    def test_the_links_are_folders_for_other_programs(self):
        self.train("--max_epochs=1", "--epoch_checkpoint_interval=1")
        for link in ("epoch-0001", "final"):
            output, _ = self.run_program("inspect", "checkpoint", f"out/{link}", "--json")
            state = json.loads(output)["trainer"]
            self.assertEqual(
                (state["step"], state["epoch_steps"]), (self.steps_of(1), [[1, self.steps_of(1)]])
            )
            self.run_program("evaluate", "--checkpoint", f"out/{link}", "--iters", 1)

    def test_max_iters_ends_it_before(self):
        errors = self.train(
            "--max_epochs=3", f"--max_iters={self.steps_of(1) - 1}", "--epoch_checkpoint_interval=1"
        )
        self.assertRegex(
            errors,
            r"ends the run after 0\.\d\d epochs, before max_epochs = 3; "
            r"raise --train.max_iters to get there",
        )
        last = f"step-{self.steps_of(1) - 1:08}"
        self.assertEqual(self.links(), {"latest": last, "final": last})

    def test_a_stream_without_epochs_is_refused(self):
        errors = self.train(
            "--provider.name=synthetic",
            "--objective=ar",
            "--architecture=gpt2",
            "--schedule=none",
            "--max_epochs=2",
            status=2,
        )
        self.assertIn(
            "error: train.max_epochs = 2: "
            "provider synthetic does not say how many samples an epoch has",
            errors,
        )


class GoesOn(Epochs):
    SETTINGS = ["--epoch_eval_interval=1", "--epoch_checkpoint_interval=2", "--ema=0.9"]

    def test_as_if_it_had_never_stopped(self):
        """Stopped in the middle of an epoch, and at the end of one that is kept."""
        self.train(*self.SETTINGS, "--max_epochs=5", out="whole")
        cut = self.steps_of(1) + 3
        self.train(*self.SETTINGS, "--max_epochs=5", f"--max_iters={cut}", out="parts")
        self.assertEqual(self.links("parts")["final"], f"step-{cut:08}")
        self.train(*self.SETTINGS, "--max_epochs=2", "--resume", out="parts")
        self.train(*self.SETTINGS, "--max_epochs=5", "--resume", out="parts")
        for name in ("model", "ema", "optimizer"):
            whole, parts = (
                (self.folder / out / "final" / f"{name}.safetensors").read_bytes()
                for out in ("whole", "parts")
            )
            self.assertEqual(whole, parts, name)
        self.assertEqual(self.metrics("whole"), self.metrics("parts"))
        self.assertEqual(self.links("whole"), self.links("parts"))
        self.assertEqual(self.folders("whole"), self.folders("parts"))

    def test_a_run_that_is_done_says_so_and_stays_as_it_is(self):
        self.train(*self.SETTINGS, "--max_epochs=2")
        before = self.links(), self.folders()
        errors = self.train(*self.SETTINGS, "--max_epochs=2", "--resume")
        self.assertIn(
            f"step {self.steps_of(2)}, the end of max_epochs = 2, is done already; "
            "raise --train.max_epochs",
            errors,
        )
        self.assertEqual((self.links(), self.folders()), before)

    def test_going_back_to_an_epoch(self):
        """Later links go with their checkpoints; then the run goes on to another end."""
        self.train("--max_epochs=3", "--epoch_checkpoint_interval=1")
        first, second, third = self.names(1, 2, 3)
        self.train("--max_epochs=2", "--resume=out/epoch-0001")
        self.assertEqual(self.folders(), [first, second])
        self.assertEqual(self.links(), {"epoch-0001": first, "latest": second, "final": second})
        for name in (second, third):
            self.assertTrue((self.folder / "out" / f"superseded-{name}").is_dir(), name)

    def test_with_another_interval_what_was_kept_stays(self):
        self.train("--max_epochs=2", "--epoch_checkpoint_interval=1")
        self.train("--max_epochs=6", "--epoch_checkpoint_interval=4", "--resume")
        first, second, fourth, sixth = self.names(1, 2, 4, 6)
        self.assertEqual(self.folders(), [first, second, fourth, sixth])
        self.assertEqual(
            self.links(),
            {
                "epoch-0001": first,
                "epoch-0002": second,
                "epoch-0004": fourth,
                "latest": sixth,
                "final": sixth,
            },
        )

    def test_a_stopped_run_has_no_final_checkpoint(self):
        self.train("--max_epochs=1")
        self.assertIn("final", self.links())
        words = [
            *self.recipe(),
            "--queue.uri=inproc://",
            *self.BY_EPOCHS,
            "--max_epochs=1000000",
            "--out_dir=out",
            "--resume",
        ]
        trainer = self.start("train", *words)
        lines = len(self.metrics())
        self.wait_until(
            lambda: len((self.folder / "out/metrics.jsonl").read_text().splitlines()) > lines,
            "it goes on",
        )
        self.stop(trainer)
        self.assertEqual(set(self.links()), {"latest"})

    def test_two_ranks_count_alike(self):
        words = [
            *self.recipe(),
            "--queue.uri=inproc://",
            *self.BY_EPOCHS,
            "--gradient_accumulation_steps=2",
            f"--batch_size={BATCH // 2}",
        ]
        words += [
            "--max_epochs=2",
            "--epoch_eval_interval=1",
            "--epoch_checkpoint_interval=1",
            "--out_dir=out",
        ]
        for rank in self.train_ranks(2, *words):
            self.finish(rank)
        first, second = self.names(1, 2)
        self.assertEqual(self.folders(), [first, second])
        self.assertEqual(self.links()["final"], second)
        self.assertEqual(
            [line["step"] for line in self.metrics() if line["split"] == "val"],
            [self.steps_of(1), self.steps_of(2)],
        )


class Several(Epochs):
    def test_datasets_that_are_done_are_skipped(self):
        (self.folder / "other.txt").write_text((self.folder / "text.txt").read_text()[::-1])
        (self.folder / "both.toml").write_text(
            f'include = "{self.recipe()[0]}"\n[data]\n'
            + "".join(
                f'[[data.datasets]]\nname = "{name}"\npath = "{name}.txt"\n'
                for name in ("text", "other")
            )
        )
        words = [
            "both.toml",
            *self.recipe()[2:],
            "--queue.uri=inproc://",
            *self.BY_EPOCHS,
            "--out_dir=out",
            "--max_epochs=1",
            "--all",
        ]
        self.run_program("train", *words)
        _, errors = self.run_program("train", *words)
        for name in ("text", "other"):
            self.assertRegex(errors, rf"dataset {name}: done, step \d+")
            self.assertIn("final", self.links(f"out/{name}"))


if __name__ == "__main__":
    unittest.main()
