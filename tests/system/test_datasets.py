"""Several datasets in one recipe: mixed, one of them alone, and a model for each."""

import shutil
import unittest

from harness import SOURCE, TEXT, TINY, SystemTest

EXAMPLE = SOURCE / "config" / "datasets_example.toml"


class DatasetsTest(SystemTest):
    def setUp(self):
        super().setUp()
        (self.folder / "data").mkdir()
        (self.folder / "data" / "tinyshakespeare.txt").write_text(TEXT)
        shutil.copy(SOURCE / "design_document.md", self.folder)

    def train(self, *arguments, status=0):
        _, errors = self.run_program(
            "train", EXAMPLE, *TINY, "--out_dir=out", *arguments, status=status
        )
        return errors

    def newest(self, out):
        return (self.folder / out / "latest").resolve().name


class Mixtures(DatasetsTest):
    def test_what_is_trained_on_is_the_pure_function(self):
        self.train("--queue.uri=inproc://", "--record-stream=record.txt")
        used = [line.split()[1:] for line in (self.folder / "record.txt").read_text().splitlines()]
        used = [line for line in used if line[0] == "train"]
        self.assertEqual(len(used), 72)
        computed, _ = self.run_program(
            "inspect",
            "stream",
            EXAMPLE,
            *TINY,
            "--split=train",
            "--first=0",
            "--count=72",
            "--digest",
        )
        self.assertEqual(used, [line.split() for line in computed.splitlines()])

    def test_one_dataset_over_a_folder(self):
        producer = self.start(
            "prepare", EXAMPLE, *TINY, "--dataset", "handbook", "--queue.uri=file://streams/one"
        )
        errors = self.train("--dataset", "handbook", "--queue.uri=file://streams/one")
        self.stop(producer)
        self.assertIn("(handbook)", errors)
        self.assertEqual(self.newest("out"), "step-00000012")

    def test_what_no_recipe_of_several_may_say(self):
        self.assertIn("did you mean 'plays'", self.train("--dataset", "play", status=2))
        self.assertIn("is of one dataset", self.train("--data.path=text.txt", status=2))
        self.assertIn(
            "no such file or folder",
            self.train("--dataset=my_own", "--queue.uri=inproc://", status=1),
        )


class AModelForEach(DatasetsTest):
    def test_goes_on_where_it_stopped_and_skips_what_is_done(self):
        self.train("--all", "--queue.uri=inproc://", "--max_iters=6")
        for name in ("plays", "handbook"):
            self.assertEqual(self.newest(f"out/{name}"), "step-00000006")
        self.train("--dataset=plays", "--queue.uri=inproc://", "--out_dir=out/plays", "--resume")
        errors = self.train("--all", "--queue.uri=inproc://")
        self.assertIn("dataset plays: done, step 12", errors)
        self.assertIn("resuming from out/handbook/step-00000006", errors)
        for name in ("plays", "handbook"):
            self.assertEqual(self.newest(f"out/{name}"), "step-00000012")
        self.assertFalse((self.folder / "out/my_own").exists())
        errors = self.train("--all", "--queue.uri=inproc://")
        self.assertIn("dataset plays: done, step 12", errors)
        self.assertIn("dataset handbook: done, step 12", errors)

    def test_over_two_ranks(self):
        words = [EXAMPLE, *TINY, "--out_dir=out", "--all", "--queue.uri=inproc://"]
        for state in ("in out/", "done, step 4"):
            ranks = self.train_ranks(2, *words, "--max_iters=4")
            for rank in ranks:
                self.finish(rank)
            for name in ("plays", "handbook"):
                self.assertIn(f"dataset {name}", ranks[0].errors)
                self.assertEqual(self.newest(f"out/{name}"), "step-00000004")
            self.assertIn(state, ranks[0].errors)

    def test_each_has_a_queue_of_its_own(self):
        producers = [
            self.start(
                "prepare", EXAMPLE, *TINY, "--dataset", name, f"--queue.uri=file://streams/{name}"
            )
            for name in ("handbook", "plays")
        ]
        self.train("--all", "--queue.uri=file://streams")
        for producer in producers:
            self.stop(producer)
        for name in ("plays", "handbook"):
            self.assertEqual(self.newest(f"out/{name}"), "step-00000012")

    def test_is_the_model_that_is_trained_alone(self):
        self.train("--all", "--queue.uri=inproc://", "--max_iters=4")
        self.train(
            "--dataset=handbook", "--queue.uri=inproc://", "--max_iters=4", "--out_dir=alone"
        )
        models = [
            (self.folder / out / "latest" / "model.safetensors").read_bytes()
            for out in ("out/handbook", "alone")
        ]
        self.assertEqual(*models)

    def test_refuses_what_it_cannot_do(self):
        self.assertIn("--dataset NAME", self.train("--all", "--record-stream=record.txt", status=2))
        self.assertIn("leave --resume out", self.train("--all", "--resume=out", status=2))
        _, errors = self.run_program("train", *self.recipe(), "--all", status=2)
        self.assertIn("the recipe has none", errors)


if __name__ == "__main__":
    unittest.main()
