"""Recipes and data files of others: no code runs that a checkpoint names, what needs none goes on
without, and a small compressed file does not fill the disk."""

import gzip
import json
import pathlib
import re
import shutil
import subprocess
import unittest

from xxhash import xxh64_hexdigest

from harness import SystemTest

FAILED, WRONG_USAGE = 1, 2

# Says that it was loaded; it holds no provider.
LIBRARY = """
#include <fcntl.h>
__attribute__((constructor)) static void loaded(void) { creat("loaded", 0600); }
"""


class Code(SystemTest):
    def setUp(self):
        super().setUp()
        self.train(*self.recipe(), "--max_iters=2", "--eval_interval=1000", "--out_dir=out")
        self.checkpoint = self.folder / "out/step-00000002"
        self.theirs = "out/step-00000002/theirs.so"
        self.build(self.folder / self.theirs)
        config = self.checkpoint / "config.toml"
        named, count = re.subn(
            r'(\[provider\]\nname = )".*"', rf'\1"{self.theirs}"', config.read_text()
        )
        self.assertEqual(count, 1)
        config.write_text(named)
        self.seal()

    def build(self, path):
        source = self.folder / "library.c"
        source.write_text(LIBRARY)
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        subprocess.run([compiler, "-shared", "-fPIC", "-o", path, source], check=True)

    def seal(self):
        """Brings trainer.json up to date with config.toml, as the author of a checkpoint would."""
        path = self.checkpoint / "trainer.json"
        state = json.loads(path.read_text())
        data = (self.checkpoint / "config.toml").read_bytes()
        state["files"]["config.toml"] = {"size_bytes": len(data), "xxh64": xxh64_hexdigest(data)}
        del state["xxh64"]
        text = json.dumps(state, separators=(",", ":"), ensure_ascii=False)
        path.write_text(json.dumps({**state, "xxh64": xxh64_hexdigest(text.encode())}))

    def train(self, *words, status=0):
        process = self.start("train", *words, "--queue.uri=inproc://")
        self.finish(process, status)
        return process.errors

    def last_line(self, *words):
        """Of a program that loads nothing and refuses to."""
        process = self.start(*words)
        self.finish(process, WRONG_USAGE)
        self.assertFalse((self.folder / "loaded").exists(), words)
        return process.errors.splitlines()[-1]

    def test_of_a_checkpoint_does_not_run(self):
        own, config = "--queue.uri=inproc://", self.checkpoint / "config.toml"
        including = self.folder / "mine.toml"
        including.write_text(f'include = "{config}"\n')
        for words in [
            ("evaluate", "--checkpoint", self.checkpoint, "--windows=2"),
            ("train", config, f"--resume={self.checkpoint}", "--out_dir=o", own),
            ("train", config, "--out_dir=p", own),
            ("train", including, "--out_dir=q", own),
            ("prepare", config, "--queue.uri=file://queue", "--samples=1"),
            ("inspect", "stream", config, "--digest"),
            ("bench", "provider", config),
        ]:
            line = self.last_line(*words)
            self.assertIn(f'provider.name = "{self.theirs}" is code that a checkpoint names', line)
            self.assertIn(f"add --provider.name={self.theirs}", line)

    def test_is_not_missed_where_none_is_needed(self):
        for words in [
            ("sample", "--checkpoint", self.checkpoint, "--length=8", "--steps=2"),
            ("inspect", "checkpoint", self.checkpoint),
        ]:
            self.run_program(*words)
            self.assertFalse((self.folder / "loaded").exists(), words)

    def test_runs_where_the_user_names_it(self):
        process = self.start(
            *("evaluate", "--checkpoint", self.checkpoint, f"--provider.name={self.theirs}")
        )
        self.finish(process, WRONG_USAGE)
        self.assertIn("holds no provider", process.errors)
        self.assertTrue((self.folder / "loaded").exists())

    def test_is_not_reached_by_an_include(self):
        (self.folder / "other.toml").write_text("")
        (self.checkpoint / "config.toml").write_text('include = "../../other.toml"\n')
        self.seal()
        line = self.last_line("evaluate", "--checkpoint", self.checkpoint)
        self.assertIn("a checkpoint's recipe includes files of its own folder alone", line)


class Interpreter(SystemTest):
    def test_of_a_checkpoint_does_not_run(self):
        """The interpreter, and the models, which are code too."""
        step = self.folder / "step"
        step.mkdir()
        (step / "trainer.json").write_text("{}")
        python = step / "python"
        python.write_text(f"#!/bin/sh\ntouch {self.folder}/loaded\n")
        python.chmod(0o755)
        for key, value in [("python", python), ("spacy_model", "theirs")]:
            (step / "config.toml").write_text(f'[annotate]\nscorer = "python"\n{key} = "{value}"\n')
            process = self.start(
                *("annotate", step / "config.toml", "--data.path=text.txt", "--data.shards=shards"),
                "--annotate.vocab_size=300",
            )
            self.finish(process, WRONG_USAGE)
            self.assertIn(f"add --annotate.{key}={value}", process.errors)
            self.assertFalse((self.folder / "loaded").exists())


class Decompression(SystemTest):
    PACKED_TO = 8 << 20

    def bomb(self, name):
        (self.folder / "d").mkdir()
        path = self.folder / "d" / name
        text = b"to be or not to\n" * (self.PACKED_TO // 16)
        if name.endswith(".gz"):
            path.write_bytes(gzip.compress(text))
        else:
            subprocess.run(["zstd", "-q", "-o", path], input=text, check=True)
        return path

    def prepare(self, path, *more, status=0):
        process = self.start(
            *("prepare", *self.recipe(), f"--data.path={path}", "--queue.uri=file://queue"),
            *("--samples=1", *more),
        )
        self.finish(process, status)
        return process.errors.splitlines()[-1]

    def check(self, name):
        path = self.bomb(name)
        for limit in (1000, self.PACKED_TO - 1):
            line = self.prepare(path, f"--data.max_decompressed_bytes={limit}", status=FAILED)
            self.assertIn(f"{path}: {path.stat().st_size} compressed bytes became more than", line)
            self.assertIn(f"{limit}, the limit", line)
            self.assertIn("raise it with --data.max_decompressed_bytes=N", line)
            self.assertEqual(list((self.folder / "d").iterdir()), [path])
        self.prepare(path, f"--data.max_decompressed_bytes={self.PACKED_TO}")

    def test_of_gzip_ends_at_the_limit(self):
        self.check("text.txt.gz")

    @unittest.skipUnless(shutil.which("zstd"), "no zstd")
    def test_of_zstd_ends_at_the_limit(self):
        self.check("text.txt.zst")

    def test_limit_is_not_raised_by_a_checkpoint(self):
        path = self.bomb("text.txt.gz")
        theirs = self.folder / "config.toml"
        theirs.write_text("[data]\nmax_decompressed_bytes = 1000\n")
        words = (theirs, f"--data.path={path}", "--queue.uri=file://queue", "--samples=1")
        process = self.start("prepare", *words)
        self.finish(process, FAILED)
        self.assertIn("became more than 1000", process.errors)
        pathlib.Path(self.folder / "trainer.json").write_text("{}")  # it is a checkpoint's now
        process = self.start("prepare", *words)
        self.finish(process)  # the usual limit


if __name__ == "__main__":
    unittest.main()
