"""Every program with standard streams that are closed, full, or read by nobody: a result that
cannot be written is an error, and a log that cannot be written harms nothing."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
import unittest

from harness import BIN, CASCADE_TEXT, LONG_ENOUGH_S, SHARDS, SMALL, SystemTest, without_ranks

SOME = ["--max_iters=2", "--eval_interval=2", "--eval_iters=1"]

# What each program is run with. Those of RESULTS write results to stdout, the others do not.
RESULTS = {
    "inspect stream": ["{recipe}", "--digest", "--count", "3"],
    "inspect queue": ["queue"],
    "inspect checkpoint": ["out"],
    "inspect batch": ["{chunk}"],
    "evaluate": ["--checkpoint", "out", "--windows", "2"],
    "sample": ["--checkpoint", "out", "--length", "8", "--steps", "2"],
    "tokenize": ["--encode", "vocab.bpe"],
    "bench provider": ["{recipe}", "--samples", "8", "--repeats", "1"],
    "bench stream": ["{recipe}", "--samples", "8", "--repeats", "1", "--only", "stream"],
    "bench train": ["{recipe}", "--steps", "1", "--repeats", "1"],
}
NO_RESULTS = {
    "prepare": ["{recipe}", "--queue.uri=file://other", "--samples", "8"],
    "train": ["{recipe}", *SOME, "--queue.uri=inproc://", "--out_dir=trained"],
    "annotate": ["{cascade}"],
}


class StandardStreams(SystemTest):
    def setUp(self):
        super().setUp()
        self.full = open("/dev/full", "wb")  # noqa: SIM115
        self.addCleanup(self.full.close)
        (self.folder / "vocab.bpe").write_text("#version: 0.2\n")
        (self.folder / "lines.txt").write_text(CASCADE_TEXT)
        self.run_program(
            *("train", *self.recipe(), *SOME, "--queue.uri=inproc://", "--out_dir=out"),
        )
        self.run_program("prepare", *self.recipe(), "--queue.uri=file://queue", "--samples", 8)
        chunk = next((self.folder / "queue").rglob("train/*.mrc"), None)
        self.words = {
            "{recipe}": [SMALL, "--data.path=text.txt", *self.recipe()[2:]],
            "{cascade}": [SMALL.parent / "cascade_stage1_small.toml", *SHARDS],
            "{chunk}": [chunk or next(self.chunks())],
        }

    def chunks(self):
        for path in sorted((self.folder / "queue").rglob("*")):
            if path.is_file() and path.suffix not in (".json", ".lock") and path.stat().st_size:
                checked = subprocess.run([BIN / "inspect", "batch", path], capture_output=True)
                if checked.returncode == 0:
                    yield path

    def run_with(self, name, arguments, **streams):
        """The exit status and, where it is captured, what was written."""
        words = [str(BIN / name.split()[0]), *name.split()[1:]]
        for argument in arguments:
            words += map(str, self.words.get(argument, [argument]))
        closed = [
            fd
            for fd, stream in enumerate(("stdin", "stdout", "stderr"))
            if streams.get(stream) == "closed"
        ]
        given = {key: value for key, value in streams.items() if value != "closed"}
        given.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(
            words,
            **given,
            cwd=self.folder,
            env=without_ranks(os.environ),
            preexec_fn=lambda: [os.close(fd) for fd in closed],
            timeout=LONG_ENOUGH_S,
        )

    def text_in(self):
        return open(self.folder / "text.txt", "rb")

    def test_the_tables_name_every_program(self):
        helpers = {"bench_train", "sdk_oracle", "write_fuzz_seeds"}
        built = {path.name for path in BIN.iterdir() if os.access(path, os.X_OK)}
        built = {name for name in built if not name.startswith("test_")} - helpers
        named = {name.split()[0] for name in (*RESULTS, *NO_RESULTS)}
        self.assertEqual(built, named)

    def test_results_that_cannot_be_written_are_an_error(self):
        for name, arguments in RESULTS.items():
            with self.text_in() as text:
                done = self.run_with(
                    name, arguments, stdin=text, stdout=self.full, stderr=subprocess.PIPE
                )
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(b"error: stdout: No space left on device\n", done.stderr)
            with self.text_in() as text:
                done = self.run_with(
                    name, arguments, stdin=text, stdout="closed", stderr=subprocess.PIPE
                )
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(b"error: stdout: Bad file descriptor\n", done.stderr)

    def test_help_and_version_are_results(self):
        for name in (*RESULTS, *NO_RESULTS):
            for flag in ("--help", "--version"):
                with self.subTest(program=name, flag=flag):
                    done = self.run_with(name, [flag], stdout=self.full, stderr=subprocess.PIPE)
                    self.assertEqual(done.returncode, 1)
                    self.assertEqual(done.stderr, b"error: stdout: No space left on device\n")

    def test_results_that_nobody_reads_end_the_program_in_silence(self):
        for name, arguments in RESULTS.items():
            reader, writer = os.pipe()
            os.close(reader)
            with self.text_in() as text, os.fdopen(writer, "wb") as pipe:
                done = self.run_with(
                    name, arguments, stdin=text, stdout=pipe, stderr=subprocess.PIPE
                )
            self.assertEqual(done.returncode, -signal.SIGPIPE, done.stderr)
            self.assertNotIn(b"error", done.stderr)

    def test_a_closed_or_full_stderr_changes_no_result(self):
        for name, arguments in (RESULTS | NO_RESULTS).items():
            outputs = []
            reader, writer = os.pipe()
            os.close(reader)
            for stderr in (subprocess.DEVNULL, "closed", self.full, writer):
                shutil.rmtree(self.folder / "trained", ignore_errors=True)
                with self.text_in() as text, self.subTest(program=name, stderr=stderr):
                    done = self.run_with(
                        name, arguments, stdin=text, stdout=subprocess.PIPE, stderr=stderr
                    )
                    self.assertEqual(done.returncode, 0)
                outputs.append(done.stdout)
            os.close(writer)
            if not name.startswith("bench"):
                self.assertEqual(outputs[1:], outputs[:1] * 3)
            if name == "train":
                self.check_metrics()

    def check_metrics(self):
        metrics = (self.folder / "trained" / "metrics.jsonl").read_text().splitlines()
        self.assertTrue(metrics)
        for line in metrics:
            json.loads(line)

    def test_a_closed_stdout_or_stdin_does_not_matter_where_it_is_not_used(self):
        for name, arguments in NO_RESULTS.items():
            with self.subTest(program=name):
                done = self.run_with(name, arguments, stdin="closed", stdout="closed")
                self.assertEqual(done.returncode, 0)

    def test_logs_do_not_land_in_a_file(self):
        done = self.run_with(
            "sample",
            ["--checkpoint", "out", "--length", "8", "--steps", "2", "--output", "s.txt"],
            stdin="closed",
            stdout="closed",
            stderr="closed",
        )
        self.assertEqual(done.returncode, 0)
        self.assertNotIn("network calls", (self.folder / "s.txt").read_text())

    def test_a_non_blocking_stdin_or_stdout_is_waited_for(self):
        text = (self.folder / "text.txt").read_bytes() * 20
        outputs = []
        for blocking in (True, False):
            (from_us, to_it), (from_it, to_us) = os.pipe(), os.pipe()
            for fd in (from_us, to_us):
                os.set_blocking(fd, blocking)
            process = subprocess.Popen(
                [BIN / "tokenize", "--encode", "vocab.bpe"],
                stdin=from_us,
                stdout=to_us,
                stderr=subprocess.PIPE,
                cwd=self.folder,
            )
            os.close(from_us)
            os.close(to_us)
            with os.fdopen(to_it, "wb") as pipe, os.fdopen(from_it, "rb") as results:
                got = []
                reader = threading.Thread(target=lambda into=got, r=results: into.append(r.read()))
                time.sleep(0.2)  # it finds nothing to read
                writer = threading.Thread(target=lambda p=pipe: (p.write(text), p.close()))
                writer.start()
                time.sleep(0.2)  # it finds no room for what it writes
                reader.start()
                writer.join()
                reader.join()
            _, errors = process.communicate(timeout=LONG_ENOUGH_S)
            self.assertEqual(process.returncode, 0, errors)
            outputs += got
        self.assertGreater(len(outputs[0]), 1 << 17)
        self.assertEqual(outputs[0], outputs[1])

    def test_stdin_that_cannot_be_read_is_an_error(self):
        folder = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        for stdin in ("closed", folder):
            done = self.run_with(
                "tokenize", ["--encode", "vocab.bpe"], stdin=stdin, stderr=subprocess.PIPE
            )
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(b"stdin: ", done.stderr)


if __name__ == "__main__":
    unittest.main()
