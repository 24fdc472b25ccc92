"""One dialect of every language: clang-format and ruff at the versions that
scripts/requirements-test.txt names, and what they do not see."""

import re
import subprocess
import sys
import unittest
from pathlib import Path

from working_tree import ROOT, files

TOOLS = Path(sys.executable).parent


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
        result = run(TOOLS / "clang-format", "--dry-run", "-Werror", *files("*.h", "*.cc"))
        self.assertEqual(result.returncode, 0, result.stderr[:4000])

    def test_bodies_on_lines_of_their_own_have_braces(self):
        found = [
            f"{name}:{line}"
            for name in files("*.h", "*.cc")
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
            name for name in files("*.h", "*.cc") if not (ROOT / name).read_text().startswith("//")
        ]
        self.assertEqual([name for name in found if not name.startswith("tests/")], [])

    def test_recipes_put_streams_where_git_ignores_them_and_no_source_lies(self):
        def is_ignored(path):
            return run("git", "check-ignore", "--quiet", "--no-index", path).returncode == 0

        folders = [
            folder
            for recipe in sorted((ROOT / "config").glob("*.toml"))
            for folder in re.findall(r'^uri = "file://(.*)"', recipe.read_text(), re.MULTILINE)
        ]
        self.assertGreater(len(folders), 10)
        for folder in folders:
            self.assertRegex(folder, "^streams/[^/]+$")
            self.assertTrue(is_ignored(f"{folder}/0123456789abcdef/meta.json"), folder)
        self.assertEqual(files("streams/*"), [])
        for path in ("queue/zmq/end.cc", "queue/new_transport/end.cc", "queue/new_transport.cc"):
            self.assertFalse(is_ignored(path), path)

    def test_files_and_stdout_are_written_by_what_checks_them(self):
        """Results go through std::cout, which config/app/standard_streams.h makes report failed
        writes, and files through proto/ (user_file.h, files.h)."""
        unchecked = re.compile(r"std::ofstream|\bprintf\(|\bputs\(|fmt::print\((?!\s*std::c)")
        found = [
            f"{name}: {match[0]}"
            for name in files("*.h", "*.cc")
            if not name.startswith("tests/")
            for match in unchecked.finditer((ROOT / name).read_text())
        ]
        self.assertEqual(found, [])

    def test_no_line_is_wider_than_100_columns(self):
        found = [
            f"{name}:{number}"
            for name in files("*.h", "*.cc")
            for number, line in enumerate((ROOT / name).read_text().splitlines(), 1)
            if len(line) > 100
            and ('"' not in line or line.lstrip().startswith("//"))
            and not line.startswith("#include")
        ]
        self.assertEqual(found, [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
