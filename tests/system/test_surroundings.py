"""What a machine, or another program, does to one that runs: files that vanish or shrink in use,
the longest names, a system without /proc, another precision."""

import json
import os
import subprocess
import unittest

from harness import BIN, SMALL, TEXT, SystemTest

QUICK = ["--queue.uri=inproc://", "--max_iters=2", "--eval_interval=2", "--eval_iters=1"]
ENDLESS = [
    *("--queue.uri=inproc://", "--max_iters=1000000"),
    *("--eval_interval=1000000", "--checkpoint_interval=1000000"),
]


class Surroundings(SystemTest):
    def train_until_it_runs(self, *arguments):
        process = self.start("train", *self.recipe(), *ENDLESS, "--out_dir=out", *arguments)
        metrics = self.folder / "out/metrics.jsonl"
        self.wait_until(lambda: metrics.exists() and metrics.stat().st_size, "steps are done")
        return process

    def test_a_text_that_is_cut_short_in_use_is_named_as_the_cause(self):
        (self.folder / "long.txt").write_text(TEXT * 200)
        process = self.train_until_it_runs("--data.path=long.txt")
        os.truncate(self.folder / "long.txt", 0)
        self.finish(process, status=1)
        # The one or the other end of the file is met first: a page that is gone, or a last line
        # that is not what the index says.
        self.assertRegex(
            process.errors, r"error: .*(was cut short|it was changed) while it was in use"
        )

    def test_metrics_go_on_after_the_output_folder_was_taken_away(self):
        process = self.train_until_it_runs()
        (self.folder / "out").rename(self.folder / "away")  # at once, unlike rmtree
        metrics = self.folder / "out/metrics.jsonl"
        self.wait_until(lambda: metrics.exists() and metrics.stat().st_size, "metrics are back")
        self.stop(process)
        self.assertIn("warning out/metrics.jsonl was removed or replaced", process.errors)
        self.assertEqual(process.errors.count("was removed or replaced"), 1)
        steps = [json.loads(line)["step"] for line in metrics.read_text().splitlines()]
        self.assertEqual(steps, list(range(steps[0], steps[-1] + 1)))
        self.assertTrue((self.folder / "out/latest/model.safetensors").exists())

    def test_a_checkpoint_in_float64_can_be_used(self):
        self.run_program("train", *self.recipe(), *QUICK, "--dtype=float64", "--out_dir=out")
        self.run_program("evaluate", "--checkpoint", "out", "--iters", "1")
        self.run_program("sample", "--checkpoint", "out", "--length", "8", "--steps", "2")

    def test_results_and_data_with_the_longest_names(self):
        longest = os.pathconf(self.folder, "PC_NAME_MAX")
        data = "d" * (longest - 4) + ".txt"
        (self.folder / data).write_text(TEXT)
        saved = "v" * longest
        recipe = [*self.recipe(), f"--data.path={data}"]
        self.run_program("inspect", "stream", *recipe, f"--save-vocabulary={saved}")
        out = "o" * longest
        self.run_program(
            "train", *recipe, *QUICK, f"--out_dir={out}", "--record-stream=r" + "r" * (longest - 1)
        )
        written = "s" * longest
        self.run_program(
            "sample", "--checkpoint", out, "--length=8", "--steps=2", "--output", written
        )
        self.assertTrue((self.folder / written).stat().st_size)
        self.assertTrue((self.folder / saved).stat().st_size)

    def test_a_subcommand_in_a_program_of_its_own_without_proc(self):
        hidden = [
            "unshare",
            "--mount",
            "--map-root-user",
            "sh",
            "-c",
            'mount -t tmpfs none /proc && exec "$@"',
            "sh",
        ]
        if subprocess.run([*hidden, "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("/proc cannot be hidden here")
        process = self.start_command([*hidden, BIN / "bench", "train", "--help"])
        self.finish(process)

    def test_a_recipe_may_come_from_a_pipe_of_the_shell(self):
        command = f'exec {BIN}/inspect stream <(cat "$0") "$@" --digest --count 3'
        recipe = str(SMALL.parent / "char_diffusion.toml")  # one that includes no other
        overrides = ["--data.path=text.txt", "--provider.block_size=24"]
        from_pipe = self.finish(self.start_command(["bash", "-c", command, recipe, *overrides]))
        plain, _ = self.run_program(
            "inspect", "stream", recipe, *overrides, "--digest", "--count=3"
        )
        self.assertEqual(from_pipe, plain)


if __name__ == "__main__":
    unittest.main()
