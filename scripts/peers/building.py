"""Lines about building Millrace: all of it from nothing, and after a change to one file of the room
that takes longest."""

import os
import subprocess
import time

from .programs import Failed
from .table import OwnNumber

ONE_FILE = "trainer/models/dit.cc"


def building(root, folder, plan, table):
    """What is committed in `root`, in a clone with its .venv, on as many cores as both sides have,
    without a compiler cache. Once: it takes minutes."""
    tree = folder / "tree"
    _run("git", "clone", "--quiet", root, tree)
    (tree / ".venv").symlink_to(root / ".venv")
    _run("cmake", "--preset", "release", "-DMILLRACE_TRAINER=ON", cwd=tree)
    build = ["cmake", "--build", "--preset", "release", "--parallel", plan.threads]
    all_of_it = _run(*build, cwd=tree)
    (tree / ONE_FILE).touch()
    one_file = _run(*build, "--target", "train", cwd=tree)
    table.add(
        OwnNumber(
            "building all programs and tests from nothing, in seconds",
            "s",
            [all_of_it],
            [],
            "<= 600",
        )
    )
    table.add(
        OwnNumber(
            f"after a change to {ONE_FILE}, until train is linked, in seconds",
            "s",
            [one_file],
            [],
            "<= 30",
        )
    )


def _run(*words, cwd=None):
    """How many seconds it took."""
    start = time.perf_counter()
    line = [str(word) for word in words]
    ran = subprocess.run(
        line,
        cwd=cwd,
        env={**os.environ, "CCACHE_DISABLE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if ran.returncode != 0:
        said = (ran.stderr or ran.stdout).strip().rpartition("\n")[2]
        raise Failed(f"{' '.join(line)} failed: {said}")
    return time.perf_counter() - start
