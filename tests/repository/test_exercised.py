"""Every flag of every program stands in a test, and a test sets every key of a recipe from outside:
a new one without a test fails here. MILLRACE_BIN: the folder of the programs."""

import ast
import os
import re
import subprocess
import sys
import unittest
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("MILLRACE_BIN", ROOT / "build/bin"))
PROGRAMS = [
    *(["prepare"], ["train"], ["evaluate"], ["sample"], ["tokenize"], ["annotate"]),
    *(["inspect", subject] for subject in ("stream", "queue", "checkpoint", "batch")),
    *(["bench", subject] for subject in ("provider", "stream", "train")),
]

# Comments, raw strings, strings and characters of C++, so that none is found inside another.
CXX_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\s\\]*)\((?P<raw>.*?)\)(?P=mark)"|"""
    r""""(?P<plain>(?:\\.|[^"\\\n])*)"|'(?:\\[^\n']+|\\'|[^'\\\n])'""",
    re.DOTALL,
)
# An override: --section.key=value or --key=value. A message about one has ": " behind it.
OVERRIDE = re.compile(r"(?:^|\s)--([a-z_.]+)=(?!.*: )")
# An override as C++ gives it to the parser: {"section.key", "value"}.
CXX_OVERRIDE = re.compile(r'\{\s*"([a-z_]+\.[a-z_]+)"\s*,')
TOML_HEADER = re.compile(r"^\s*\[+([a-z_.]+)\]+\s*$")
TOML_KEY = re.compile(r"^\s*([a-z_]+)\s*=(?!=)")


def output(program, *arguments):
    command = [BIN / program[0], *program[1:], *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_files(*patterns):
    files = [path for pattern in patterns for path in (ROOT / "tests").glob(pattern)]
    return [path for path in files if path.parent.name != "repository"]


def untested_flags(help_text, tests):
    """Flags of a --help that no test says as --flag, "--flag" being split or not."""
    flags = re.findall(r"^\s+--([\w-]+)", help_text, re.MULTILINE)
    return [flag for flag in flags if not re.search(rf'--{flag}\b|"{flag}"', tests)]


def python_texts(source):
    """The texts of a Python module but docstrings; {} for what an f-string inserts."""
    tree = ast.parse(source)
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
            yield "".join(parts)
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone
        ):
            yield node.value


def cxx_texts(source):
    """The texts of a C++ file, adjacent ones as one."""
    texts, end = [], None
    for token in CXX_TOKEN.finditer(source):
        plain, raw = token["plain"], token["raw"]
        if plain is None and raw is None:
            continue
        text = raw if plain is None else plain.replace("\\n", "\n").replace('\\"', '"')
        if end is not None and not source[end : token.start()].strip():
            texts[-1] += text
        else:
            texts.append(text)
        end = token.end()
    return texts


def keys_in_toml(text):
    """section.key of every line of a recipe, and the tables that have a header of their own."""
    section = None
    for line in text.splitlines():
        if header := TOML_HEADER.match(line):
            section = header[1]
            yield section
        elif section and (key := TOML_KEY.match(line)):
            yield f"{section}.{key[1]}"


def keys_set_in(path, source):
    """The names of keys, some without their section, that a test sets as a user would: in an
    override or in a recipe's text. Members of config::Options do not count."""
    is_python = path.suffix == ".py"
    names = set() if is_python else set(CXX_OVERRIDE.findall(source))
    for text in python_texts(source) if is_python else cxx_texts(source):
        names.update(OVERRIDE.findall(text))
        names.update(keys_in_toml(text))
    return names


def untested_keys(help_keys, names):
    """Keys of a --help-keys that are not among `names`, where a name without its section stands for
    the one key that has it."""
    keys = re.findall(r"^([a-z_]+)\.([a-z_]+) = ", help_keys, re.MULTILINE)
    count = Counter(key for _, key in keys)
    return [
        f"{section}.{key}"
        for section, key in keys
        if f"{section}.{key}" not in names and not (key in names and count[key] == 1)
    ]


class EveryFlagAndKey(unittest.TestCase):
    def test_every_flag_is_tested(self):
        files = test_files("system/*.py", "**/*_test.cc")
        tests = "".join(path.read_text() for path in files)
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

    def test_every_key_is_set_from_outside(self):
        names = set()
        for path in test_files("system/*.py", "**/*_test.cc"):
            names |= keys_set_in(path, path.read_text())
        self.assertEqual(untested_keys(output(["inspect", "stream"], "--help-keys"), names), [])

    def test_untested_flags_are_caught(self):
        self.assertEqual(
            untested_flags("  --old N   x\n  --new-one  y\n", "run(--old 3)"), ["new-one"]
        )

    def test_untested_keys_are_caught(self):
        keys = "train.old = 1: x\ntrain.threads = 2: y\nproducer.threads = 3: z\n"
        self.assertEqual(
            untested_keys(keys, {"old", "threads", "train.threads"}), ["producer.threads"]
        )

    def test_a_key_is_set_by_overrides_and_recipes_alone(self):
        def of(name, source):
            return keys_set_in(Path(name), source)

        self.assertEqual(of("a.py", 'run("--train.seed=3", f"--lr={x}")'), {"train.seed", "lr"})
        self.assertEqual(
            of("a.py", 'T = """[a]\nb = 1\n[[c.d]]\ne=2"""'), {*"a", "a.b", *("c.d", "c.d.e")}
        )
        self.assertEqual(of("a.py", '"""--seed=3"""\nx = dict(seed=3)  # --seed=4'), set())
        self.assertEqual(of("a.py", 'assertIn("--seed=3: expected a text", errors)'), set())
        self.assertEqual(
            of("a.cc", 'f({{"train.seed", "3"}}, "[a]\\n" "b = 1\\n");'), {"train.seed", "a", "a.b"}
        )
        self.assertEqual(of("a.cc", 'f(R"(--stages=[{type="span"}])");'), {"stages"})
        self.assertEqual(of("a.cc", "o.train.seed = 3;\nseed = 4;  // --seed=5"), set())


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
