"""Every recipe in config/ trains, evaluates and goes on, shrunk to a toy on a text of our own."""

import json
import unittest

from harness import SOURCE, SystemTest

RECIPES = sorted(path for path in (SOURCE / "config").glob("*.toml"))

# What a recipe's data become: one text, or two datasets that hold it.
ONE_TEXT = ["--data.path=text.txt", "--data.format=text", "--data.vocab_size=0"]
TWO_TEXTS = ['--data.datasets=[{name = "one", path = "text.txt"}, {name = "two", path = "text.txt"}]']

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
    def check(self, recipe):
        out = f"out_{recipe.stem}"
        data = TWO_TEXTS if "[[data.datasets]]" in recipe.read_text() else ONE_TEXT
        for steps, more in ((4, []), (8, ["--resume"])):
            self.run_program("train", recipe, *data, *TOY, f"--max_iters={steps}", f"--out_dir={out}", *more)
        told = [json.loads(line) for line in (self.folder / out / "metrics.jsonl").read_text().splitlines()]
        self.assertEqual([line["step"] for line in told if line["split"] == "train"], list(range(1, 9)))
        output, _ = self.run_program("evaluate", "--checkpoint", f"{out}/latest", "--json")
        last = [line for line in told if line["split"] == "val"][-1]
        self.assertEqual(json.loads(output), last)

    def test_each_trains_evaluates_and_goes_on(self):
        self.assertGreater(len(RECIPES), 10)
        for recipe in RECIPES:
            with self.subTest(recipe=recipe.name):
                self.check(recipe)

    def test_an_objective_that_its_stream_does_not_fit(self):
        recipe = SOURCE / "config/d3pm_small.toml"
        _, errors = self.run_program("train", recipe, *ONE_TEXT, *TOY, "--objective=sedd", "--out_dir=out", status=2)
        self.assertIn('train.objective = "sedd" needs fields that the stream of provider "d3pm" lacks: time (f32)', errors)


if __name__ == "__main__":
    unittest.main()
