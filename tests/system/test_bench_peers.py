"""scripts/bench-peers as a user runs it, with tiny numbers: its lines are there, its twins compute
the same, and it says what is wrong."""

import json
import os
import subprocess
import unittest

from harness import BIN, LONG_ENOUGH_S, SOURCE, SystemTest
from peers_support import HAS_TORCH, TOY, WHY_NOT

SCRIPT = SOURCE / "scripts" / "bench-peers"
RECIPE = SOURCE / "config" / "mdlm_small.toml"
MEASURING_S = 10 * LONG_ENOUGH_S  # a dozen processes that import torch

OWN_START = "start to the recipe's first step, data ready, in seconds"
JUDGED = [
    "masking 15 %, one core; NumPy in a DataLoader, a sample each",
    "masking 15 %, one core; NumPy in a DataLoader, whole batches",
    "masking 15 %, one core; NumPy in a DataLoader, 1 worker",
    "masking 15 %, one core; NumPy in a DataLoader, 2 workers",
    "masking, nine stages, one core; PyTorch int64",
    "start to the first step done; `import torch` alone",
    OWN_START,
    "the same loss of a step, float32",
    "the same gradient's norm of a step, float32",
    "training step, float32, eager",
    "peak memory, float32",
    "training step, bfloat16, eager",
    "peak memory, bfloat16",
    "sampling, 4 steps, float32",
    "sampling, 4 steps, bfloat16",
]


@unittest.skipUnless(HAS_TORCH, WHY_NOT)
class BenchPeers(SystemTest):
    def bench(self, *words, statuses=(0,), environment=None):
        """(lines of standard output, standard error)."""
        line = [str(word) for word in (SCRIPT, "--bin", BIN, *words)]
        ran = subprocess.run(
            line,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=MEASURING_S,
        )
        self.assertIn(ran.returncode, statuses, ran.stderr)
        return ran.stdout.splitlines(), ran.stderr

    def recipe(self):
        return [RECIPE, f"--data.path={self.folder}/text.txt", *TOY]

    def test_every_line_is_there_and_the_twins_compute_the_same(self):
        lines, errors = self.bench(
            *self.recipe(), "--quick", "--threads=1", "--json", statuses=(0, 1)
        )
        self.assertEqual(errors, "")
        found = {line["line"]: line for line in map(json.loads, lines)}
        self.assertEqual([name for name in found if "bound" in found[name]], JUDGED)
        for name in JUDGED:
            line = found[name]
            self.assertGreater(line["ours"], 0, name)
            self.assertGreater(line["peer"], 0, name)
            if name == OWN_START:
                self.assertEqual(line["seen"], line["ours"])
            elif not name.startswith("the same"):
                self.assertAlmostEqual(line["seen"] * line["peer"] / line["ours"], 1)
        self.assertTrue(found["the same loss of a step, float32"]["passed"])
        self.assertTrue(found["the same gradient's norm of a step, float32"]["passed"])
        share = found["Millrace, of the machine's matrix product in float32"]
        self.assertTrue(share["value"] > 0 and share["unit"] == "%")
        self.assertEqual(os.listdir(self.folder), ["text.txt"], "it leaves nothing behind")

    def test_a_part_as_a_table(self):
        lines, _ = self.bench(*self.recipe(), "--quick", "--only=loss", "--threads=1")
        self.assertEqual(
            [line.split()[-1] for line in lines if line], ["rounds", "wanted", "pass", "pass"]
        )

    def test_the_machines_limits_stand_beside_goals(self):
        lines, errors = self.bench(
            *self.recipe(), "--quick", "--only=limits", "--json", statuses=(0, 1)
        )
        self.assertEqual(errors, "")
        provider, *judged = map(json.loads, lines)
        self.assertEqual(provider["line"], "masked, one core")
        self.assertGreater(provider["value"], 0)
        transports = [
            f"{scheme}://, batches of {size} KiB, share of {limit}"
            for scheme, limits in (
                ("tcp", ("raw loopback", "bare ZeroMQ")),
                ("ipc", ("raw loopback", "bare ZeroMQ")),
                ("file", ("plain files",)),
            )
            for size in (256, 1024)
            for limit in limits
        ]
        waits = [
            f"share of time that a trainer waits, at {pace}"
            for pace in ("a fast trainer's pace", "0.8 of what is delivered")
        ]
        self.assertEqual(
            [line["line"] for line in judged],
            [*transports, *waits, "private memory of a producer"],
        )
        for line in judged:
            self.assertGreater(line["seen"], 0)
            sign, bound = line["bound"].split()
            below = line["seen"] <= float(bound)
            self.assertEqual(line["passed"], below if sign == "<=" else not below, line)
        self.assertTrue(judged[-1]["passed"], "64 MiB are enough for a producer")

    def fake_tools(self, status):
        """A git and a cmake that write down how they are asked; nothing is built, and cmake ends
        with `status`."""
        folder = self.folder / "fake"
        folder.mkdir()
        ends = {
            "git": 'mkdir -p "$4/trainer/models"',
            "cmake": f'echo "no room" >&2; exit {status}',
        }
        for name, end in ends.items():
            script = folder / name
            script.write_text(
                f'#!/bin/sh\necho "{name} $*, CCACHE_DISABLE=$CCACHE_DISABLE" >> "{folder}/asked"\n'
                f"{end}\n"
            )
            script.chmod(0o755)
        return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}, folder / "asked"

    def test_building_is_from_nothing_and_then_one_file(self):
        environment, asked = self.fake_tools(0)
        lines, errors = self.bench("--only=build", "--threads=3", "--json", environment=environment)
        self.assertEqual(errors, "")
        clone, *cmake = asked.read_text().splitlines()
        self.assertTrue(clone.startswith(f"git clone --quiet {SOURCE} "), clone)
        words = ["--preset release -DMILLRACE_TRAINER=ON", "--build --preset release --parallel 3"]
        words.append(f"{words[1]} --target train")
        self.assertEqual(cmake, [f"cmake {each}, CCACHE_DISABLE=1" for each in words])
        for line, bound in zip(map(json.loads, lines), ("<= 600", "<= 30"), strict=True):
            self.assertEqual(
                (line["bound"], line["passed"], line["seen"]), (bound, True, line["ours"])
            )

    def test_a_build_that_fails_is_one_line(self):
        environment, _ = self.fake_tools(3)
        _, errors = self.bench("--only=build", environment=environment, statuses=(1,))
        self.assertEqual(
            errors, "bench-peers: cmake --preset release -DMILLRACE_TRAINER=ON failed: no room\n"
        )

    def test_what_cannot_be_is_one_line(self):
        for words, status, said in (
            ([], 2, "name a recipe, such as config/char_diffusion_small.toml"),
            (
                [RECIPE, "--only=loss,speed"],
                2,
                "--only speed: known: masking, start, loss, steps, sampling, limits, build",
            ),
            ([RECIPE, "--fast"], 2, "--fast: neither a flag nor an override"),
            ([RECIPE, "--rounds=0"], 2, "--threads and --rounds: expected a whole number from 1"),
            ([RECIPE, "--rounds=many"], 2, "invalid int value: 'many'"),
            (["none.toml", "--only=loss"], 1, "none.toml: cannot read the recipe"),
            (
                [RECIPE, "--only=loss", f"--bin={self.folder}"],
                1,
                "train is not there; build it with scripts/setup",
            ),
        ):
            with self.subTest(words):
                _, errors = self.bench(*words, statuses=(status,))
                self.assertIn(said, errors)
                self.assertEqual(len(errors.splitlines()), 1, errors)


if __name__ == "__main__":
    unittest.main()
