"""Every recipe in config/ trains, goes on, evaluates and samples, shrunk to a toy on a text of our
own."""

import json
import unittest

from harness import CASCADE_TEXT, SHARDS, SOURCE, SystemTest

RECIPES = sorted(path for path in (SOURCE / "config").glob("*.toml"))

# What a recipe's data become: one text, or two datasets that hold it.
ONE_TEXT = ["--data.path=text.txt", "--data.format=text", "--data.vocab_size=0"]
TWO_TEXTS = [
    '--data.datasets=[{name = "one", path = "text.txt"}, {name = "two", path = "text.txt"}]'
]

TOY = [
    "--queue.uri=inproc://",
    "--block_size=16",
    "--batch_size=4",
    "--gradient_accumulation_steps=1",
    "--n_layer=1",
    "--n_head=2",
    "--n_embd=16",
    "--cond_dim=8",
    "--eval_interval=4",
    "--eval_iters=2",
    "--checkpoint_interval=4",
    "--log_interval=1",
    "--warmup_iters=2",
    "--train.threads=1",
    "--device=cpu",
    "--dtype=float32",
]


class Recipes(SystemTest):
    def data_of(self, recipe):
        if recipe.stem.startswith("cascade"):
            return [*SHARDS, "--data.tokenizer=shards/tokenizer.json"]
        return TWO_TEXTS if "[[data.datasets]]" in recipe.read_text() else ONE_TEXT

    def check(self, recipe):
        out = f"out_{recipe.stem}"
        data = self.data_of(recipe)
        for steps, more in ((4, []), (8, ["--resume"])):
            self.run_program(
                "train", recipe, *data, *TOY, f"--max_iters={steps}", f"--out_dir={out}", *more
            )
        told = [
            json.loads(line)
            for line in (self.folder / out / "metrics.jsonl").read_text().splitlines()
        ]
        self.assertEqual(
            [line["step"] for line in told if line["split"] == "train"], list(range(1, 9))
        )
        output, _ = self.run_program(
            "evaluate", "--checkpoint", f"{out}/latest", "--iters", 2, "--json"
        )
        last = [line for line in told if line["split"] == "val"][-1]
        self.assertEqual(json.loads(output), last)
        self.check_measurement(out)
        if not recipe.stem.startswith("cascade"):
            start = (
                ["--start", "ab"] if recipe.stem == "synthetic" else []
            )  # its text has no line breaks to begin behind
            self.check_sample("--checkpoint", f"{out}/latest", *start)

    def check_measurement(self, out):
        """Twice the same numbers, with an error."""
        arguments = ("--windows", 7, "--samples-per-window", 2, "--json")
        first, again = (
            self.run_program("evaluate", "--checkpoint", f"{out}/latest", *arguments)[0]
            for _ in range(2)
        )
        self.assertEqual(first, again)
        found = json.loads(first)
        self.assertEqual(found["windows"]["count"], min(7, found["windows"]["of"]))
        self.assertGreater(
            found["loss" if found["objective"] == "mlm" else "nats_per_token"]["standard_error"], 0
        )

    def check_sample(self, *checkpoints):
        output, _ = self.run_program(
            "sample", *checkpoints, "--samples", 3, "--steps", 4, "--seed", 2, "--json"
        )
        lines = [json.loads(line) for line in output.splitlines()]
        self.assertEqual([line["sample"] for line in lines], [0, 1, 2])
        return lines

    def check_cascade(self, kind):
        stages = [
            part
            for i in (1, 2, 3)
            for part in (f"--stage{i}", f"out_cascade_stage{i}{kind}/latest")
        ]
        for line in self.check_sample(*stages):
            self.assertEqual([len(line[f"stage{i}"]["tokens"]) for i in (1, 2, 3)], [4, 8, 16])

    def test_each_trains_goes_on_evaluates_and_samples(self):
        self.assertGreater(len(RECIPES), 10)
        (self.folder / "lines.txt").write_text(CASCADE_TEXT)
        self.run_program("annotate", SOURCE / "config/cascade_stage1_small.toml", *SHARDS)
        for recipe in RECIPES:
            with self.subTest(recipe=recipe.name):
                self.check(recipe)
        for kind in ("", "_small"):
            with self.subTest(cascade=kind):
                self.check_cascade(kind)

    def test_an_objective_that_its_stream_does_not_fit(self):
        recipe = SOURCE / "config/d3pm_small.toml"
        _, errors = self.run_program(
            "train", recipe, *ONE_TEXT, *TOY, "--objective=sedd", "--out_dir=out", status=2
        )
        self.assertIn(
            'train.objective = "sedd" needs fields that the stream of provider "d3pm" lacks: '
            "time (f32)",
            errors,
        )


if __name__ == "__main__":
    unittest.main()
