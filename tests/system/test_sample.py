"""A checkpoint of every objective writes text: what is given stays, the same seed gives the same
text, and bad input is told. So does a cascade, and every step can be seen."""

import json
import math
import os
import pty
import unittest

from harness import BIN, CASCADE_TEXT, SHARDS, SOURCE, SystemTest
from test_recipes import ONE_TEXT, TOY

LENGTH = 16

# One recipe of each kind, and all samplers that go with it.
KINDS = {
    "char_diffusion_small": ["confidence", "editing"],
    "char_random_replacement_small": ["confidence", "editing"],
    "sedd_char_small": ["analytic", "euler"],
    "sedd_absorb_small": ["analytic", "euler", "ancestral", "first_hitting"],
    "mdlm_small": ["ancestral", "first_hitting"],
    "d3pm_small": ["ancestral", "first_hitting"],
    "gpt2_small": ["autoregressive"],
}


class Sample(SystemTest):
    def train(self, recipe):
        more = ["--max_iters=4", f"--out_dir={recipe}"]
        self.run_program("train", SOURCE / f"config/{recipe}.toml", *ONE_TEXT, *TOY, *more)
        (self.folder / "text.txt").rename(
            self.folder / "elsewhere.txt"
        )  # the checkpoint alone is enough

    def texts(self, recipe, *arguments):
        output, _ = self.run_program(
            "sample", "--checkpoint", recipe, "--steps", 5, "--json", *arguments
        )
        return [json.loads(line) for line in output.splitlines()]

    def refused(self, recipe, *arguments):
        _, errors = self.run_program("sample", "--checkpoint", recipe, *arguments, status=2)
        lines = [line for line in errors.splitlines() if line.startswith("error:")]
        self.assertEqual(len(lines), 1, errors)
        return lines[0]

    def test_every_kind_and_sampler(self):
        for recipe, samplers in KINDS.items():
            self.train(recipe)
            for sampler in samplers:
                with self.subTest(recipe=recipe, sampler=sampler):
                    self.check(recipe, sampler)
            self.assertIn(
                f"known: {', '.join(samplers)}", self.refused(recipe, "--sampler", "dowsing")
            )
            (self.folder / "elsewhere.txt").rename(self.folder / "text.txt")

    def check(self, recipe, sampler):
        asked = ["--sampler", sampler, "--samples", 6, "--start", "The", "--seed", 3]
        found = self.texts(recipe, *asked)
        self.assertEqual([line["sample"] for line in found], list(range(6)))
        for line in found:
            self.assertEqual(len(line["text"]), LENGTH)
            self.assertEqual(len(line["tokens"]), LENGTH)
            self.assertTrue(line["text"].startswith("The"), line)
            self.assertNotIn("[MASK]", line["text"])
        self.assertEqual(self.texts(recipe, *asked), found)
        if recipe != "gpt2_small":
            given = ["--sampler", sampler, "--template", "[MASK]he [MASK][MASK]ter"]
            self.assertRegex(self.texts(recipe, *given)[0]["text"], r"(?s)^.he ..ter$")

    def test_editing_changes_lengths(self):
        self.train("char_diffusion_small")
        knobs = [
            "--insert-ratio-start",
            0.5,
            "--delete-ratio-end=0.5",
            "--delete-margin",
            0,
            "--noise-start",
            0.2,
        ]
        more = [
            "--cooldown-distance",
            1,
            "--edit-schedule",
            "linear",
            "--length",
            8,
            "--start",
            "Th",
            "--suffix",
            "ll",
        ]
        asked = ["--sampler", "editing", "--samples", 12, *knobs, *more]
        found = self.texts("char_diffusion_small", *asked, "--trace", "trace.jsonl")
        lengths = {len(line["tokens"]) for line in found}
        self.assertGreater(len(lengths), 1, lengths)
        self.assertLessEqual(max(lengths), LENGTH)
        for line in found:
            self.assertEqual(len(line["text"]), len(line["tokens"]))
            self.assertRegex(line["text"], r"(?s)^Th.*ll$")
        steps = [
            json.loads(line) for line in (self.folder / "trace.jsonl").read_text().splitlines()
        ]
        self.assertEqual(len(steps), 12 * 6)
        self.assertEqual([step["text"] for step in steps if step["step"] == 0], ["Th▒▒▒▒ll"] * 12)
        last = {step["sample"]: step["tokens"] for step in steps if step["step"] == 5}
        self.assertEqual(last, {line["sample"]: line["tokens"] for line in found})
        self.assertEqual(self.texts("char_diffusion_small", *asked), found)
        output, _ = self.run_program(
            "sample", "--checkpoint", "char_diffusion_small", "--steps", 5, *asked
        )
        self.assertEqual(output, "".join(line["text"] + "\n" + "=" * 80 + "\n" for line in found))

    def test_bad_editing(self):
        self.train("char_diffusion_small")
        line = self.refused(
            "char_diffusion_small", "--sampler", "editing", "--insert-ratio-start=1.5"
        )
        self.assertIn("--insert-ratio-start 1.5 is not a number from 0 to 1", line)
        self.assertIn(
            "--noise-end goes with --sampler editing alone",
            self.refused("char_diffusion_small", "--noise-end=0"),
        )

    def test_both_ends_are_given_and_the_seed_decides_the_rest(self):
        self.train("mdlm_small")
        (self.folder / "start.txt").write_text("to\n")
        given = ["--start", "FILE:start.txt", "--suffix", "mill", "--length", 12, "--seed"]
        found = self.texts("mdlm_small", *given, 1)[0]["text"]
        self.assertRegex(found, r"(?s)^to\n.{5}mill$")
        at_home = ["FILE:~/start.txt" if word == "FILE:start.txt" else word for word in given]
        process = self.start(
            *("sample", "--checkpoint", "mdlm_small", "--steps", 5, *at_home, 1),
            environment={"HOME": str(self.folder)},
        )
        self.assertIn(found, self.finish(process, 0))
        self.assertNotEqual(self.texts("mdlm_small", *given, 2)[0]["text"], found)

    def test_text_on_stdout_and_in_a_file(self):
        self.train("mdlm_small")
        asked = ["sample", "--checkpoint", "mdlm_small", "--samples", 2, "--steps", 3]
        output, errors = self.run_program(*asked)
        self.assertEqual(output.count("=" * 80 + "\n"), 2)
        self.assertIn("step 4: 2 texts, ", errors)
        nothing, _ = self.run_program(*asked, "--output", "texts.txt")
        self.assertEqual((nothing, (self.folder / "texts.txt").read_text()), ("", output))

    def test_bad_input(self):
        self.train("d3pm_small")
        for parts, arguments in [
            (["--steps", "0"], ["--steps", 0]),
            (["--steps 1001", "provider.timesteps = 1000"], ["--steps", 1001]),
            (["--start", "'%'", "position 3", "vocabulary lacks"], ["--start", "The%"]),
            (["--start", "at most 16 tokens"], ["--start", "The miller runs and runs"]),
            (["--template", "at most 16 tokens"], ["--template", "[MASK]" * 17]),
            (["--length", "17 tokens", "at most 16"], ["--length", 17]),
            (["--length 4", "no room"], ["--length", 4, "--start", "The", "--suffix", "mill"]),
            (["leave out --start"], ["--template", "[MASK]", "--start", "The"]),
            (["--start", "absent.txt"], ["--start", "FILE:absent.txt"]),
            (["--temperature", "hot"], ["--temperature", "hot"]),
            (["--top-p", "1.5"], ["--top-p", "1.5"]),
            (["--weights", "heavy"], ["--weights", "heavy"]),
            (["n_layer", "part of the checkpoint"], ["--n_layer=2"]),
        ]:
            with self.subTest(arguments=arguments):
                line = self.refused("d3pm_small", *arguments)
                for part in parts:
                    self.assertIn(part, line)
        self.assertIn("absent cannot be used", self.refused("absent"))

    def test_left_to_right_cannot_fill_in(self):
        self.train("gpt2_small")
        self.assertIn("writes from left to right", self.refused("gpt2_small", "--suffix", "mill"))
        found = self.texts("gpt2_small", "--samples", 2, "--temperature", 0, "--start", "The ")
        self.assertEqual(found[0]["text"], found[1]["text"])
        only = self.texts("gpt2_small", "--samples", 2, "--top-k", 1, "--start", "The ")
        self.assertEqual([line["text"] for line in only], [line["text"] for line in found])
        self.assertTrue(self.texts("gpt2_small")[0]["text"].startswith("\n"))
        likeliest = ["--checkpoint", "gpt2_small", "--temperature", 0, "--top-k", 5]
        _, errors = self.run_program("sample", *likeliest, "--steps", 3)
        self.assertIn("--steps has no effect: the sampler autoregressive takes", errors)
        self.assertIn("--top-k and --top-p have no effect: --temperature 0", errors)

    def test_a_trace_has_every_step(self):
        self.train("mdlm_small")
        asked = ["--samples", 2, "--seed", 5]
        plain = self.texts("mdlm_small", *asked)
        output, errors = self.run_program(
            "sample",
            "--checkpoint",
            "mdlm_small",
            "--steps",
            5,
            "--json",
            *asked,
            "--trace",
            "t.jsonl",
            "--verbose",
        )
        self.assertEqual([json.loads(line) for line in output.splitlines()], plain)
        steps = [json.loads(line) for line in (self.folder / "t.jsonl").read_text().splitlines()]
        self.assertEqual(
            [(step["step"], step["sample"]) for step in steps],
            [(k, i) for k in range(7) for i in range(2)],
        )
        self.assertEqual(steps[0]["text"], "▒" * LENGTH)
        for before, after in zip(steps[::2], steps[2::2]):
            for was, now in zip(before["text"], after["text"]):
                self.assertIn(was, ("▒", now))
        self.assertEqual([step["text"] for step in steps[-2:]], [line["text"] for line in plain])
        self.assertIn(f"sample 1, step 0: {'▒' * LENGTH}\n", errors)
        self.assertIn(
            "--trace absent/t.jsonl: cannot write: No such file or directory",
            self.refused("mdlm_small", "--trace", "absent/t.jsonl"),
        )
        self.assertIn("--watch needs a terminal", self.refused("mdlm_small", "--watch"))

    def test_watching_on_a_terminal(self):
        self.train("mdlm_small")
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execv(
                BIN / "sample",
                [
                    "sample",
                    "--checkpoint",
                    "mdlm_small",
                    "--steps",
                    "3",
                    "--watch",
                    "--output",
                    "texts.txt",
                ],
            )
        shown = b""
        try:
            while part := os.read(terminal, 65536):
                shown += part
        except OSError:  # the program has ended
            pass
        self.assertEqual(os.waitpid(pid, 0)[1], 0, shown.decode())
        for step in range(5):
            self.assertIn(f"sample 0, step {step}".encode(), shown)
        self.assertIn("▒" * LENGTH, shown.decode())
        self.assertEqual(shown.count(b"\x1b[J"), 5)

    def test_texts_are_scored_by_an_autoregressive_checkpoint(self):
        self.train("gpt2_small")
        (self.folder / "elsewhere.txt").rename(self.folder / "text.txt")
        self.train("mdlm_small")
        asked = ["sample", "--checkpoint", "mdlm_small", "--steps", 4, "--samples", 5]
        plain, _ = self.run_program(*asked, "--json")
        output, errors = self.run_program(*asked, "--json", "--eval-perplexity", "gpt2_small")
        *lines, last = output.splitlines(keepends=True)
        self.assertEqual("".join(lines), plain)
        found = json.loads(last)
        self.assertEqual((found["texts"], found["tokens"], found["step"]), (5, 5 * (LENGTH - 1), 4))
        self.assertAlmostEqual(
            found["generative_perplexity"], math.exp(found["nats_per_token"]), places=6
        )
        self.assertGreater(found["standard_error"], 0)
        self.assertIn("token entropy", errors)
        entropies = []
        for line in map(json.loads, lines):
            shares = [line["tokens"].count(token) / LENGTH for token in set(line["tokens"])]
            entropies.append(-sum(share * math.log(share) for share in shares))
        self.assertAlmostEqual(found["token_entropy_nats"], sum(entropies) / 5, places=9)
        self.assertIn(
            'train.objective = "mdlm"',
            self.refused("mdlm_small", "--eval-perplexity", "mdlm_small"),
        )
        self.assertIn(
            "--eval-perplexity absent cannot be used",
            self.refused("mdlm_small", "--eval-perplexity", "absent"),
        )

    def test_texts_in_other_tokens_are_encoded_by_who_scores_them(self):
        self.train("mdlm_small")
        text = (self.folder / "elsewhere.txt").read_text()
        (self.folder / "text.txt").write_text(
            "~" + text
        )  # one more character: other tokens for each text
        self.train("gpt2_small")
        asked = [
            "sample",
            "--checkpoint",
            "mdlm_small",
            "--steps",
            4,
            "--samples",
            3,
            "--json",
            "--eval-perplexity",
            "gpt2_small",
        ]
        longer, _ = self.run_program(*asked)
        found = json.loads(longer.splitlines()[-1])
        self.assertEqual((found["texts"], found["tokens"]), (3, 3 * (LENGTH - 1)))
        (self.folder / "text.txt").write_text(text.replace("m", ""))
        self.run_program(
            "train",
            SOURCE / "config/gpt2_small.toml",
            *ONE_TEXT,
            *TOY,
            "--max_iters=4",
            "--out_dir=without_m",
        )
        line = self.refused(
            "mdlm_small", "--steps", 4, "--start", "mill", "--eval-perplexity", "without_m"
        )
        for part in (
            "--eval-perplexity",
            "sample 0",
            "character 'm' at position 0",
            "vocabulary lacks",
        ):
            self.assertIn(part, line)

    def test_scores_take_no_temperature(self):
        self.train("sedd_char_small")
        self.assertIn(
            "do not go with the sampler analytic",
            self.refused("sedd_char_small", "--temperature", "0.5"),
        )


class Cascade(SystemTest):
    STAGES = ["--stage1", "stage1", "--stage2", "stage2", "--stage3", "stage3"]

    def setUp(self):
        super().setUp()
        (self.folder / "lines.txt").write_text(CASCADE_TEXT)
        recipe = SOURCE / "config/cascade_stage1_small.toml"
        self.run_program("annotate", recipe, *SHARDS)
        for stage in (1, 2, 3):
            self.train(stage)

    def train(self, stage, *more, out=None):
        recipe = SOURCE / f"config/cascade_stage{stage}_small.toml"
        self.run_program(
            "train",
            recipe,
            *SHARDS,
            *TOY,
            "--max_iters=4",
            *more,
            f"--out_dir={out or f'stage{stage}'}",
        )

    def refused(self, *arguments):
        _, errors = self.run_program("sample", *arguments, status=2)
        return next(line for line in errors.splitlines() if line.startswith("error:"))

    def test_three_files_and_the_last_text(self):
        asked = ["--samples", 5, "--steps", 4, "--seed", 7]
        output, errors = self.run_program("sample", *self.STAGES, *asked, "--trace", "t.jsonl")
        files = [
            (self.folder / "sampling_outputs" / f"sample_stage{i}.txt").read_text()
            for i in (1, 2, 3)
        ]
        self.assertEqual(files[2], output)
        for text in files:
            self.assertEqual(text.count("=" * 80 + "\n"), 5)
        self.assertIn("of the tokens of stage 1 ", errors)
        lines, _ = self.run_program("sample", *self.STAGES, *asked, "--json", "--output", "again")
        for i, text in enumerate(files, start=1):
            found = [json.loads(line)[f"stage{i}"]["text"] for line in lines.splitlines()]
            self.assertEqual("".join(line + "\n" + "=" * 80 + "\n" for line in found), text)
        steps = [json.loads(line) for line in (self.folder / "t.jsonl").read_text().splitlines()]
        self.assertEqual(
            [len({step["step"] for step in steps if step["stage"] == i}) for i in (1, 2, 3)],
            [6] * 3,
        )

    def test_what_is_no_cascade(self):
        self.train(3, "--stage2_length=6", out="other")
        for parts, arguments in [
            (["--stage2 DIR is missing"], ["--stage1", "stage1", "--stage3", "stage3"]),
            (["writes behind 4 tokens", "not the first"], ["--stage1", "stage2", *self.STAGES[2:]]),
            (
                ["--stage3 ", "writes behind 6 tokens", "writes 8"],
                [*self.STAGES[:4], "--stage3", "other"],
            ),
            (
                ["writes behind 8 tokens", "writes 4"],
                ["--stage1", "stage1", "--stage2", "stage3", "--stage3", "stage3"],
            ),
            (["--start does not go with a cascade"], [*self.STAGES, "--start", "The"]),
            (["give all three"], ["--checkpoint", "stage2"]),
        ]:
            with self.subTest(arguments=arguments):
                line = self.refused(*arguments)
                for part in parts:
                    self.assertIn(part, line)


if __name__ == "__main__":
    unittest.main()
