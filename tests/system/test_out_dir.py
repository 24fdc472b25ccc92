"""A run's output folder: one trainer at a time, nothing of the user's removed or replaced, and
usable on file systems that lack something and after copies that lose something."""

import errno
import json
import os
import shutil
import signal
import unittest

from harness import BIN, SystemTest

WRONG_USAGE = 2
LACKING = BIN.parent / "tests" / "system" / "liblacking_file_system.so"


def lacking(**errnos):
    """The environment in which these calls fail."""
    return {
        "LD_PRELOAD": str(LACKING),
        "ASAN_OPTIONS": "verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", ""),
        **{f"LACKING_{call.upper()}": str(number) for call, number in errnos.items()},
    }


class OutDir(SystemTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "out"

    def arguments(self, *more):
        return ["train", *self.recipe(), "--queue.uri=inproc://", "--out_dir=out", *more]

    def train(self, *more, status=0, environment=None):
        """Trains; what it logged."""
        process = self.start(*self.arguments(*more), environment=environment)
        self.finish(process, status)
        return process.errors

    def use(self, given, environment=None):
        """The step of the checkpoint that evaluate and sample take."""
        sampled = self.start(
            "sample", "--checkpoint", given, "--length", 8, "--steps", 2, environment=environment
        )
        self.finish(sampled)
        evaluated = self.start(
            *("evaluate", "--checkpoint", given, "--iters", 1, "--json"), environment=environment
        )
        step = json.loads(self.finish(evaluated))["step"]
        self.assertIn(f"step {step}:", sampled.errors)
        return step

    def state(self, folder="latest"):
        return json.loads((self.out / folder / "trainer.json").read_text())

    def names(self):
        return sorted(path.name for path in self.out.iterdir())


class OneTrainerAtATime(OutDir):
    def start_long_run(self, environment=None):
        process = self.start(
            *self.arguments("--max_iters=1000000", "--checkpoint_interval=5", "--eval_iters=1"),
            environment=environment,
        )
        self.wait_until(lambda: (self.out / "latest").exists(), "it has saved a checkpoint")
        return process

    def check_second_is_refused(self, environment=None):
        first = self.start_long_run(environment)
        errors = self.train("--resume=auto", status=WRONG_USAGE, environment=environment)
        self.assertIn(f"out is being trained into by process {first.pid} on ", errors)
        self.assertIn("choose another --train.out_dir", errors)
        self.stop(first)
        self.assertFalse((self.out / "train.lock").exists())
        self.train("--resume", "--max_iters=1", environment=environment)

    def check_a_killed_one_holds_nothing(self, environment=None):
        first = self.start_long_run(environment)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        self.assertTrue((self.out / "train.lock").exists())
        errors = self.train("--resume", "--max_iters=1", environment=environment)
        self.assertNotIn("whether another process trains", errors)
        self.assertFalse((self.out / "train.lock").exists())

    def test_a_second_is_refused(self):
        self.check_second_is_refused()

    def test_a_second_is_refused_where_locks_are_missing(self):
        self.check_second_is_refused(lacking(flock=errno.ENOSYS))

    def test_a_killed_one_holds_nothing(self):
        self.check_a_killed_one_holds_nothing()

    def test_a_killed_one_holds_nothing_where_locks_are_missing(self):
        self.check_a_killed_one_holds_nothing(lacking(flock=errno.ENOLCK))

    def test_a_refused_start_leaves_no_folder(self):
        self.train("--resume", status=WRONG_USAGE)
        self.assertFalse(self.out.exists())

    def test_a_file_is_no_folder(self):
        self.out.write_text("mine")
        self.assertIn("out is not a folder", self.train(status=WRONG_USAGE))
        self.assertEqual(self.out.read_text(), "mine")


class WhatIsTheUsers(OutDir):
    def test_names_like_ours_stay(self):
        mine = [".best_models", ".latest-notes", ".final_report.md", ".step-2.tmp", ".epoch-1",
                "best_of_all", "step-7", "final.txt"]  # fmt: skip
        self.out.mkdir()
        for name in mine:
            (self.out / name).write_text("mine")
        self.train("--epoch_checkpoint_interval=1")
        self.train("--resume", "--max_iters=14", "--keep_checkpoints=1")
        for name in mine:
            self.assertEqual((self.out / name).read_text(), "mine", name)

    def check_is_refused(self, name):
        before = self.names()
        errors = self.train(status=WRONG_USAGE)
        self.assertIn(f"out/{name} is not of a run", errors)
        self.assertEqual(self.names(), before)

    def test_a_file_in_the_way_is_named(self):
        self.out.mkdir()
        for name in ["best", "final", "latest", "epoch-0003", "step-00000006", "metrics.jsonl",
                     "train.lock"]:  # fmt: skip
            with self.subTest(name):
                (self.out / name).write_text("mine\n")
                self.check_is_refused(name)
                self.assertEqual((self.out / name).read_text(), "mine\n")
                (self.out / name).unlink()

    def test_a_folder_or_link_in_the_way_is_named(self):
        (self.folder / "elsewhere").mkdir()
        self.out.mkdir()
        (self.out / "best").mkdir()
        self.check_is_refused("best")
        (self.out / "best").rmdir()
        (self.out / "best").symlink_to("../elsewhere")
        self.check_is_refused("best")
        self.assertTrue((self.out / "best").is_symlink())

    def test_the_only_copy_of_a_checkpoint_is_not_replaced(self):
        self.train()
        kept = self.state("latest")
        copy = self.folder / "copy"
        shutil.copytree(self.out / "latest", copy / "best")
        shutil.rmtree(self.out)
        copy.rename(self.out)
        self.check_is_refused("best")
        self.assertEqual(self.state("best"), kept)

    def test_files_in_a_checkpoint_stay(self):
        self.train("--max_iters=6")
        (self.out / "step-00000006" / "notes.txt").write_text("mine")
        self.train("--resume", "--max_iters=12", "--keep_checkpoints=1", "--eval_interval=100")
        self.train("--resume", "--max_iters=14", "--keep_checkpoints=1", "--eval_interval=14")
        left = list(self.out.glob("*step-00000006/notes.txt"))
        self.assertEqual([path.read_text() for path in left], ["mine"], self.names())

    def test_a_log_of_samples_is_not_written_over_notes(self):
        notes = self.folder / "notes.txt"
        notes.write_text("mine\nand mine\n")
        self.assertIn("notes.txt", self.train("--record-stream", "notes.txt", status=1))
        self.assertEqual(notes.read_text(), "mine\nand mine\n")


class WhatIsLost(OutDir):
    def check_usable(self, environment=None):
        """All but the links was kept: best and newest are found, and the run goes on."""
        states = [self.state(path.name) for path in self.out.glob("step-*")]
        newest = max(states, key=lambda state: state["step"])
        self.assertEqual(self.use("out", environment), newest["best_step"])
        self.assertEqual(self.use("out/latest", environment), newest["step"])
        self.assertEqual(self.use("out/best", environment), newest["best_step"])
        shown, _ = self.run_program("inspect", "checkpoint", "out/latest", "--json")
        self.assertEqual(json.loads(shown)["trainer"]["step"], newest["step"])
        more = newest["step"] + 2
        self.train("--resume=out/latest", f"--max_iters={more}", environment=environment)
        self.assertTrue((self.out / f"step-{more:08}").is_dir(), self.names())

    def test_links_on_a_file_system_without(self):
        for number in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
            with self.subTest(errno.errorcode[number]):
                shutil.rmtree(self.out, ignore_errors=True)
                without = lacking(symlink=number)
                errors = self.train(environment=without)
                self.assertEqual(errors.count("without symbolic links"), 1, errors)
                self.assertEqual([path for path in self.out.iterdir() if path.is_symlink()], [])
                self.check_usable(without)

    def test_links_that_a_copy_left_out(self):
        self.train()
        for link in [path for path in self.out.iterdir() if path.is_symlink()]:
            link.unlink()
        self.check_usable()

    def test_links_that_a_copy_made_folders(self):
        self.train()
        self.out.rename(self.folder / "before")
        shutil.copytree(self.folder / "before", self.out, symlinks=False)
        self.check_usable()
        links = {path.name for path in self.out.iterdir() if path.is_symlink()}
        self.assertEqual(links, {"latest", "best", "final"})

    def test_links_that_a_copy_made_texts(self):
        self.train()
        for link in [path for path in self.out.iterdir() if path.is_symlink()]:
            target = os.readlink(link)
            link.unlink()
            link.write_text(target)
        self.check_usable()

    def test_the_optimizer_is_needed_by_resume_alone(self):
        self.train()
        for path in self.out.glob("step-*/optimizer.safetensors"):
            path.unlink()
        self.use("out/latest")
        for resume in ("--resume", "--resume=out/latest", "--resume=auto"):
            errors = self.train(resume, "--max_iters=20", status=WRONG_USAGE)
            self.assertIn("optimizer.safetensors is missing", errors)

    def test_a_folders_name_does_not_make_it_the_newest(self):
        self.train("--max_iters=6", "--checkpoint_interval=2")
        shutil.copytree(self.out / "step-00000004", self.out / "step-00000099")
        for link in ("latest", "best"):
            (self.out / link).unlink()
        self.assertEqual(self.use("out/latest"), 6)
        errors = self.train("--resume", "--max_iters=8")
        self.assertIn("step-00000006, step 6", errors)
        self.assertEqual(self.state("latest")["step"], 8)
        self.assertTrue((self.out / "superseded-step-00000099").is_dir(), self.names())

    def test_a_folder_with_another_steps_name_gets_its_own(self):
        self.train("--max_iters=6", "--keep_checkpoints=1", "--eval_interval=100")
        (self.out / "step-00000006").rename(self.out / "step-00000099")
        self.train("--resume", "--max_iters=8", "--keep_checkpoints=2", "--eval_interval=100")
        self.assertEqual(self.state("step-00000006")["step"], 6)
        self.assertEqual(self.state("latest")["step"], 8)


if __name__ == "__main__":
    unittest.main()
