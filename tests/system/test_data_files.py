"""Data as people have it: copied with its times, cut, doubled, linked, piped. A stream is of the
files that are there, or it is refused in a line that says which file and what to do."""

import os
import signal
import stat
import subprocess
import unittest

from harness import BIN, SOURCE, SystemTest

GPT2 = SOURCE / "config" / "gpt2_small.toml"
SMALL_BLOCKS = ["--block_size=32"]


class DataFiles(SystemTest):
    def stream(self, path, *arguments, status=0, recipe=GPT2):
        """What inspect stream shows of the first sample, or its last line of stderr."""
        output, errors = self.run_program(
            "inspect",
            "stream",
            recipe,
            f"--data.path={path}",
            *SMALL_BLOCKS,
            "--count=1",
            *arguments,
            status=status,
        )
        return output if status == 0 else errors.splitlines()[-1]

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


class Indexes(DataFiles):
    def test_another_version_of_the_same_size_and_time(self):
        size = 5 << 20  # above what is indexed anew each time
        path = self.folder / "x" / "train.csv"
        for version in "ab":
            line = f"line of version {version}\n"
            self.write("new/train.csv", "text\n" + line * (size // len(line)))
            os.utime(self.folder / "new" / "train.csv", (0, 0))
            path.parent.mkdir(exist_ok=True)
            subprocess.run(["cp", "-p", self.folder / "new" / "train.csv", path], check=True)
            self.assertIn(f"version {version}", self.stream("x/train.csv"))
        self.assertTrue(list(path.parent.glob(".train.csv*.millrace-index")))


class TokenShards(DataFiles):
    def setUp(self):
        super().setUp()
        self.write("t.txt", "".join(f"line {i} of a text\n" for i in range(3000)))
        self.write("vocab.bpe", "#version: 0.2\n")
        self.run_program(
            "tokenize",
            GPT2,
            "--data.path=t.txt",
            "--data.tokenizer=vocab.bpe",
            "--out=tk",
            "--shard-tokens=10000",
        )
        self.shard = self.folder / "tk" / "train_000001.bin"

    def shards(self, status=0):
        return self.stream(
            "tk", "--data.format=token_folder", "--data.tokenizer=vocab.bpe", status=status
        )

    def test_are_held_against_their_manifest(self):
        self.assertIn("train", self.shards())
        whole = self.shard.read_bytes()
        self.shard.unlink()
        self.assertIn("meta.json lists train_000001.bin, which is not there", self.shards(1))
        self.shard.write_bytes(whole[:4000])
        self.assertIn("it was cut or altered", self.shards(1))
        self.shard.write_bytes(bytes(4000) + whole[4000:])
        self.assertIn("it was cut or altered", self.shards(1))
        self.shard.write_bytes(whole)
        copy = self.shard.with_name("train_000001 (1).bin")
        copy.write_bytes(whole)
        self.assertIn("does not list this file", self.shards(1))
        copy.unlink()
        self.assertIn("train", self.shards())


class OtherThanFiles(DataFiles):
    def refused(self, path, **more):
        process = subprocess.run(
            [BIN / "prepare", GPT2, f"--data.path={path}", "--queue.uri=file://q"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=20,
            **more,
        )
        self.assertEqual(process.returncode, 1, process.stderr)
        return process.stderr.splitlines()[-1]

    def test_pipes_and_devices_are_refused_at_once(self):
        os.mkfifo(self.folder / "fifo")
        self.assertIn("fifo: it is a pipe, and a dataset must be a file", self.refused("fifo"))
        self.assertIn("it is a device", self.refused("/dev/zero"))
        self.assertIn("it is a pipe", self.refused("/dev/stdin", stdin=subprocess.PIPE))
        reading, writing = os.pipe()
        try:  # as a shell's <(…)
            self.assertIn("it is a pipe", self.refused(f"/dev/fd/{reading}", pass_fds=[reading]))
        finally:
            os.close(reading)
            os.close(writing)

    def test_a_file_as_standard_input_is_a_file(self):
        self.write("t.txt", "a line of a text\n" * 100)
        with open(self.folder / "t.txt") as text:
            output = subprocess.run(
                [BIN / "inspect", "stream", GPT2, "--data.path=/dev/stdin", *SMALL_BLOCKS],
                stdin=text,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        self.assertIn("a line of a text", output)

    def test_a_stop_while_an_index_is_made_ends_it(self):
        path = self.write("t.txt", "")
        os.truncate(path, 8 << 30)  # takes no room on the disk
        process = self.start(
            "prepare", GPT2, f"--data.path={path}", "--data.cache=c", "--queue.uri=file://q"
        )
        self.wait_until((self.folder / "c").exists, "the index is begun")
        self.stop(process, signal.SIGTERM, status=1)
        self.assertIn("t.txt: stopped while it was read", process.errors)
        self.assertEqual(list((self.folder / "c").iterdir()), [])


class Folders(DataFiles):
    def test_a_folder_that_may_not_be_listed_is_named(self):
        self.write("d/a.txt", "a line of a text\n" * 100)
        closed = self.folder / "d" / "closed"
        closed.mkdir()
        closed.chmod(0)
        self.addCleanup(closed.chmod, stat.S_IRWXU)
        if os.geteuid() != 0:
            self.assertIn("closed: cannot list: Permission denied", self.stream("d", status=1))
            return
        program = self.folder / "inspect"  # where another user may run it
        program.write_bytes((BIN / "inspect").read_bytes())
        program.chmod(0o755)
        recipe = self.write("recipe.toml", GPT2.read_bytes())
        for folder in [self.folder, *self.folder.parents]:
            if not folder.stat().st_mode & stat.S_IXOTH and folder != self.folder:
                self.skipTest("another user cannot see the temporary folder")
        self.folder.chmod(0o755)
        process = subprocess.run(
            [program, "stream", recipe, "--data.path=d", *SMALL_BLOCKS],
            cwd=self.folder,
            capture_output=True,
            text=True,
            user=65534,
        )
        self.assertIn("d/closed: cannot list: Permission denied", process.stderr)

    def test_dots_behind_a_link(self):
        self.write("else/x.txt", "RIGHT line of a text\n" * 90)
        self.write("x.txt", "WRONG line of a text\n" * 90)
        (self.folder / "else" / "deep").mkdir()
        (self.folder / "lnk").symlink_to("else/deep")
        self.assertIn("RIGHT", self.stream("lnk/../x.txt"))


class Recipes(DataFiles):
    def test_a_format_without_a_path_is_refused(self):
        _, errors = self.run_program(
            "inspect", "stream", GPT2, *SMALL_BLOCKS, "--data.format=csv", status=2
        )
        self.assertIn("data.path names none", errors)

    def test_windows_that_hide_nearly_all_of_the_text(self):
        words = "words of a long document without any line ends "
        lines = "".join(words * 400 + "\n" for _ in range(12))
        self.write("long.txt", lines)
        recipe = SOURCE / "config" / "char_diffusion_small.toml"
        refused = self.stream("long.txt", status=2, recipe=recipe)
        self.assertIn("0.17 % of its train part", refused)
        self.assertIn("--data.align=any", refused)
        _, errors = self.run_program(
            "inspect", "stream", recipe, "--data.path=long.txt", *SMALL_BLOCKS, "--align=line"
        )
        self.assertIn("warning", errors)
        self.assertIn("0.17 % of its train part", errors)
        _, errors = self.run_program(
            "inspect", "stream", recipe, "--data.path=long.txt", *SMALL_BLOCKS, "--align=any"
        )
        self.assertNotIn("train part", errors)

    def test_records_without_a_text(self):
        lines = '{"text": "a line of a text"}\n{"text": null, "score": NaN}\n' * 50
        self.write("a.jsonl", lines)
        column = "--data.column=text"
        self.assertIn("--data.missing=skip", self.stream("a.jsonl", column, status=1))
        _, errors = self.run_program(
            "inspect",
            "stream",
            GPT2,
            "--data.path=a.jsonl",
            column,
            *SMALL_BLOCKS,
            "--data.missing=skip",
        )
        self.assertIn("50 records without a text left out", errors)


class WrittenMeanwhile(DataFiles):
    """A text that is overwritten in place, with the same length and the same characters."""

    def setUp(self):
        super().setUp()
        text = (self.folder / "text.txt").read_text()
        self.write("as_it_was.txt", text)
        self.other = text[::-1].encode()

    def lines(self):
        record = self.folder / "record"
        return record.read_text().count("\n") if record.exists() else 0

    def train(self, uri):
        return self.start(
            "train",
            *self.recipe(),
            f"--queue.uri={uri}",
            "--out_dir=out",
            "--record-stream=record",
            "--max_iters=1000000",
            "--eval_interval=1000000",
        )

    def overwrite(self):
        self.wait_until(lambda: self.lines() > 100, "there are samples")
        with (self.folder / "text.txt").open("r+b") as file:
            file.write(self.other)

    def check_record(self):
        text = (self.folder / "record").read_text()
        (self.folder / "whole").write_text(text[: text.rindex("\n") + 1])
        seen = [line[1:] for line in self.record("whole") if line[1] == "train"]
        self.assertEqual(
            seen, self.function("train", len(seen), "--data.path=as_it_was.txt")[: len(seen)]
        )

    def test_ends_train_with_a_producer_inside(self):
        trainer = self.train("inproc://")
        self.overwrite()
        self.finish(trainer, status=1)
        self.assertIn("text.txt: it was written while it was in use", trainer.errors)
        self.check_record()

    def test_ends_prepare_and_leaves_the_trainer_waiting(self):
        producer = self.start("prepare", *self.recipe(), "--queue.uri=file://queue")
        trainer = self.train("file://queue")
        self.overwrite()
        self.finish(producer, status=1)
        self.assertIn("text.txt: it was written while it was in use", producer.errors)
        self.stop(trainer)
        self.check_record()


if __name__ == "__main__":
    unittest.main()
