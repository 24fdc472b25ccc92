"""Checkpoints and output folders from somebody else, under right digests: each is refused in one
line, and nothing outside of them is opened, cut or removed."""

import json
import shutil
import unittest

from xxhash import xxh64_hexdigest

from harness import SystemTest

FAILED, WRONG_USAGE = 1, 2


def change_run_id(state):
    state["run_id"] = "../victim"


def change_cursor(state):
    state["cursors"]["train"] = 2**64 - 1


def change_step(state):
    state["step"] = 2**63


def change_files(state):
    state["files"]["../../text.txt"] = {"size_bytes": 1, "xxh64": "0" * 16}


def change_vocabulary(state):
    state["meta"]["vocab_size"] = 2**32 - 1


def change_model(state):
    state["meta"].update(vocabulary=[], vocab_size=2**32 - 1)


def change_mask(state):
    state["meta"]["mask_token_id"] = 4_000_000_000


def change_block_size(state):
    state["meta"]["block_size"] = 2**32 - 1


class ForeignFolder(SystemTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "out"
        self.train("--max_iters=2", "--eval_interval=1000")
        self.checkpoint = self.out / "step-00000002"

    def train(self, *more, status=0):
        process = self.start(
            *("train", *self.recipe(), "--queue.uri=inproc://", "--out_dir=out", *more)
        )
        self.finish(process, status)
        return process.errors

    def errors_of(self, *words, status):
        process = self.start(*words)
        self.finish(process, status)
        self.assertNotIn("Exception raised", process.errors)
        return process.errors.splitlines()[-1]

    def change(self, change):
        path = self.checkpoint / "trainer.json"
        state = json.loads(path.read_text())
        del state["xxh64"]
        change(state)
        text = json.dumps(state, separators=(",", ":"), ensure_ascii=False)
        path.write_text(json.dumps({**state, "xxh64": xxh64_hexdigest(text.encode())}))


class ForeignCheckpoint(ForeignFolder):
    def test_values_that_no_run_has_are_refused(self):
        good = (self.checkpoint / "trainer.json").read_bytes()
        cases = [
            (change_run_id, 'its run_id is not 16 lower-case hex digits: "../victim"'),
            (change_cursor, "its train is 18446744073709551615"),
            (change_step, "its step is 9223372036854775808"),
            (change_files, "a name in its files is no name of a file"),
            (change_vocabulary, "of 4294967295 tokens"),
            (change_mask, "[MASK] is token 4000000000"),
            (change_block_size, "block_size is 4294967295"),
        ]
        for change, named in cases:
            with self.subTest(change.__name__):
                self.change(change)
                self.assertIn(named, self.train("--resume", "--max_iters=4", status=WRONG_USAGE))
                use = ("--checkpoint", "out/step-00000002")
                for words, status in [
                    (("inspect", "checkpoint", "out/step-00000002"), FAILED),
                    (("sample", *use, "--length", 8), WRONG_USAGE),
                ]:
                    self.assertIn(named, self.errors_of(*words, status=status))
                (self.checkpoint / "trainer.json").write_bytes(good)

    def test_a_model_far_larger_than_its_file_is_refused(self):
        self.change(change_model)
        line = self.errors_of(
            *("sample", "--checkpoint", "out/step-00000002", "--length", 8), status=WRONG_USAGE
        )
        self.assertIn("its settings ask for a model of 274 GB or more", line)

    def test_a_run_id_that_is_a_path_removes_nothing(self):
        victim = self.folder / "victim"
        victim.mkdir()
        (victim / "thesis.txt").write_text("mine")
        self.change(lambda state: state.update(run_id=str(victim)))
        process = self.start(
            *("train", *self.recipe(), f"--queue.uri=file://{self.folder}/queue"),
            *("--out_dir=out", "--resume", "--max_iters=4"),
        )
        self.finish(process, WRONG_USAGE)
        self.assertIn("its run_id is not 16 lower-case hex digits", process.errors)
        self.assertEqual((victim / "thesis.txt").read_text(), "mine")

    def test_json_that_nests_without_end_is_refused(self):
        (self.checkpoint / "trainer.json").write_text('{"format": 1, "a": ' + "[" * 10**6)
        self.assertIn("nested deeper", self.train("--resume", status=WRONG_USAGE))
        (self.folder / "vocab.json").write_text('{"a": ' + "[" * 10**6 + "]" * 10**6 + "}")
        vocabulary = ("--data.path=text.txt", "--data.vocabulary=vocab.json")
        process = self.start("inspect", "stream", *self.recipe(), *vocabulary)
        process.communicate()
        self.assertIn(process.returncode, (FAILED, WRONG_USAGE))

    def test_escapes_do_not_reach_the_terminal(self):
        self.change(lambda state: state.update(machine={**state["machine"], "device": "\x1b[31m"}))
        shown = self.finish(self.start("inspect", "checkpoint", "out/step-00000002"))
        self.assertNotIn("\x1b", shown)
        self.assertIn("trained  on \\x1b[31m in", shown)


class ForeignLinks(ForeignFolder):
    def check_is_refused(self, name, *more, status=WRONG_USAGE):
        theirs = self.folder / "theirs"
        shutil.copy(self.out / "metrics.jsonl", theirs)
        before = theirs.read_bytes()
        path = self.out / name
        path.unlink(missing_ok=True)
        path.symlink_to(theirs)
        line = self.train("--resume", "--max_iters=4", *more, status=status).splitlines()[-1]
        self.assertIn(f"out/{name}", line)
        self.assertIn("is a link", line)
        self.assertEqual(theirs.read_bytes(), before)

    def test_metrics(self):
        self.check_is_refused("metrics.jsonl")

    def test_a_record(self):
        self.check_is_refused("record", "--record-stream=out/record", status=FAILED)

    def test_a_record_elsewhere_may_be_a_link(self):
        (self.folder / "record").symlink_to("real")
        self.train("--resume", "--max_iters=4", "--record-stream=record")
        lines = (self.folder / "real").read_text().splitlines()
        self.assertEqual(sum(" train " in line for line in lines), 12)

    def test_the_lock(self):
        self.check_is_refused("train.lock")


if __name__ == "__main__":
    unittest.main()
