"""The version of a build names the commit that it was made of, and says where the sources are not
those of the commit (cmake/Version.cmake)."""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from working_tree import ROOT


class Commit(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        self.sources = self.folder / "sources"
        self.sources.mkdir()
        (self.sources / "a.cc").write_text("int a;\n")

    def git(self, *words):
        identity = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", *identity, *words],
            cwd=self.sources,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit_all(self):
        self.git("add", ".")
        self.git("commit", "-q", "-m", "a commit")

    def commit_of_build(self):
        header = self.folder / "commit.h"
        settings = {"SOURCE_DIR": self.sources, "HEADER": header, "VERSION": "1.2.3"}
        subprocess.run(
            [
                "cmake",
                *(f"-D{key}={value}" for key, value in settings.items()),
                *("-P", ROOT / "cmake/Version.cmake"),
            ],
            check=True,
        )
        text = header.read_text()
        self.assertIn('#define MILLRACE_VERSION "1.2.3"\n', text)
        return re.search(r'#define MILLRACE_COMMIT "(.*)"\n', text)[1]

    def test_is_that_of_the_sources(self):
        self.git("init", "-q")
        self.commit_all()
        self.assertEqual(self.commit_of_build(), self.git("rev-parse", "--short=7", "HEAD"))

    def test_is_dirty_where_a_file_has_changed(self):
        self.git("init", "-q")
        self.commit_all()
        commit = self.commit_of_build()
        (self.sources / "a.cc").write_text("int a, b;\n")
        self.assertEqual(self.commit_of_build(), f"{commit}-dirty")
        self.git("add", ".")
        self.assertEqual(self.commit_of_build(), f"{commit}-dirty")
        self.commit_all()
        self.assertRegex(self.commit_of_build(), "^[0-9a-f]{7}$")

    def test_is_clean_where_a_file_was_only_touched_or_is_not_of_git(self):
        self.git("init", "-q")
        self.commit_all()
        commit = self.commit_of_build()
        (self.sources / "a.cc").touch()
        (self.sources / "notes.txt").write_text("mine\n")
        self.assertEqual(self.commit_of_build(), commit)

    def test_is_empty_for_sources_without_git(self):
        self.assertEqual(self.commit_of_build(), "")
        self.git("init", "-q")  # a repository without a commit
        self.assertEqual(self.commit_of_build(), "")

    def test_is_not_that_of_a_repository_around_the_sources(self):
        subprocess.run(["git", "init", "-q"], cwd=self.folder, check=True)
        self.assertEqual(self.commit_of_build(), "")


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
