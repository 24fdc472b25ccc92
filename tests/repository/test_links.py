"""Every relative link of every page leads somewhere, to its heading too, and so does every path in
backticks that names a file of the repository."""

import re
import sys
import unittest
from pathlib import Path

from working_tree import ROOT, files

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def anchor(heading):
    """A heading as the fragment that GitHub makes of it."""
    text = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(page):
    return {anchor(heading) for heading in re.findall(r"^#+ (.*)$", page, re.MULTILINE)}


def dead_links(path, page, read):
    """Links of a page that lead nowhere. `read`: a path's text, or None where
    nothing is there; "" for a folder."""
    found = []
    for target in LINK.findall(
        re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL))
    ):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, fragment = target.partition("#")
        where = path if not name else (Path(path).parent / name).as_posix()
        text = read(where)
        if text is None or (fragment and fragment not in anchors(text)):
            found.append(f"{path}: {target}")
    return found


def dead_paths(path, page, rooms, read):
    """Paths in backticks that begin with a folder of the repository and lead nowhere."""
    named = re.findall(rf"`((?:{'|'.join(rooms)})/[\w./-]+\.(?:h|cc|py|md|toml|proto|txt))`", page)
    named = [name for name in named if not re.search(r"/[A-Z]+\.", name)]  # providers/NAME.cc
    return [f"{path}: `{name}`" for name in named if read(name) is None]


def named_tests(page):
    """Tests that a page names in backticks: `Suite.Test`, `Suite.*`, `Class.test_name`."""
    return re.findall(r"`([A-Z]\w+\.(?:[A-Z]\w+|test_\w+|\*))`", page)


def tests_of(sources):
    """The names of the tests in these texts, and SUITE.* of every suite."""
    names = set()
    for text in sources:
        for suite, test in re.findall(r"TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", text):
            names |= {f"{suite}.{test}", f"{suite}.*"}
        suite = ""
        for found in re.finditer(r"^class (\w+)|^    def (test_\w+)", text, re.MULTILINE):
            suite = found[1] or suite
            names |= {f"{suite}.*"} if found[1] else {f"{suite}.{found[2]}"}
    return names


def read_file(name):
    path = ROOT / name
    if path.is_dir():
        return ""
    return path.read_text() if path.is_file() else None


class Links(unittest.TestCase):
    def setUp(self):
        self.pages = files("*.md")
        self.rooms = sorted(
            {name.split("/")[0] for name in files() if "/" in name and not name.startswith(".")}
        )

    def test_every_link_leads_somewhere(self):
        found = [
            link for page in self.pages for link in dead_links(page, read_file(page), read_file)
        ]
        self.assertEqual(found, [])

    def test_every_test_of_the_threat_model_is_there(self):
        page = read_file("docs/explanation/security.md")
        table = page.partition("## Who can do what")[2].partition("\n## ")[0]
        rows = [row for row in table.splitlines() if row.startswith("| ")][2:]
        self.assertGreater(len(rows), 8)
        self.assertEqual([row for row in rows if not named_tests(row)], [])
        known = tests_of(read_file(name) for name in files("tests/*.cc", "tests/*.py"))
        self.assertEqual([name for name in named_tests(table) if name not in known], [])

    def test_a_name_of_no_test_is_found(self):
        known = tests_of(["TEST_F(Suite, One) {", "class Two(T):\n    def test_it(self):\n"])
        self.assertEqual(known, {"Suite.One", "Suite.*", "Two.*", "Two.test_it"})
        self.assertEqual(named_tests("`Suite.One` `fuzz_x` `Two.test_it` `Gone.*`")[2], "Gone.*")

    def test_every_file_that_a_page_names_is_there(self):
        found = [
            path
            for page in self.pages
            for path in dead_paths(page, read_file(page), self.rooms, read_file)
        ]
        self.assertEqual(found, [])

    def test_every_file_that_a_comment_names_is_there(self):
        found = []
        for name in files("*.h", "*.cc", "*.cmake", "*CMakeLists.txt", "*.toml"):
            for path in re.findall(
                rf"\b((?:{'|'.join(self.rooms)})/[\w/-]+\.(?:h|cc|py|md|toml|proto))\b",
                read_file(name),
            ):
                generated = read_file(path + ".in") is not None
                if read_file(path) is None and not generated and not name.startswith("tests/"):
                    found.append(f"{name}: {path}")
        self.assertEqual(found, [])

    def test_dead_ones_are_caught(self):
        texts = {"docs/a.md": "# One heading\n", "docs": ""}
        page = (
            "[a](a.md) [h](a.md#one-heading) [no](b.md) [none](a.md#other) [out](https://x.y)"
            "`docs/c.md` `docs/a.md`"
        )
        self.assertEqual(
            dead_links("docs/p.md", page, texts.get), ["docs/p.md: b.md", "docs/p.md: a.md#other"]
        )
        self.assertEqual(
            dead_paths("docs/p.md", page, ["docs"], texts.get), ["docs/p.md: `docs/c.md`"]
        )

    def test_docs_index_lists_every_page(self):
        index = read_file("docs/README.md")
        pages = [
            page
            for page in files("docs/*.md")
            if page != "docs/README.md" and not page.startswith("docs/lab/")
        ]
        missing = [page for page in pages if f"({page.removeprefix('docs/')}" not in index]
        self.assertEqual(missing, [], "docs/README.md leaves these out")


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
