"""The arrows of design_document.md, section 3, hold: every #include is one that its tables allow.

A node is a folder, or a file that the tables name. Between rooms the table of rooms decides, inside
a room the table of folders.
"""

import posixpath
import re
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)
LIBTORCH = re.compile(r"^(torch|ATen|c10|caffe2)/")
ROOT_OF_THE_ROOM = "(root)"


def cells(row):
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def names_in(cell):
    return re.findall(r"`([^`]+)`", cell)


def table_after(text, heading):
    """The rows of the first table behind a heading: {first name: (names in the third cell, the last
    cell)}."""
    lines = text[text.index(heading) :].splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("|"))
    rows = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        row = cells(line)
        rows[names_in(row[0])[0].rstrip("/")] = (names_in(row[2]), row[3])
    return rows


class Layers:
    """The tables of the design document, and the faults of a tree {path: text} against them."""

    def __init__(self, document):
        self.rooms = table_after(document, "### Rooms")
        self.folders = table_after(document, "### Folders inside the rooms")
        self.split_rooms = {name.split("/")[0] for name in self.folders}

    def room(self, path):
        return path.split("/")[0]

    def node(self, path):
        """The row that a file belongs to: the longest that contains it. A file in a folder without
        row has none, where its room is cut into folders."""
        folder = posixpath.dirname(path)
        rows = [
            row
            for row in self.folders
            if path == row or folder == row or ("/" in row and folder.startswith(row + "/"))
        ]
        if rows:
            return max(rows, key=len)
        return folder if folder in self.rooms and folder not in self.split_rooms else None

    def allowed(self, node):
        """Nodes of its own room that a node may include, itself among them."""
        room = self.room(node)
        inside = self.folders.get(node, ([], ""))[0]
        return {node} | {room if name == ROOT_OF_THE_ROOM else f"{room}/{name}" for name in inside}

    def faults(self, tree):
        found = []
        arrows = {}
        for path, text in sorted(tree.items()):
            node = self.node(path)
            if self.room(path) not in self.rooms or node is None:
                found.append(f"{path}: its folder has no row in design_document.md")
                continue
            for bracket, included in INCLUDE.findall(text):
                if bracket != '"' or included not in tree:
                    continue
                target = self.node(included)
                if target != node:
                    arrows.setdefault(node, set()).add(target)
                if self.room(included) != self.room(path):
                    if self.room(included) not in self.rooms[self.room(path)][0]:
                        rooms = f"{self.room(path)}/ may not see {self.room(included)}/"
                        found.append(f"{path} includes {included}: {rooms}")
                elif target not in self.allowed(node):
                    found.append(f"{path} includes {included}: {node}/ may not see {target}/")
        return found + self.circles(arrows) + self.libtorch_faults(tree)

    def circles(self, arrows):
        found = []
        done = set()

        def visit(node, trail):
            if node in trail:
                found.append("a circle: " + " -> ".join([*trail[trail.index(node) :], node]))
            elif node not in done:
                for target in sorted(arrows.get(node, ())):
                    visit(target, [*trail, node])
                done.add(node)

        for node in sorted(arrows):
            visit(node, [])
        return found

    def may_see_libtorch(self, path):
        node = self.node(path)
        last = self.folders[node][1] if node in self.folders else self.rooms[self.room(path)][1]
        return "LibTorch" in last and "no LibTorch" not in last

    def libtorch_faults(self, tree):
        sees = {
            path
            for path, text in tree.items()
            if any(LIBTORCH.match(name) for _, name in INCLUDE.findall(text))
        }
        before = None
        while before != sees:
            before = set(sees)
            sees |= {
                path
                for path, text in tree.items()
                if any(name in before for _, name in INCLUDE.findall(text))
            }
        return [
            f"{path} sees LibTorch, which its folder may not"
            for path in sorted(sees)
            if not self.may_see_libtorch(path)
        ]


def read_tree():
    """Every source of the working tree, what git does not ignore, by its path."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.h", "*.cc"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return {
        name: (ROOT / name).read_text()
        for name in listed.stdout.split()
        if name.split("/")[0] not in ("cmake", "tests", "docs") and (ROOT / name).exists()
    }


class TheTree(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.layers = Layers((ROOT / "design_document.md").read_text())
        cls.tree = read_tree()

    def test_obeys_the_design_document(self):
        self.assertEqual(self.layers.faults(self.tree), [])

    def test_has_every_folder_of_the_tables(self):
        for name in [*self.layers.rooms, *self.layers.folders]:
            self.assertTrue(
                (ROOT / name).exists(), f"{name} stands in design_document.md and is not there"
            )

    def test_is_mirrored_by_the_tests(self):
        """But for `examples/`, which the how-to pages quote."""
        files = (ROOT / "tests").glob("*/*/**/*_test.cc")
        folders = {path.parent.relative_to(ROOT / "tests").as_posix() for path in files}
        for folder in sorted(folders):
            mirrored = folder.removesuffix("/examples")
            self.assertTrue((ROOT / mirrored).is_dir(), f"tests/{folder} mirrors no folder")

    def planted(self, path, line):
        tree = {**self.tree, path: self.tree.get(path, "") + f"\n{line}\n"}
        return self.layers.faults(tree)

    def test_an_arrow_between_rooms_is_caught(self):
        faults = self.planted("proto/batch.h", '#include "config/options.h"')
        self.assertIn("proto/batch.h includes config/options.h: proto/ may not see config/", faults)

    def test_an_arrow_between_folders_is_caught(self):
        faults = self.planted("trainer/models/model.h", '#include "trainer/objectives/objective.h"')
        self.assertIn(
            "trainer/models/model.h includes trainer/objectives/objective.h: "
            "trainer/models/ may not see trainer/objectives/",
            faults,
        )

    def test_a_circle_is_caught(self):
        faults = self.planted("trainer/optim/ema.h", '#include "trainer/checkpoint/checkpoint.h"')
        self.assertTrue(any(fault.startswith("a circle: ") for fault in faults), faults)

    def test_libtorch_where_it_may_not_be_is_caught(self):
        for path in ("trainer/kernels/rows.h", "trainer/run/metrics.h", "consumer/prefetcher.h"):
            faults = self.planted(path, "#include <torch/types.h>")
            self.assertIn(f"{path} sees LibTorch, which its folder may not", faults)

    def test_libtorch_behind_another_header_is_caught(self):
        faults = self.planted("trainer/text/prompt.h", '#include "trainer/base/torch.h"')
        self.assertIn("trainer/text/prompt.h sees LibTorch, which its folder may not", faults)

    def test_a_folder_without_a_row_is_caught(self):
        faults = self.planted("trainer/plumbing/pipe.h", "")
        self.assertEqual(
            faults, ["trainer/plumbing/pipe.h: its folder has no row in design_document.md"]
        )


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
