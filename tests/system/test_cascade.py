"""The cascade from documents to samples, with whole programs: annotate killed with -9 and
continued, skipped, sharded, and streamed."""

import json
import signal
import unittest

from harness import SOURCE, SystemTest

SMALL = SOURCE / "config" / "cascade_stage1_small.toml"

# spaCy's calls as annotation/score_words.py makes them, slow enough to be killed in between.
SLOW_SPACY = """
import time
__version__ = "0"
class Token:
    def __init__(self, text, idx):
        self.text, self.idx, self.is_space, self.is_stop = text, idx, False, len(text) < 4
        self.pos_ = ("PROPN", "NOUN", "VERB", "ADJ", "ADV", "DET")[(len(text) + ord(text[0])) % 6]
class Model:
    meta = {"version": "0"}
    def pipe(self, texts, n_process):
        for text in texts:
            time.sleep(0.002)
            tokens, at = [], 0
            for word in text.split(" "):
                if word: tokens.append(Token(word, at))
                at += len(word) + 1
            yield tokens
def load(name, disable):
    return Model()
"""


class TheCascade(SystemTest):
    def setUp(self):
        super().setUp()
        lines = [
            f"{who} number {i} {does} the {what} {where}, and never says {why}.\n"
            for i in range(40)
            for who in ("Anna", "The old miller", "A young sailor")
            for does in ("opens", "quickly paints", "wants to sell")
            for what, where, why in (
                ("gate", "in Bremen", "why"),
                ("boat", "near the river", "how"),
                ("wheel", "at night", "when"),
            )
        ]
        (self.folder / "lines.txt").write_text("".join(lines))
        (self.folder / "spacy.py").write_text(SLOW_SPACY)
        self.environment = {"PYTHONPATH": str(self.folder)}

    def recipe(self, *more):
        lengths = ("--stage1_length=4", "--stage2_length=8", "--stage3_length=16")
        return [
            SMALL,
            "--data.path=lines.txt",
            "--data.format=lines",
            "--annotate.vocab_size=400",
            *lengths,
            *more,
        ]

    def shard(self, folder, name="shard-00000-of-00001.scored"):
        return (self.folder / folder / name).read_bytes()

    def test_killed_and_continued_is_the_same_shard(self):
        slow = ("--annotate.scorer=python", "--save_interval_s=0")
        self.finish(
            self.start(
                "annotate", *self.recipe("--shards=whole", *slow), environment=self.environment
            )
        )
        progress = self.folder / "killed" / ".shard-00000-of-00001.scored.progress"
        seen = set()
        for _ in range(3):
            process = self.start(
                "annotate", *self.recipe("--shards=killed", *slow), environment=self.environment
            )

            def has_gone_on():
                if process.poll() is not None:
                    return True
                try:
                    return json.loads(progress.read_text())["passages"] not in seen
                except (OSError, ValueError):
                    return False

            self.wait_until(has_gone_on, "annotate saves")
            self.assertIsNone(process.poll(), "it ended before it was killed")
            process.send_signal(signal.SIGKILL)
            process.communicate()
            seen.add(json.loads(progress.read_text())["passages"])
        self.assertFalse((self.folder / "killed" / "shard-00000-of-00001.scored").exists())
        process = self.start(
            "annotate", *self.recipe("--shards=killed", *slow), environment=self.environment
        )
        self.finish(process)
        self.assertIn("continuing behind", process.errors)
        self.assertEqual(self.shard("killed"), self.shard("whole"))
        self.assertEqual(
            sorted(path.name for path in (self.folder / "killed").iterdir()),
            ["shard-00000-of-00001.scored", "tokenizer.json", "vocabulary.json"],
        )

    def test_shards_one_by_one_and_skipped(self):
        for i in (2, 0, 1):
            output, _ = self.run_program(
                "annotate",
                *self.recipe("--shards=s"),
                "--shard-index",
                i,
                "--num-shards",
                3,
                "--json",
            )
            done = json.loads(output)
            self.assertEqual((done["shard"], done["skipped"], done["passages"]), (i, False, 360))
        output, errors = self.run_program(
            "annotate", *self.recipe("--shards=s"), "--num-shards", 3, "--json"
        )
        self.assertEqual([json.loads(line)["skipped"] for line in output.splitlines()], [True] * 3)
        self.assertIn("cannot fill stages of 4 and 8 and are dropped", errors)

        for stage, fields in (1, 3), (2, 4), (3, 4):
            arguments = self.recipe("--shards=s", f"--cascade_stage={stage}")
            output, _ = self.run_program("inspect", "stream", *arguments, "--json", "--count", 2)
            meta, *samples = map(json.loads, output.splitlines())
            self.assertEqual(
                len(meta["fields"] if "fields" in meta else meta["schema"]["fields"]), fields
            )
            self.assertEqual(len(samples), 2)
            self.run_program("prepare", *arguments, "--samples", 64)

    def test_what_cannot_be_is_one_line(self):
        _, errors = self.run_program(
            "inspect", "stream", *self.recipe("--shards=nowhere"), status=1
        )
        self.assertIn("make them with annotate", errors)
        _, errors = self.run_program(
            "annotate", *self.recipe(), "--shard-index", 3, "--num-shards", 3, status=2
        )
        self.assertIn("the shards are 0 to 2", errors)
        _, errors = self.run_program(
            "annotate",
            *self.recipe("--annotate.scorer=python", "--annotate.python=no-python"),
            status=1,
        )
        self.assertIn("no-python: cannot be started", errors)
        self.run_program("annotate", *self.recipe("--shards=s"), "--num-shards", 2)
        (self.folder / "s" / "shard-00001-of-00002.scored").unlink()
        _, errors = self.run_program("prepare", *self.recipe("--shards=s"), status=1)
        self.assertIn("1 of 2 shards are missing (1)", errors)
        _, errors = self.run_program(
            "inspect", "stream", *self.recipe("--shards=s", "--stage3_length=32"), status=1
        )


if __name__ == "__main__":
    unittest.main()
