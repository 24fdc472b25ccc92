"""Keys of recipes that no other system test sets: each is given to a program, and its effect is
seen. Keys without an effect are named. An empty value, and "~/" in keys and flags."""

import json
import os
import re
import shutil
import socket
import unittest
import unittest.mock
import urllib.request

import sdk_support  # noqa: F401, the path of millrace
from harness import CASCADE_TEXT, SHARDS, SOURCE, TEXT, TINY, SystemTest, free_port

from millrace.errors import UsageError
from millrace.recipe import load_recipe

LENGTH, SAMPLES = 64, 8

# What annotation/score_words.py calls of spaCy and KeyBERT. They note what they are asked for.
STAND_INS = {
    "noted.py": """
import json
def note(**what):
    with open("noted", "a") as file:
        file.write(json.dumps(what) + "\\n")
""",
    "spacy.py": """
from noted import note
class Token:
    is_space = is_stop = False
    def __init__(self, text, idx):
        self.text, self.idx, self.pos_ = text, idx, ("NOUN", "VERB")[len(text) % 2]
class Model:
    meta = {}
    def pipe(self, texts, n_process):
        note(processes=n_process)
        for text in texts:
            at, tokens = 0, []
            for word in text.split(" "):
                tokens.append(Token(word, at))
                at += len(word) + 1
            yield tokens
def load(name, disable):
    note(spacy=name)
    return Model()
""",
    "keybert.py": """
from noted import note
class KeyBERT:
    def __init__(self, model):
        note(keybert=model)
    def extract_keywords(self, text, keyphrase_ngram_range, stop_words, top_n):
        return [(word, len(word) / 20) for word in set(text.lower().split())]
""",
    "sklearn/__init__.py": "",
    "sklearn/feature_extraction/__init__.py": "",
    "sklearn/feature_extraction/text.py": "ENGLISH_STOP_WORDS = {'the'}\n",
}


class TheStream(SystemTest):
    def samples(self, recipe, *overrides):
        """The first samples, as inspect decodes them."""
        output, _ = self.run_program(
            "inspect",
            "stream",
            SOURCE / "config" / recipe,
            f"--block_size={LENGTH}",
            *overrides,
            "--json",
            f"--count={SAMPLES}",
        )
        return [json.loads(line) for line in output.splitlines()[1:]]

    def replaced(self, *overrides):
        return self.samples(
            "char_random_replacement_small.toml", "--data.path=text.txt", *overrides
        )

    def positions(self, samples, *marks):
        return [sum(len(sample[mark]) for sample in samples) for mark in marks]

    def test_a_selected_position_becomes_what_the_weights_say(self):
        def weighted(random, mask, fragment, *overrides):
            return self.replaced(
                f"--provider.random_weight={random}",
                f"--provider.mask_weight={mask}",
                f"--provider.fragment_weight={fragment}",
                *overrides,
            )

        half = weighted(0, 1, 0, "--provider.mask_probability=0.5")
        masked, replaced, kept = self.positions(half, "masked", "replaced", "kept")
        self.assertEqual((replaced, kept), (0, 0))
        self.assertAlmostEqual(masked / (LENGTH * SAMPLES), 0.5, delta=0.1)

        never = weighted(1, 0, 0, "--provider.original_token_probability_multiplier=0")
        masked, replaced, kept = self.positions(never, "masked", "replaced", "kept")
        self.assertEqual((masked, kept), (0, 0))
        self.assertGreater(replaced, 0)
        always = weighted(1, 0, 0, "--provider.original_token_probability_multiplier=1000000")
        self.assertEqual(self.positions(always, "masked", "replaced", "kept"), [0, 0, replaced])

        for sample in weighted(0, 0, 1, "--provider.mask_probability=0.2"):
            selected = [*sample["replaced"], *sample["kept"]]
            self.assertTrue(selected)
            self.assertTrue(
                any(
                    all(TEXT[first + j] == sample["input"][j] for j in selected)
                    for first in range(len(TEXT) - LENGTH)
                    if TEXT[first : first + LENGTH] != sample["original"]
                ),
                "the selected positions are no part of one other window",
            )

    def test_partial_targets(self):
        keeping = ("--mask_weight=0", "--original_token_probability_multiplier=1000000")
        some = self.replaced(*keeping)
        every = self.replaced(*keeping, "--provider.partial_targets=false")
        self.assertEqual([each["input"] for each in some], [each["input"] for each in every])
        # A position is shown as kept where it has a target and others have none.
        self.assertGreater(self.positions(some, "kept")[0], 0)
        self.assertEqual(self.positions(every, "kept")[0], 0)

    def test_the_graph_of_sedd(self):
        found = {
            graph: self.positions(
                self.samples(
                    "sedd_char_small.toml", "--data.path=text.txt", f"--provider.graph={graph}"
                ),
                "masked",
                "replaced",
            )
            for graph in ("absorb", "uniform")
        }
        self.assertGreater(found["absorb"][0], 0)
        self.assertEqual(found["absorb"][1], 0)
        self.assertEqual(found["uniform"][0], 0)
        self.assertGreater(found["uniform"][1], 0)

    def test_the_source_of_synthetic(self):
        for source, follows in ("markov", True), ("random", False):
            for sample in self.samples("synthetic.toml", f"--provider.source={source}"):
                self.assertEqual(sample["target"][:-1] == sample["input"][1:], follows, source)

    def test_the_share_of_the_test_split(self):
        arguments = ("char_diffusion_small.toml", "--data.path=text.txt", "--split=test")
        for sample in self.samples(*arguments, "--data.test_fraction=0.25"):
            self.assertIn(sample["original"], TEXT[int(0.75 * len(TEXT)) - 1 :])
        _, errors = self.run_program("inspect", "stream", *self.recipe(), "--split=test", status=1)
        self.assertIn("has no test split", errors)

    def test_the_folder_of_indexes(self):
        before = set(self.folder.iterdir())
        lines = ("char_diffusion_small.toml", "--data.path=text.txt", "--data.format=lines")
        self.samples(*lines, "--data.cache=indexes")
        self.assertEqual(set(self.folder.iterdir()) - before, {self.folder / "indexes"})
        self.assertEqual(len(list((self.folder / "indexes").iterdir())), 1)


class TheScorers(SystemTest):
    def noted(self, *overrides):
        """What the stand-ins were asked for by one annotate."""
        (self.folder / "noted").unlink(missing_ok=True)
        annotate = self.start(
            "annotate",
            SOURCE / "config" / "cascade_stage1_small.toml",
            *SHARDS,
            "--annotate.scorer=python",
            *overrides,
            environment={"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        self.finish(annotate)
        return [json.loads(line) for line in (self.folder / "noted").read_text().splitlines()]

    def test_are_those_of_the_selection_with_their_models(self):
        (self.folder / "lines.txt").write_text(CASCADE_TEXT)
        for name, text in STAND_INS.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)
        spacy, *batches = self.noted(
            "--annotate.selection=constituency",
            "--annotate.spacy_model=a_model",
            "--annotate.processes=3",
            "--data.shards=parts",
        )
        self.assertEqual(spacy, {"spacy": "a_model"})
        self.assertTrue(batches)
        self.assertEqual({batch["processes"] for batch in batches}, {3})
        keybert = self.noted(
            "--annotate.selection=keybert_no_stopword",
            "--annotate.keybert_model=another_model",
            "--data.shards=keywords",
        )
        self.assertEqual(keybert, [{"keybert": "another_model"}])


class TheTrainer(SystemTest):
    def test_the_weight_of_the_cross_entropy(self):
        """The loss is KL + weight · CE, and the first step's is computed before anything moves."""
        losses = []
        for weight in (0, 1, 2):
            self.run_program(
                "train",
                SOURCE / "config" / "d3pm_small.toml",
                "--data.path=text.txt",
                *TINY,
                "--queue.uri=inproc://",
                "--max_iters=1",
                "--dtype=float64",
                f"--train.ce_weight={weight}",
                f"--out_dir={weight}",
            )
            lines = (self.folder / str(weight) / "metrics.jsonl").read_text().splitlines()
            first = next(line for line in map(json.loads, lines) if line["split"] == "train")
            losses.append(first["loss"])
        self.assertGreater(losses[1], losses[0])
        self.assertAlmostEqual((losses[2] - losses[1]) / (losses[1] - losses[0]), 1, places=4)

    def test_the_address_that_a_rank_advertises(self):
        port = free_port()
        uri = f"--queue.uri=tcp://127.0.0.1:{free_port()}"
        ranks = self.train_ranks(
            2,
            *self.recipe(),
            uri,
            "--out_dir=out",
            more_of_last=[f"--queue.advertise=localhost:{port}"],
        )

        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        self.wait_until(listens, "rank 1 listens at the port that it advertises")
        maker = self.start("prepare", *self.recipe(), uri)
        for rank in ranks:
            self.finish(rank)
        self.stop(maker)


class TheMonitor(SystemTest):
    def test_may_be_exposed(self):
        port = free_port()
        maker = self.start(
            "prepare",
            *self.recipe(),
            "--queue.uri=file://queue",
            f"--watch.address=0.0.0.0:{port}",
            "--watch.exposed=true",
        )

        def listens():
            self.assertIsNone(maker.poll(), "prepare has ended")
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        self.wait_until(listens, "the port is open")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
            self.assertEqual(json.loads(answer.read())["status"], "ok")
        self.stop(maker)


WITHOUT_EFFECT = "without an effect"


class WithoutEffect(SystemTest):
    def warnings(self, errors):
        return [line for line in errors.splitlines() if WITHOUT_EFFECT in line]

    def train(self, recipe, *overrides, out="out"):
        """The parameters after two steps, and what was written on stderr."""
        _, errors = self.run_program(
            "train",
            SOURCE / "config" / recipe,
            "--data.path=text.txt",
            *TINY,
            "--queue.uri=inproc://",
            "--max_iters=2",
            "--dtype=float32",
            f"--out_dir={out}",
            *overrides,
        )
        return (self.folder / out / "latest" / "model.safetensors").read_bytes(), errors

    def test_keys_are_named_once_in_one_line(self):
        _, errors = self.train(
            "mdlm_small.toml",
            "--data.column=text",
            "--data.unknown=drop",
            "--model.bias=false",
            "--provider.graph=uniform",
            "--annotate.scorer=python",
        )
        (line,) = self.warnings(errors)
        self.assertIn("5 keys without an effect: ", line)
        for clause in (
            'data.column is for csv and jsonl, and data.format is "auto", data.path is "text.txt"',
            'data.unknown is for texts with a data.vocabulary, and data.vocabulary is ""',
            'model.bias is for gpt2, and model.architecture is "dit"',
            'provider.graph is for sedd, and provider.name is "masked"',
            'annotate.scorer is for cascade, and provider.name is "masked"',
        ):
            self.assertIn(clause, line)

    def test_a_checkpoint_has_all_keys_and_none_is_named(self):
        _, errors = self.train("mdlm_small.toml")
        self.assertEqual(self.warnings(errors), [])
        for program in (
            ("sample", "--checkpoint=out", "--length=8", "--steps=2"),
            ("evaluate", "--checkpoint=out", "--iters=1"),
            ("train", "out/latest/config.toml", "--max_iters=3", "--resume"),
        ):
            _, errors = self.run_program(*program)
            self.assertEqual(self.warnings(errors), [], program)

    def test_keys_are_named_if_and_only_if_the_parameters_do_not_depend_on_them(self):
        idle = {
            "char_diffusion_small.toml": ["cond_dim=8", "time_conditioning=false", "ce_weight=1"],
            "gpt2_small.toml": ["cond_dim=8", "scale_by_sigma=false", "graph=uniform"],
            "mdlm_small.toml": ["bias=false", "scale_by_sigma=false", "sigma_max=9"],
            "sedd_char_small.toml": ["scale_by_sigma=false", "noise_eps=0.1", "timesteps=9"],
            "d3pm_small.toml": ["noise_eps=0.1", "noise=geometric", "mask_probability=0.9"],
        }
        effective = {
            "char_diffusion_small.toml": ["min_lr=0.001"],
            "gpt2_small.toml": ["bias=true"],
            "mdlm_small.toml": ["cond_dim=8"],
            "sedd_char_small.toml": ["sigma_max=9"],
            "d3pm_small.toml": ["ce_weight=1"],
        }
        # Without warmup, so that the second step has the rate of the schedule.
        schedule = ("--warmup_iters=0", "--lr_decay_iters=1")
        for recipe, keys in idle.items():
            plain, _ = self.train(recipe, *schedule, out=recipe)
            same, errors = self.train(recipe, *schedule, *(f"--{key}" for key in keys), out="idle")
            (line,) = self.warnings(errors)
            for key in keys:
                self.assertIn("." + key.split("=")[0] + " is for", line)
            self.assertEqual(same, plain, keys)
            for key in effective[recipe]:
                other, errors = self.train(recipe, *schedule, f"--{key}", out="effective")
                self.assertNotEqual(other, plain, key)
                self.assertEqual(self.warnings(errors), [])
            for folder in "idle", "effective":
                shutil.rmtree(self.folder / folder)

    def test_tokenize_and_annotate_take_documents_whatever_the_provider(self):
        (self.folder / "lines.txt").write_text(CASCADE_TEXT)
        _, errors = self.run_program(
            "annotate",
            SOURCE / "config" / "synthetic.toml",
            *SHARDS,
        )
        self.assertEqual(self.warnings(errors), [])


class AnEmptyValue(SystemTest):
    def test_sets_the_empty_text(self):
        (self.folder / "r.toml").write_text(
            '[data]\npath = "text.txt"\nvocabulary = "none.json"\n[provider]\nblock_size = 24\n'
        )
        _, errors = self.run_program("inspect", "stream", "r.toml", status=1)
        self.assertIn("none.json: there is no such vocabulary", errors)
        output, errors = self.run_program("inspect", "stream", "r.toml", "--data.vocabulary=")
        self.assertIn("text.txt", output)
        self.assertEqual(errors, "")

    def test_is_refused_with_the_usual_words_by_keys_that_must_have_one(self):
        for key, expected in {
            "batch_size": "a whole number from 1 to 65536",
            "dropout": "a number from 0 to below 1",
            "insecure": "true or false",
            "order": "one of random, shuffle, sequential",
            "out_dir": "a text that is not empty",
        }.items():
            _, errors = self.run_program("inspect", "stream", *self.recipe(), f"--{key}=", status=2)
            self.assertEqual(errors, f"error: --{key}=: expected {expected}\n")

    def test_is_refused_by_every_flag_that_takes_a_path(self):
        found = 0
        for program in (
            ("train",),
            ("sample",),
            ("evaluate",),
            ("tokenize",),
            ("inspect", "stream"),
            ("bench", "stream"),
        ):
            help_text, _ = self.run_program(*program, "--help")
            paths = re.findall(
                r"^  --([a-z0-9-]+)\S*(?: |=)(?:\w+\|)?(?:DIR|FILE|TOKENIZER)\b", help_text, re.M
            )
            for flag in paths:
                found += 1
                _, errors = self.run_program(*program, f"--{flag}=", status=2)
                self.assertEqual(errors, f"error: --{flag}=: expected a path that is not empty\n")
        self.assertEqual(found, 15)


class TheHomeFolder(SystemTest):
    def test_is_found_in_paths_of_recipes_and_flags_and_makes_no_folder_of_its_own(self):
        home = self.folder / "home"
        home.mkdir()
        (self.folder / "text.txt").rename(home / "text.txt")
        (self.folder / "r.toml").write_text(
            f'include = "{SOURCE}/config/mdlm_small.toml"\n[data]\npath = "~/text.txt"\n'
            '[queue]\nuri = "file://~/q"\n[train]\nout_dir = "~/out"\n'
        )
        environment = {"HOME": str(home)}
        maker = self.start("prepare", "r.toml", *TINY, "--samples=72", environment=environment)
        train = self.start(
            "train",
            "r.toml",
            *TINY,
            "--record-stream=~/record",
            environment=environment,
        )
        self.finish(train)
        self.finish(maker)
        self.assertEqual({each.name for each in home.iterdir()}, {"text.txt", "q", "out", "record"})
        self.assertEqual({each.name for each in self.folder.iterdir()}, {"r.toml", "home"})
        sample = self.start(
            "sample",
            "--checkpoint=~/out",
            "--length=8",
            "--output=~/texts",
            environment=environment,
        )
        self.finish(sample)
        self.assertTrue((home / "texts").is_file())

    def test_is_that_of_producers_in_python_too(self):
        recipe = self.folder / "r.toml"
        recipe.write_text(
            '[data]\npath = "~/text.txt"\n[queue]\nuri = "file://~/q"\nkey_file = "~/keys"\n'
        )
        with unittest.mock.patch.dict(os.environ, {"HOME": "/home/miller"}):
            read = load_recipe(recipe)
            self.assertEqual(read.data_path, "/home/miller/text.txt")
            self.assertEqual(read.uri, "file:///home/miller/q")
            self.assertEqual(read.key_file, "/home/miller/keys")
            self.assertEqual(load_recipe(recipe, ["--uri=tcp://~:5"]).uri, "tcp://~:5")
            with self.assertRaisesRegex(UsageError, "--path=~bob/x: only ~/ is replaced"):
                load_recipe(recipe, ["--path=~bob/x"])

    def test_of_another_user_is_refused(self):
        for key in "data.path=~bob/x", "queue.uri=file://~bob/q", "out_dir=~bob":
            _, errors = self.run_program("train", *self.recipe(), f"--{key}", status=2)
            self.assertIn("only ~/ is replaced by a home folder, not ~bob", errors)
            self.assertEqual(errors.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
