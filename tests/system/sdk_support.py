"""What the tests of python/ share: the package as it lies in the tree, its example, and a provider
that can be made to misbehave."""

import os
import pathlib
import sys

from harness import SOURCE

PYTHON = SOURCE / "python"
EXAMPLES = PYTHON / "examples"
sys.path[:0] = [str(PYTHON), str(EXAMPLES)]

EXAMPLE = EXAMPLES / "progressions.py"
RECIPE = EXAMPLES / "progressions.toml"
ENVIRONMENT = {"PYTHONPATH": str(PYTHON), "PYTHONUNBUFFERED": "1"}

# A provider in a script of its own, as a user writes it. What it does wrong is not part of the
# stream, so it comes by the environment.
FRAIL = f"""
import os, signal, sys, time
sys.path.insert(0, {str(EXAMPLES)!r})
from progressions import Progressions

TROUBLE = os.environ.get("TROUBLE", "")

class Frail(Progressions):
    def setup(self):
        self.level = self.setting("level", 3)  # changes nothing: it is there to be compared
        super().setup()

    def sample(self, key):
        if TROUBLE == "raise" and key.split == "train" and key.index >= 8:
            raise ZeroDivisionError("the well is dry")
        if TROUBLE == "die" and key.split == "train" and key.index >= 8:
            os.kill(os.getpid(), signal.SIGKILL)
        if TROUBLE in ("raise on go", "wait for go") and key.split == "train" and key.index >= 64:
            open(f"{{TROUBLE}} {{os.getpid()}}", "w").close()
            while not os.path.exists("go"):
                time.sleep(0.01)
            if TROUBLE == "raise on go":
                raise ZeroDivisionError("the well is dry")
        if TROUBLE == "slow":
            time.sleep(0.002)
        return super().sample(key)

if __name__ == "__main__":
    Frail.main()
"""


def children(pid):
    """The worker processes of a producer: multiprocessing's own helper left out."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"spawn_main" in (path / "cmdline").read_bytes():
                found.append(int(path.name))
        except (OSError, IndexError):
            pass  # it has ended meanwhile
    return found


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def without_pythonpath():
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
