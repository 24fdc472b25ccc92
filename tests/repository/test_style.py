"""One dialect of every language: clang-format and ruff at the versions that
scripts/requirements-test.txt names, and what they do not see."""

import re
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent


def tracked(*patterns):
    listed = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def run(*command):
    return subprocess.run(
        [str(word) for word in command], cwd=ROOT, capture_output=True, text=True, check=False
    )


def unbraced(text):
    """Lines of control statements whose body stands on the next line without braces: 1, 2, 3 …"""
    found = []
    open_parentheses, begin = 0, None
    for number, line in enumerate(text.splitlines(), 1):
        code = re.sub(r"\s*//.*$", "", re.sub(r"'(\\.|[^'\\])'|\"(\\.|[^\"\\])*\"", "''", line))
        if begin is None and re.match(
            r"\s*(?:\} )?(?:else )?(?:if|for|while)\b[^;]*$|\s*(?:\} )?else$", code
        ):
            begin, open_parentheses = number, 0
        if begin is not None:
            open_parentheses += code.count("(") - code.count(")")
            if open_parentheses <= 0:
                if code.rstrip().endswith(")") or code.rstrip().endswith("else"):
                    found.append(begin)
                begin = None
    return found


class Style(unittest.TestCase):
    def test_cxx_is_as_clang_format_writes_it(self):
        result = run(TOOLS / "clang-format", "--dry-run", "-Werror", *tracked("*.h", "*.cc"))
        self.assertEqual(result.returncode, 0, result.stderr[:4000])

    def test_bodies_on_lines_of_their_own_have_braces(self):
        found = [
            f"{name}:{line}"
            for name in tracked("*.h", "*.cc")
            for line in unbraced((ROOT / name).read_text())
        ]
        # Pragmas stand between these loops and their bodies, and this test has Python in a text.
        allowed = ("trainer/kernels/", "tests/annotation/python_scorer_test.cc")
        self.assertEqual([place for place in found if not place.startswith(allowed)], [])

    def test_a_body_without_braces_is_caught(self):
        self.assertEqual(
            unbraced("if (a)\n  b();\nif (c) d();\nfor (;;) {\n  e();\n}\nelse\n  f();\n"), [1, 7]
        )
        self.assertEqual(unbraced("while (a(1,\n         2))\n  b();\n"), [1])

    def test_python_is_as_ruff_writes_it(self):
        result = run(TOOLS / "ruff", "format", "--check", ".")
        self.assertEqual(result.returncode, 0, result.stdout[:4000] + result.stderr[:4000])

    def test_python_has_no_fault_that_ruff_knows(self):
        result = run(TOOLS / "ruff", "check", ".")
        self.assertEqual(result.returncode, 0, result.stdout[:4000] + result.stderr[:4000])

    def test_the_python_package_has_the_types_it_says(self):
        result = run(TOOLS / "mypy", "--config-file", "python/pyproject.toml", "python/millrace")
        self.assertEqual(result.returncode, 0, result.stdout[:4000] + result.stderr[:4000])

    def test_every_source_opens_by_saying_what_it_is(self):
        found = [
            name
            for name in tracked("*.h", "*.cc")
            if not (ROOT / name).read_text().startswith("//")
        ]
        self.assertEqual([name for name in found if not name.startswith("tests/")], [])

    def test_no_line_of_code_is_wider_than_100_columns(self):
        found = [
            f"{name}:{number}"
            for name in tracked("*.h", "*.cc")
            for number, line in enumerate((ROOT / name).read_text().splitlines(), 1)
            if len(line) > 100
            and '"' not in line
            and not line.lstrip().startswith(("//", "#include"))
        ]
        self.assertEqual(found, [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
