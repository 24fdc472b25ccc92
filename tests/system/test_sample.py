"""A checkpoint of every objective writes text: what is given stays, the same seed gives the same text, and bad input is told."""

import json
import unittest

from harness import SOURCE, SystemTest
from test_recipes import ONE_TEXT, TOY

LENGTH = 16

# One recipe of each kind, and all samplers that go with it.
KINDS = {
    "char_diffusion_small": ["confidence"],
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
        (self.folder / "text.txt").rename(self.folder / "elsewhere.txt")  # the checkpoint alone is enough

    def texts(self, recipe, *arguments):
        output, _ = self.run_program("sample", "--checkpoint", recipe, "--steps", 5, "--json", *arguments)
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
            self.assertIn(f"known: {', '.join(samplers)}", self.refused(recipe, "--sampler", "dowsing"))
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

    def test_both_ends_are_given_and_the_seed_decides_the_rest(self):
        self.train("mdlm_small")
        (self.folder / "start.txt").write_text("to\n")
        given = ["--start", "FILE:start.txt", "--suffix", "mill", "--length", 12, "--seed"]
        found = self.texts("mdlm_small", *given, 1)[0]["text"]
        self.assertRegex(found, r"(?s)^to\n.{5}mill$")
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
        self.assertTrue(self.texts("gpt2_small")[0]["text"].startswith("\n"))

    def test_scores_take_no_temperature(self):
        self.train("sedd_char_small")
        self.assertIn("do not go with the sampler analytic", self.refused("sedd_char_small", "--temperature", "0.5"))


if __name__ == "__main__":
    unittest.main()
