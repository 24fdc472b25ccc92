"""Code is loaded and processes are started in the files below alone, and what a recipe names among
it goes through config::CodeName, which refuses the word of a checkpoint (config/code_name.h)."""

import re
import sys
import unittest

from working_tree import ROOT, files

LOADS = re.compile(
    r"\b(dlopen|dlmopen|posix_spawnp?|popen|system|execl|execlp|execle|execv|execvp|execve|execvpe|"
    r"fexecve|pickle_load|torch::jit::load|torch::load)\s*\("
)
BY_NAME_OF_A_RECIPE = {"annotation/python_scorer.cc", "providers/load_plugin.cc"}
# These start a program of Millrace's own, which lies beside the one that runs, or that one again.
OWN_PROGRAMS = {"tools/bench/child_process.cc", "tools/subcommands.cc", "trainer/omp_spin_count.cc"}
PYTHON_LOADS = re.compile(
    r"\b(pickle|marshal|shelve|importlib|runpy|ctypes|subprocess|yaml)\b|\b(eval|exec|__import__)\(|"
    r"\bnp\.load\(|allow_pickle"
)


def without_comments(text):
    return re.sub(r"//[^\n]*", "", text)


class CodeLoading(unittest.TestCase):
    def loaders(self):
        sources = [
            name for name in files("*.cc", "*.h") if not name.startswith(("tests/", "docs/"))
        ]
        return {
            name for name in sources if LOADS.search(without_comments((ROOT / name).read_text()))
        }

    def test_is_in_known_files(self):
        self.assertEqual(self.loaders(), BY_NAME_OF_A_RECIPE | OWN_PROGRAMS)

    def test_asks_who_named_it(self):
        for name in BY_NAME_OF_A_RECIPE:
            text = (ROOT / name).read_text()
            opener = r"(open_library|Process)\(const config::CodeName& "
            self.assertRegex(text, opener, name)

    def test_is_not_in_the_python_package(self):
        found = {
            name: PYTHON_LOADS.findall((ROOT / name).read_text())
            for name in files("python/millrace/*.py")
        }
        self.assertEqual({name: words for name, words in found.items() if words}, {})


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
