"""Every flag of every program and every key of a recipe stands in a test: a new one without a test
fails here. MILLRACE_BIN: the folder of the programs."""

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("MILLRACE_BIN", ROOT / "build/bin"))
PROGRAMS = [
    *(["prepare"], ["train"], ["evaluate"], ["sample"], ["tokenize"], ["annotate"]),
    *(["inspect", subject] for subject in ("stream", "queue", "checkpoint", "batch")),
    *(["bench", subject] for subject in ("provider", "stream", "train")),
]


def output(program, *arguments):
    command = [BIN / program[0], *program[1:], *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def tests_text(*patterns):
    files = [path for pattern in patterns for path in (ROOT / "tests").glob(pattern)]
    return "".join(path.read_text() for path in files if path.parent.name != "repository")


def untested_flags(help_text, tests):
    """Flags of a --help that no test says as --flag, "--flag" being split or not."""
    flags = re.findall(r"^\s+--([\w-]+)", help_text, re.MULTILINE)
    return [flag for flag in flags if not re.search(rf'--{flag}\b|"{flag}"', tests)]


def untested_keys(help_keys, tests):
    """Keys of a --help-keys that no test sets, by an override, an option or a line of a recipe."""
    keys = re.findall(r"^([a-z_]+)\.([a-z_]+) = ", help_keys, re.MULTILINE)
    return [
        f"{section}.{key}"
        for section, key in keys
        if not re.search(rf"(--({section}\.)?{key}=|\b{key}\s*=[^=]|\.{key}\b)", tests)
    ]


class EveryFlagAndKey(unittest.TestCase):
    def test_every_flag_is_tested(self):
        tests = tests_text("system/*.py", "**/*_test.cc")
        for program in PROGRAMS:
            with self.subTest(program=program):
                self.assertEqual(untested_flags(output(program, "--help"), tests), [])

    def test_every_program_is_asked(self):
        """A program or a subcommand that is missing above would never be looked at."""
        programs = {path.name for path in BIN.iterdir() if os.access(path, os.X_OK)}
        helpers = {"bench_train", "sdk_oracle", "write_fuzz_seeds"}
        programs = {name for name in programs if not name.startswith("test_")} - helpers
        self.assertEqual(programs, {program[0] for program in PROGRAMS})
        for name in ("inspect", "bench"):
            subjects = re.findall(rf"^  {name} (\w+) ", output([name], "--help"), re.MULTILINE)
            self.assertEqual(
                {program[1] for program in PROGRAMS if program[0] == name}, set(subjects)
            )

    def test_every_key_is_tested(self):
        tests = tests_text("system/*.py", "**/*_test.cc")
        self.assertEqual(untested_keys(output(["inspect", "stream"], "--help-keys"), tests), [])

    def test_untested_ones_are_caught(self):
        self.assertEqual(
            untested_flags("  --old N   x\n  --new-one  y\n", "run(--old 3)"), ["new-one"]
        )
        keys = "train.old = 1: x\ntrain.new_one = 2: y\n"
        self.assertEqual(untested_keys(keys, '"--old=3"'), ["train.new_one"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
