"""Files that a person names for results: nothing is emptied before there is something to write,
and what lies there keeps its kind. And results that are not complete are not called done."""

import os
import signal
import stat
import subprocess
import threading
import time
import unittest

from harness import SOURCE, TINY, SystemTest, catches

TRAINED = ["--max_iters=2", "--eval_interval=2", "--eval_iters=1", "--queue.uri=inproc://"]
WRITE = ["--checkpoint", "out", "--length", "8", "--steps", "2"]


class WrittenFiles(SystemTest):
    def setUp(self):
        super().setUp()
        self.run_program("train", *self.recipe(), *TRAINED, "--out_dir=out")

    # Every flag that names a file to write: what makes it, and what does not get that far.
    def makers(self):
        recipe = self.recipe()
        return {
            "--output": (
                lambda path: ["sample", *WRITE, "--output", path],
                lambda path: ["sample", *WRITE, "--output", path, "--sampler", "nonsense"],
            ),
            "--trace": (
                lambda path: ["sample", *WRITE, "--trace", path],
                lambda path: ["sample", *WRITE, "--trace", path, "--sampler", "nonsense"],
            ),
            "--save-vocabulary": (
                lambda path: ["inspect", "stream", *recipe, f"--save-vocabulary={path}"],
                lambda path: [
                    *("inspect", "stream", *recipe, f"--save-vocabulary={path}"),
                    "--data.path=none.txt",
                ],
            ),
        }

    def each_flag(self):
        for flag, (made, refused) in self.makers().items():
            with self.subTest(flag=flag):
                yield made, refused

    def test_a_run_that_is_refused_changes_nothing(self):
        for _, refused in self.each_flag():
            (self.folder / "keep").write_text("an hour of samples")
            command = refused("keep")
            self.refused(command)
            self.assertEqual((self.folder / "keep").read_text(), "an hour of samples")
            (self.folder / "keep").unlink()
            self.refused(command)
            self.assertFalse((self.folder / "keep").exists())

    def refused(self, command):
        process = self.start(*command)
        process.communicate()
        self.assertIn(process.returncode, (1, 2))

    def test_modes_and_links_stay(self):
        for made, _ in self.each_flag():
            real, link = self.folder / "real file", self.folder / "link"
            real.write_text("old")
            real.chmod(0o600)
            link.symlink_to(real.name)
            self.run_program(*made("link"))
            self.assertTrue(link.is_symlink())
            self.assertNotEqual(real.read_text(), "old")
            self.assertEqual(stat.S_IMODE(real.stat().st_mode), 0o600)
            link.unlink()
            real.unlink()

    def test_pipes_and_devices_are_written_as_they_are(self):
        for made, _ in self.each_flag():
            pipe = self.folder / "pipe"
            os.mkfifo(pipe)
            got = []
            reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
            reader.start()
            self.run_program(*made("pipe"))
            reader.join()
            self.assertTrue(got[0])
            self.assertTrue(stat.S_ISFIFO(pipe.stat().st_mode))
            pipe.unlink()
            main, terminal = os.openpty()
            self.run_program(*made(os.ttyname(terminal)))
            self.assertTrue(stat.S_ISCHR(os.fstat(terminal).st_mode))
            self.assertTrue(os.read(main, 100))
            os.close(main)
            os.close(terminal)

    def test_what_is_no_file_is_refused(self):
        (self.folder / "folder").mkdir()
        (self.folder / "ring").symlink_to("ring")
        for made, _ in self.each_flag():
            for path in ("folder", "none/file", "text.txt/file", "ring"):
                self.refused(made(path))

    def test_names_of_any_bytes(self):
        for made, _ in self.each_flag():
            for name in ("a name with spaces", "a\nnewline", "\udcff\udcfe"):
                self.run_program(*made(name))
                self.assertTrue((self.folder / name).stat().st_size)
                (self.folder / name).unlink()

    def test_a_prompt_may_lie_where_the_texts_go(self):
        (self.folder / "p.txt").write_text("The")
        self.run_program("sample", *WRITE, "--start", "FILE:p.txt", "--output", "p.txt")
        self.assertTrue((self.folder / "p.txt").read_text().startswith("The"))
        self.assertIn("====", (self.folder / "p.txt").read_text())

    def stopped(self, *command):
        process = self.start(*command)
        self.wait_until(lambda: catches(process.pid, signal.SIGTERM), "it listens")
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        output = self.finish(process, status=1)
        return output, process.errors

    def test_texts_that_are_not_all_there_are_an_error(self):
        output, errors = self.stopped("sample", *WRITE, "--samples", "1000000", "--json")
        self.assertRegex(errors, r"error: stopped after \d+ of 1000000 texts\n$")
        written = len(output.splitlines())
        self.assertIn(f"stopped after {written} of", errors)

    def test_an_evaluation_that_is_stopped_is_an_error(self):
        recipe = [SOURCE / "config" / "mdlm_small.toml", "--data.path=text.txt", *TINY]
        self.run_program("train", *recipe, *TRAINED, "--out_dir=mdlm")
        output, errors = self.stopped(
            *("evaluate", "--checkpoint", "mdlm", "--samples-per-window", "1000000", "--json")
        )
        self.assertIn("error: stopped before there was a result\n", errors)
        self.assertEqual(output, "")

    def test_the_test_split_is_measured(self):
        self.run_program(
            *("train", *self.recipe(), *TRAINED, "--data.test_fraction=0.2", "--out_dir=with_test")
        )
        for more in (["--windows", "4"], ["--iters", "1", "--show", "1"]):
            output, _ = self.run_program(
                *("evaluate", "--checkpoint", "with_test", "--split", "test", "--json", *more)
            )
            self.assertIn('"split":"test"', output)
        _, errors = self.run_program(
            *("evaluate", "--checkpoint", "out", "--split", "test"), status=2
        )
        self.assertIn("test", errors)

    def test_a_file_that_may_not_grow_is_an_error_with_its_reason(self):
        command = " ".join(
            ["ulimit -f 8; exec", "inspect", "stream", *map(str, self.recipe()), "--count", "400"]
        )
        limited = subprocess.run(
            ["bash", "-c", f"PATH={os.environ['MILLRACE_BIN']}:$PATH; {command} > big.txt"],
            cwd=self.folder,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.assertEqual(limited.returncode, 1)
        self.assertIn("error: stdout: File too large\n", limited.stderr)


if __name__ == "__main__":
    unittest.main()
