"""The arrows of design_document.md, section 3, hold: every #include is one that its tables allow. A
file of the repository is included in one way alone, by its path from the root in quotes. And no
module of the Python package imports itself, also not through others.

In C++ a node is a folder, or a file that the tables name. Between rooms the table of rooms decides,
inside a room the table of folders. In Python a node is a module.
"""

import ast
import posixpath
import re
import sys
import unittest

from working_tree import ROOT, files

PACKAGE = ROOT / "python/millrace"
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)
LIBTORCH = re.compile(r"^(torch|ATen|c10|caffe2)/")
ROOT_OF_THE_ROOM = "(root)"
HOW_TO_INCLUDE = 'write the path from the root, in "…"'


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


def circles(arrows):
    """The circles of a graph {node: set of nodes}, as messages."""
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


def imports_of(text, modules):
    """The modules of the package that one of them imports, wherever the import stands: at the top,
    in a function, or for the type checker alone. `text`: its source. A name that is no module is
    one of `__init__`."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            parent = ["millrace"] * node.level + ([node.module] if node.module else [])
            paths = [".".join([*parent, alias.name]) for alias in node.names]
        elif isinstance(node, ast.Import):
            paths = [alias.name for alias in node.names]
        else:
            continue
        for path in paths:
            package, module, *_ = [*path.split("."), ""]
            if package == "millrace":
                yield module if module in modules else "__init__"


def python_circles(package):
    """The circles of a package {module: source}."""
    return circles({module: set(imports_of(text, package)) for module, text in package.items()})


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

    def disguised(self, path, bracket, included, tree):
        """Whether an include names a file of the repository otherwise than by its path from the
        root in quotes: in <…>, by a path with . or .., or by one from the file's own folder."""
        if bracket == "<":
            return included.startswith(".") or posixpath.normpath(included) in tree
        beside = posixpath.join(posixpath.dirname(path), included)
        has_dots = not {".", ".."}.isdisjoint(included.split("/"))
        return included not in tree and (has_dots or beside in tree)

    def faults(self, tree):
        found = []
        arrows = {}
        for path, text in sorted(tree.items()):
            node = self.node(path)
            if self.room(path) not in self.rooms or node is None:
                found.append(f"{path}: its folder has no row in design_document.md")
                continue
            for bracket, included in INCLUDE.findall(text):
                if self.disguised(path, bracket, included, tree):
                    found.append(f"{path} includes {included}: {HOW_TO_INCLUDE}")
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
        return found + circles(arrows) + self.libtorch_faults(tree)

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
    """Every C++ source of the rooms, by its path."""
    return {
        name: (ROOT / name).read_text()
        for name in files("*.h", "*.cc")
        if name.split("/")[0] not in ("cmake", "tests", "docs")
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

    def test_an_include_in_disguise_is_caught(self):
        for line in (
            '#include "../config/options.h"',
            '#include "./types.h"',
            '#include "types.h"',
            '#include "queue/../config/options.h"',
            "#include <config/options.h>",
            "#include <../config/options.h>",
            '#include "../config/generated.inc"',
        ):
            with self.subTest(line=line):
                faults = self.planted("proto/batch.h", line)
                self.assertEqual(len(faults), 1)
                self.assertRegex(faults[0], r"^proto/batch.h includes .*: write the path from the")

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


class ThePythonPackage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.package = {path.stem: path.read_text() for path in PACKAGE.glob("*.py")}

    def test_has_no_circle(self):
        self.assertIn("provider", self.package)
        self.assertEqual(python_circles(self.package), [])

    def test_a_circle_is_caught_wherever_the_import_stands(self):
        for line in (
            "from .provider import Provider",
            "from . import provider",
            "import millrace.provider",
            "from millrace.provider import Provider",
            "from millrace import Provider",
            "if TYPE_CHECKING:\n    from .provider import Provider",
            "def later():\n    from .provider import Provider",
            "from .meta import check_meta",
        ):
            with self.subTest(line=line):
                package = {**self.package, "meta": f"{self.package['meta']}\n{line}\n"}
                faults = python_circles(package)
                self.assertTrue(any("meta -> " in fault for fault in faults), faults)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
