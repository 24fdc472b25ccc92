"""Every flag and key that takes a path, given what is no such file: folders, pipes, devices, links
that lead nowhere, files without permission, names of any bytes, full and read-only disks. A program
does the job, or says in one line what is wrong with which path; it never hangs, crashes, or takes
something of the user's away. A flag or key that stands in no table here fails the test."""

import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from harness import (
    BIN,
    CASCADE_TEXT,
    LONG_ENOUGH_S,
    SHARDS,
    SOURCE,
    TEXT,
    TINY,
    free_port,
    without_ranks,
)

DONE, REFUSED, WAITS = "done", "refused", "waits"
PARALLEL = 2
ENDS_WITHIN_S = 30  # of these a program uses a fraction; the rest is the machine's other work
WAITS_FOR_S = 1.5
NOBODY = 65534
CANNOT_BE = "needs root"
IN_OWN_MOUNTS = "MILLRACE_TEST_IN_OWN_MOUNTS"

GIVEN = "given"
NAMES = {"spaces": "  a name with spaces ", "newline": "a\nnewline", "bytes": "by\udcff\udcfetes"}
USERS = {f"users{number}.txt" for number in range(12)}  # in a folder
DISKS = ("full", "read-only")
# What lies at the path: BAD stands in place of what is wanted, which lies there in all other
# conditions.
BAD = ("folder", "pipe", "device", "terminal", "dangling", "ring", "forbidden")
CONDITIONS = ("plain", *BAD, *NAMES, *DISKS)


def outcomes(*done, **others):
    """The outcome under each condition: done under these, else refused."""
    return {each: DONE if each in done else REFUSED for each in CONDITIONS} | others


# By what a path is for.
READ = outcomes("plain", *NAMES, *DISKS)
# Once, so it may be a pipe or a terminal, whose writer is waited for; the device is empty.
READ_ONCE = READ | {"pipe": WAITS, "terminal": WAITS, "device": DONE}
WRITE_FILE = outcomes("plain", "device", "terminal", "dangling", *NAMES)
WRITE_FOLDER = outcomes("plain", "folder", *NAMES)
# A recipe is UTF-8, and so is what it says on the command line.
KEY = {"bytes": REFUSED}


def told(folder, output):
    return output


@dataclasses.dataclass
class Taker:
    """A flag, a key or an argument that takes a path."""

    name: str  # the program's words and the flag, or the key
    words: Callable[[str], list]  # of a command that uses the path
    expected: dict
    good: str = ""  # what of the good folder is put there; empty: the program makes it
    proof: Callable = told  # what shows that the job is done; of a file or folder made, itself
    stdin: str = ""
    company: Callable[[str], list] = None  # a second program that the first one needs
    called: str = GIVEN  # the only name it may have; the folder's varies
    named: str = ""  # what an error may name in place of the path
    settings: dict = dataclasses.field(default_factory=dict)  # for the environment


def some(folder, output):
    return bool(output)


def there(name):
    return lambda folder, output: (folder / name).exists()


RECIPE = ["{good}/recipe.toml"]
DIGEST = ["--digest", "--count=2"]
TRAINED = ["--max_iters=2", "--eval_interval=2", "--eval_iters=1"]
INSIDE = ["--queue.uri=inproc://", "--out_dir=out"]
WRITTEN = ["--length=4", "--steps=2"]
CASCADE = [SOURCE / "config/cascade_stage1_small.toml", *SHARDS, "--data.path={good}/lines.txt"]
SHORT = ["--samples=8", "--repeats=1"]
TRANSPORT = [*SHORT, "--only=stream", "--queue.uri=file://q"]


def stream(*words):
    return ["inspect", "stream", *RECIPE, *DIGEST, *words]


def train(*words):
    return ["train", *RECIPE, *TRAINED, *INSIDE, *words]


def sample(*words):
    return ["sample", "--checkpoint={good}/out", *WRITTEN, *words]


def stages(**others):
    names = {f"stage{stage}": f"{{good}}/stage{stage}" for stage in (1, 2, 3)} | others
    return ["sample", "--steps=2", *(f"--{name}={path}" for name, path in names.items())]


def keyed(name, path):
    given = {"key_file": "{good}/trainer.key", "allowed_keys": "{good}/producer.pub"}
    given[name] = path
    words = [f"--queue.{key}={value}" for key, value in given.items()]
    return [
        "train",
        *RECIPE,
        *TRAINED,
        "--out_dir=out",
        "--queue.uri=tcp://127.0.0.1:{port}",
        *words,
    ]


def keyed_producer(path):
    return [
        *("prepare", *RECIPE, "--queue.uri=tcp://127.0.0.1:{port}"),
        *("--queue.key_file={good}/producer.key", "--queue.server_key={server_key}"),
    ]


def local(path):
    return path if path.startswith("/") else f"./{path}"


def toml(path):
    return path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


TAKERS = [
    # The recipe.
    Taker(
        "prepare CONFIG",
        lambda path: ["prepare", path, "--queue.uri=file://q", "--samples=8"],
        READ_ONCE,
        "recipe.toml",
        there("q"),
    ),
    Taker(
        "train CONFIG",
        lambda path: ["train", path, *TINY, *TRAINED, *INSIDE],
        READ_ONCE,
        "recipe.toml",
        there("out/latest"),
    ),
    Taker(
        "tokenize CONFIG",
        lambda path: ["tokenize", path, "--tokenizer={good}/vocab.bpe", "--out=t"],
        READ_ONCE | {"device": REFUSED},
        "recipe.toml",
        there("t/train.bin"),
        named="data.path",
    ),
    Taker(
        "annotate CONFIG",
        lambda path: ["annotate", path, *CASCADE[1:]],
        READ_ONCE,
        "cascade.toml",
        there("shards/tokenizer.json"),
    ),
    Taker(
        "inspect stream CONFIG",
        lambda path: ["inspect", "stream", path, *DIGEST],
        READ_ONCE,
        "recipe.toml",
    ),
    Taker(
        "bench provider CONFIG",
        lambda path: ["bench", "provider", path, *SHORT],
        READ_ONCE,
        "recipe.toml",
        some,
    ),
    Taker(
        "bench stream CONFIG",
        lambda path: ["bench", "stream", path, *TRANSPORT],
        READ_ONCE,
        "recipe.toml",
        some,
    ),
    Taker(
        "bench train CONFIG",
        lambda path: ["bench", "train", path, *TINY, "--steps=1", "--repeats=1"],
        READ_ONCE,
        "recipe.toml",
        some,
    ),
    # Checkpoints.
    Taker(
        "train --resume",
        lambda path: train("--max_iters=3", f"--resume={path}"),
        READ,
        "out",
        there("out/step-00000003"),
    ),
    Taker(
        "evaluate --checkpoint",
        lambda path: ["evaluate", "--checkpoint", path, "--windows=2", "--json"],
        READ,
        "out",
        some,
    ),
    Taker(
        "sample --checkpoint", lambda path: ["sample", "--checkpoint", path, *WRITTEN], READ, "out"
    ),
    Taker(
        "sample --stage1",
        lambda path: stages(stage1=path),
        READ,
        "stage1",
        there("sampling_outputs"),
    ),
    Taker(
        "sample --stage2",
        lambda path: stages(stage2=path),
        READ,
        "stage2",
        there("sampling_outputs"),
    ),
    Taker(
        "sample --stage3",
        lambda path: stages(stage3=path),
        READ,
        "stage3",
        there("sampling_outputs"),
    ),
    Taker("sample --eval-perplexity", lambda path: sample(f"--eval-perplexity={path}"), READ, "ar"),
    Taker(
        "inspect checkpoint DIR",
        lambda path: ["inspect", "checkpoint", path, "--json"],
        READ,
        "out",
        some,
    ),
    # Other things to read.
    Taker("sample --start", lambda path: sample("--start", f"FILE:{path}"), READ_ONCE, "start.txt"),
    Taker(
        "sample --suffix", lambda path: sample("--suffix", f"FILE:{path}"), READ_ONCE, "start.txt"
    ),
    Taker(
        "sample --template",
        lambda path: ["sample", "--checkpoint={good}/out", "--template", f"FILE:{path}"],
        READ_ONCE | {"device": REFUSED},
        "start.txt",
        named="--template is empty",
    ),
    Taker(
        "tokenize --encode",
        lambda path: ["tokenize", "--encode", path],
        READ,
        "vocab.bpe",
        stdin="a text",
        called="vocab.bpe",
    ),
    Taker(
        "tokenize --decode",
        lambda path: ["tokenize", "--decode", path],
        READ,
        "vocab.bpe",
        stdin="64 65",
        called="vocab.bpe",
    ),
    Taker(
        "inspect queue DIR",
        lambda path: ["inspect", "queue", path],
        READ | {"folder": DONE},
        "queue",
        some,
    ),
    Taker(
        "inspect batch FILE",
        lambda path: ["inspect", "batch", path, "--json"],
        READ,
        "batch.mrc",
        some,
    ),
    Taker(
        "bench stream --bin",
        lambda path: ["bench", "stream", *RECIPE, *TRANSPORT, "--bin", path],
        READ,
        "bin",
        some,
    ),
    # Things to write.
    Taker(
        "train --record-stream",
        lambda path: train(f"--record-stream={path}"),
        WRITE_FILE | {"device": REFUSED, "terminal": REFUSED},
    ),
    Taker("sample --output", lambda path: sample("--output", path), WRITE_FILE),
    Taker("sample --output (cascade)", lambda path: stages(output=path), WRITE_FOLDER),
    Taker("sample --trace", lambda path: sample("--trace", path), WRITE_FILE),
    Taker(
        "inspect stream --save-vocabulary",
        lambda path: ["inspect", "stream", *RECIPE, "--save-vocabulary", path],
        WRITE_FILE,
    ),
    Taker(
        "tokenize --out",
        lambda path: ["tokenize", *RECIPE, "--tokenizer={good}/vocab.bpe", "--out", path],
        WRITE_FOLDER,
    ),
    # Keys.
    Taker(
        "include",
        lambda path: ["inspect", "stream", "including.toml", *DIGEST],
        READ | KEY,
        "recipe.toml",
        named="including.toml",
    ),
    Taker(
        "data.path",
        lambda path: stream(f"--data.path={path}"),
        READ | KEY | {"folder": DONE},
        "text.txt",
    ),
    Taker(
        "dataset path",
        lambda path: [
            *("inspect", "stream", "{good}/tiny.toml", *DIGEST),
            f'--data.datasets=[{{name = "a", path = "{toml(path)}"}}]',
        ],
        READ | KEY | {"folder": DONE},
        "text.txt",
    ),
    Taker(
        "data.tokenizer",
        lambda path: ["tokenize", *RECIPE, f"--data.tokenizer={path}", "--out=t"],
        READ | KEY,
        "vocab.bpe",
        there("t/train.bin"),
        called="vocab.bpe",
    ),
    Taker(
        "data.vocabulary",
        lambda path: stream(f"--data.vocabulary={path}"),
        READ | KEY,
        "vocab.json",
    ),
    Taker("data.cache", lambda path: stream(f"--data.cache={path}"), WRITE_FOLDER | KEY),
    Taker(
        "data.shards",
        lambda path: ["inspect", "stream", *CASCADE, f"--data.shards={path}", *DIGEST],
        READ | KEY,
        "shards",
    ),
    Taker(
        "data.shards (annotate)",
        lambda path: ["annotate", *CASCADE, f"--data.shards={path}"],
        WRITE_FOLDER | KEY,
    ),
    Taker(
        "annotate.python",
        lambda path: [
            "annotate",
            *CASCADE,
            "--annotate.scorer=python",
            "--shards=s",
            f"--annotate.python={local(path)}",
        ],
        READ | KEY,
        "python",
        there("s/tokenizer.json"),
        settings={"PYTHONPATH": "{good}/packages"},
    ),
    Taker(
        "provider.name",
        lambda path: [
            "inspect",
            "stream",
            "{good}/plugin.toml",
            *DIGEST,
            f"--provider.name={local(path)}",
        ],
        READ | KEY,
        "plugin.so",
        called="progressions.so",
    ),
    Taker(
        "queue.uri (file, prepare)",
        lambda path: ["prepare", *RECIPE, f"--queue.uri=file://{path}", "--samples=8"],
        WRITE_FOLDER | KEY | {"full": WAITS},
    ),
    Taker(
        "queue.uri (file, train)",
        lambda path: ["train", *RECIPE, *TRAINED, "--out_dir=out", f"--queue.uri=file://{path}"],
        WRITE_FOLDER | KEY,
        company=lambda path: ["prepare", *RECIPE, f"--queue.uri=file://{path}"],
        proof=there("out/latest"),
    ),
    Taker(
        "queue.uri (ipc, train)",
        lambda path: ["train", *RECIPE, *TRAINED, "--out_dir=out", f"--queue.uri=ipc://{path}"],
        outcomes("plain", *NAMES, "full") | KEY,
        company=lambda path: ["prepare", *RECIPE, f"--queue.uri=ipc://{path}"],
        proof=there("out/latest"),
    ),
    Taker(
        "queue.uri (ipc, prepare)",
        lambda path: ["prepare", *RECIPE, f"--queue.uri=ipc://{path}"],
        dict.fromkeys(CONDITIONS, WAITS) | KEY,
    ),
    Taker(
        "queue.key_file",
        lambda path: keyed("key_file", path),
        READ | KEY,
        "trainer.key",
        there("out/latest"),
        company=keyed_producer,
    ),
    Taker(
        "queue.allowed_keys",
        lambda path: keyed("allowed_keys", path),
        READ | KEY,
        "producer.pub",
        there("out/latest"),
        company=keyed_producer,
    ),
    Taker("train.out_dir", lambda path: train(f"--out_dir={path}"), WRITE_FOLDER | KEY),
]

# Other keys that are free texts.
NO_PATHS = {
    "data.column",
    "data.dataset",
    "dataset name",
    "dataset column",
    "dataset description",
    "queue.advertise",
    "queue.rank_hosts",
    "queue.server_key",
    "watch.address",
    "model.architecture",
    "train.objective",
    "provider.settings",
    "other settings",
    "annotate.spacy_model",
    "annotate.keybert_model",  # handed to spaCy and KeyBERT
    "data.datasets",  # see dataset path
}
# Placeholders of flags that are no paths.
NO_FILES = {
    "N",
    "I",
    "K",
    "S",
    "L",
    "T",
    "P",
    "R",
    "W",
    "T,T,…",
    "LEVEL",
    "NAME",
    "PARTS",
    "ema|raw",
    "val|test",
}

RECIPE_TEXT = f"""include = "{SOURCE}/config/char_diffusion_small.toml"
[data]
[provider]
block_size = 24
[queue]
uri = "tcp://127.0.0.1:0"
window_batches = 8
[model]
n_layer = 1
n_head = 2
n_embd = 16
[train]
batch_size = 6
threads = 1
device = "cpu"
"""
PLUGIN_TEXT = """[provider]
name = "progressions.so"
block_size = 24
[data]
val_fraction = 0.1
"""

SPACY = """
__version__ = "0"
class Token:
    def __init__(self, text, idx):
        self.text, self.idx, self.is_space, self.is_stop = text, idx, False, len(text) < 4
        self.pos_ = "NOUN"
class Model:
    meta = {"version": "0"}
    def pipe(self, texts, n_process):
        for text in texts:
            tokens, at = [], 0
            for word in text.split(" "):
                if word: tokens.append(Token(word, at))
                at += len(word) + 1
            yield tokens
def load(name, disable):
    return Model()
"""


def fill(folder):
    """Takes all the room of a disk."""
    with open(folder / "filler", "wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(b"\0" * 65536)


def read_terminal(main):
    """What was written on a terminal whose other end is closed."""
    text = b""
    with contextlib.suppress(OSError):
        while piece := os.read(main, 65536):
            text += piece
    return text


def facts(path):
    """What must stay as it was: kind, and content or target; of a folder those of all in it."""
    status = path.lstat()
    kind = stat.S_IFMT(status.st_mode)
    if stat.S_ISLNK(kind):
        return {path: (kind, os.readlink(path))}
    if stat.S_ISREG(kind):
        return {path: (kind, path.read_bytes())}
    found = {path: (kind, status.st_rdev)}
    if stat.S_ISDIR(kind):
        for each in path.iterdir():
            found |= facts(each)
    return found


class Case:
    """One taker under one condition, in a folder of its own."""

    def __init__(self, test, taker, condition):
        self.test, self.taker, self.condition = test, taker, condition
        self.folder = test.root / "cases" / re.sub(r"\W+", "_", f"{taker.name} {condition}")
        self.folder.mkdir()
        self.port = free_port()
        self.terminals = ()
        self.user = {}

    def run(self):
        """What is wrong, or nothing."""
        path = self.lay()
        if path is None:
            return CANNOT_BE
        if self.taker.name == "include":
            text = f'include = "{toml(path)}"\n'
            (self.folder / "including.toml").write_bytes(os.fsencode(text))
        if self.condition == "forbidden":
            self.folder.chmod(0o777)
            self.user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        place = self.folder / path
        before = facts(place) if os.path.lexists(place) else {}
        company = self.taker.company and self.start(self.taker.company(path))
        try:
            wrong = self.judge(path, *self.finish(self.start(self.taker.words(path))))
        finally:
            if company:
                company.kill()
                company.communicate()
        after = facts(place) if before else {}
        lost = [each for each, what in before.items() if after.get(each) != what]
        for fd in self.terminals:
            with contextlib.suppress(OSError):
                os.close(fd)
        left = [each.name for each in place.parent.iterdir() if each.name.startswith(f".{GIVEN}")]
        return wrong or (lost and f"no more as it was: {lost}") or (left and f"left behind: {left}")

    def lay(self):
        """Puts in place what the condition says; the path to give, or None where it cannot be."""
        condition, place = self.condition, self.folder / self.taker.called
        if condition in NAMES:
            return self.lay_name(NAMES[condition])
        if condition in DISKS:
            return self.lay_disk()
        if condition == "terminal":
            self.terminals = os.openpty()
            return os.ttyname(self.terminals[1])
        if condition == "device":
            try:
                os.mknod(place, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
            except PermissionError:
                return None
        elif condition == "forbidden":
            if not self.test.has_strangers:
                return None
            self.forbid(place)
        elif condition == "folder":
            place.mkdir()
            for name in USERS:
                (place / name).write_text(TEXT)
        elif condition == "pipe":
            os.mkfifo(place)
        elif condition in ("dangling", "ring"):
            place.symlink_to("nowhere" if condition == "dangling" else place.name)
        else:
            self.put(place)
        return self.taker.called

    def lay_name(self, name):
        if self.taker.called != GIVEN:
            (self.folder / name).mkdir()
            name = f"{name}/{self.taker.called}"
        self.put(self.folder / name)
        return name

    def put(self, place):
        good = self.test.good / self.taker.good
        if self.taker.good and good.is_dir():
            shutil.copytree(good, place, symlinks=True)
        elif self.taker.good:
            shutil.copy(good, place)

    def forbid(self, place):
        self.put(place)
        if self.taker.good:
            place.chmod(0)
        elif self.taker.expected["folder"] == DONE:
            place.mkdir(mode=0o555)
        else:
            place.write_text("of somebody else")
            place.chmod(0o444)

    def lay_disk(self):
        if IN_OWN_MOUNTS not in os.environ:
            return None
        disk = self.folder / "disk"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o"]
        subprocess.run([*mount, "size=4m", "none", disk], check=True)
        self.put(disk / self.taker.called)
        if self.condition == "full":
            fill(disk)
        else:
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        return f"disk/{self.taker.called}"

    def start(self, words):
        def fitted(word):
            text = os.fspath(word)
            for name, value in self.test.values.items():
                text = text.replace(f"{{{name}}}", value)
            return text.replace("{port}", str(self.port))

        program, *rest = map(fitted, words)
        settings = {key: fitted(value) for key, value in self.taker.settings.items()}
        home = {"HOME": str(self.folder), "XDG_CACHE_HOME": str(self.folder / "cache")}
        return subprocess.Popen(
            [BIN / program, *rest],
            cwd=self.folder,
            env=without_ranks(os.environ) | home | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            **self.user,
        )

    def finish(self, process):
        """The outcome, the exit status, stdout and stderr."""
        outcome, text = None, os.fsencode(self.taker.stdin)
        within = WAITS_FOR_S if self.expected() == WAITS else ENDS_WITHIN_S
        try:
            output, errors = process.communicate(text, timeout=within)
        except subprocess.TimeoutExpired:
            outcome = WAITS
            process.send_signal(signal.SIGTERM)
            try:
                output, errors = process.communicate(timeout=ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                output, errors = process.communicate()
                outcome = "hangs, and SIGTERM does not end it"
        status = process.returncode
        outcome = outcome or {0: DONE, 1: REFUSED, 2: REFUSED}.get(status, f"ends with {status}")
        return outcome, os.fsdecode(output), os.fsdecode(errors)

    def expected(self):
        return self.taker.expected[self.condition]

    def sleeps(self):
        """Whether the program does nothing but wait for most of the time."""
        writes_pipe = self.condition == "pipe" and self.taker.expected is WRITE_FILE
        return self.expected() == WAITS or writes_pipe

    def judge(self, path, outcome, output, errors):
        lines = [line for line in errors.splitlines() if line.startswith("error:")]
        said = f"{outcome}, not {self.expected()}; stderr:\n{errors[-2000:]}"
        if outcome != self.expected():
            return said
        if outcome == REFUSED and (len(lines) != 1 or not errors.endswith(lines[0] + "\n")):
            return f"{len(lines)} lines of errors; {said}"
        if outcome == REFUSED and not any(name in lines[0] for name in self.shown(path)):
            return f"the path is not named; {said}"
        if outcome == DONE and not self.is_proven(output):
            return f"the job is not done; {said}"
        return None

    def shown(self, path):
        """The path as messages may show it."""
        name = os.path.basename(path)
        bare = name.replace("\udcff", "\\xff").replace("\udcfe", "\\xfe")
        shown = {bare, bare.replace("\n", " "), bare.replace("\n", "\\n")}
        return shown | ({self.taker.named} if self.taker.named else set())

    def is_proven(self, output):
        if self.condition == "device":
            return True  # it swallows all
        if self.condition == "terminal":
            os.close(self.terminals[1])
            self.terminals = self.terminals[:1]
            return read_terminal(self.terminals[0])
        proof = self.proof(output)
        if self.condition == "folder":
            return proof  # another one than of what the folder stands for
        known = self.test.proofs.setdefault(self.taker.name, proof)
        return proof and proof == known

    def proof(self, output):
        if self.taker.good or self.taker.company or self.taker.proof is not told:
            return self.taker.proof(self.folder, output)
        for name in (GIVEN, *NAMES.values(), "nowhere"):
            path = self.folder / name
            if path.is_dir():
                return {each.name for each in path.rglob("*")} - USERS != set()
            if path.is_file():
                return path.read_bytes()
        return None


class Paths(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="millrace-paths-"))
        cls.addClassCleanup(shutil.rmtree, cls.root, ignore_errors=True)
        cls.addClassCleanup(cls.unmount)
        cls.root.chmod(0o755)
        cls.good = cls.root / "good"
        cls.good.mkdir()
        (cls.root / "cases").mkdir()
        cls.values = {"good": str(cls.good), "server_key": ""}
        cls.proofs = {}
        cls.has_strangers = os.geteuid() == 0 and cls.runs_as_nobody()
        cls.make_good_things()

    @classmethod
    def unmount(cls):
        for disk in cls.root.glob("cases/*/disk"):
            subprocess.run(["umount", "-l", disk], check=False)

    @staticmethod
    def runs_as_nobody():
        """Whether another user may run the programs, where they lie."""
        stranger = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        try:
            ran = subprocess.run([BIN / "train", "--version"], capture_output=True, **stranger)
        except PermissionError:
            return False
        return ran.returncode == 0

    @classmethod
    def make_good_things(cls):
        good = cls.good
        (good / "text.txt").write_text(TEXT)
        (good / "lines.txt").write_text(CASCADE_TEXT)
        (good / "start.txt").write_text("Th")
        (good / "vocab.bpe").write_text("#version: 0.2\n")
        (good / "tiny.toml").write_text(RECIPE_TEXT)
        (good / "recipe.toml").write_text(
            RECIPE_TEXT.replace(
                "[data]",
                f"""[data]
path = "{good}/text.txt" """,
            )
        )
        (good / "cascade.toml").write_text(f"""include = "{CASCADE[0]}"
[data]
path = "{good}/lines.txt"
""")
        (good / "plugin.toml").write_text(PLUGIN_TEXT)
        (good / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        (good / "python").chmod(0o755)
        (good / "packages").mkdir()
        (good / "packages/spacy.py").write_text(SPACY)
        (good / "bin").mkdir()
        for program in ("prepare", "train"):
            (good / "bin" / program).symlink_to(BIN / program)
        plugins = (BIN.parent / "tests" / "providers").glob("**/libprogressions.so")
        shutil.copy(next(plugins), good / "plugin.so")
        for name in ("trainer", "producer"):
            key = subprocess.run(
                [sys.executable, SOURCE / "scripts/keys", name],
                cwd=good,
                capture_output=True,
                text=True,
                check=True,
            )
            (good / f"{name}.pub").write_text(key.stdout)
            if os.geteuid() == 0:
                os.chown(good / f"{name}.key", NOBODY, NOBODY)
        cls.values["server_key"] = (good / "trainer.pub").read_text().strip()
        for words in (
            ["inspect", "stream", "recipe.toml", "--save-vocabulary=vocab.json"],
            ["prepare", "recipe.toml", "--queue.uri=file://queue", "--samples=8"],
            ["annotate", "cascade.toml", *SHARDS[1:]],
            ["train", "recipe.toml", *TRAINED, *INSIDE],
            [
                *("train", SOURCE / "config/gpt2_small.toml", f"--data.path={good}/text.txt"),
                *(*TINY, *TRAINED, *INSIDE, "--out_dir=ar"),
            ],
            *(
                [
                    *("train", SOURCE / f"config/cascade_stage{stage}_small.toml", *SHARDS[1:]),
                    *(*TINY[2:], *TRAINED, *INSIDE, f"--out_dir=stage{stage}"),
                    f"--data.path={good}/lines.txt",
                ]
                for stage in (1, 2, 3)
            ),
        ):
            ran = subprocess.run(
                [BIN / words[0], *words[1:]],
                cwd=good,
                env=without_ranks(os.environ),
                capture_output=True,
                text=True,
                timeout=LONG_ENOUGH_S,
            )
            assert ran.returncode == 0, f"{words}\n{ran.stderr}"
        batch = max((good / "queue").rglob("*.*"), key=lambda each: each.stat().st_size)
        shutil.copy(batch, good / "batch.mrc")

    def test_every_path_under_every_condition(self):
        """First on a plain path: that shows what the job is."""
        for conditions in (["plain"], [each for each in CONDITIONS if each != "plain"]):
            cases = [Case(self, taker, each) for each in conditions for taker in TAKERS]
            # Those that wait use no time of a core.
            with ThreadPoolExecutor(PARALLEL) as workers, ThreadPoolExecutor(4) as sleepers:
                ran = [(sleepers if case.sleeps() else workers).submit(case.run) for case in cases]
            for case, future in zip(cases, ran, strict=True):
                with self.subTest(path_of=case.taker.name, condition=case.condition):
                    wrong = future.result()
                    if wrong == CANNOT_BE:
                        self.skipTest(f"{case.condition}: {CANNOT_BE}")
                    self.assertFalse(wrong, wrong)


class Tables(unittest.TestCase):
    """A new flag or key fails here until it stands in TAKERS, or among those that are no paths."""

    def help_of(self, *words):
        return subprocess.run(
            [BIN / words[0], *words[1:]], capture_output=True, text=True, check=True
        ).stdout

    def commands(self):
        """Every program, or each of its subjects."""
        apart = {"bench_train", "sdk_oracle", "write_fuzz_seeds"}  # a subject; tools of the tests
        for path in sorted(BIN.iterdir()):
            if path.name.startswith("test_") or path.name in apart or not os.access(path, os.X_OK):
                continue
            text = self.help_of(path.name, "--help")
            subjects = re.findall(rf"^  {path.name} (\w+) ", text, re.MULTILINE)
            yield from ([path.name, subject] for subject in subjects or [""])

    def test_every_flag_and_argument_that_may_be_a_path_is_tried(self):
        found = set()
        for command in self.commands():
            words = list(filter(None, command))
            text = self.help_of(*words, "--help")
            flags = re.findall(r"^  --([\w-]+)(?: |\[=)(\S+?)\]?  ", text, re.MULTILINE)
            found |= {
                " ".join([*words, f"--{flag}"]) for flag, what in flags if what not in NO_FILES
            }
            first = re.match(rf"usage: {' '.join(words)} ([A-Z]+) ?", text)
            found |= {" ".join([*words, first[1]])} if first else set()
        tried = {re.sub(r" \(.*", "", taker.name) for taker in TAKERS if " " in taker.name}
        keys = ("dataset ", "queue.", "data.")
        self.assertEqual(found, {name for name in tried if not name.startswith(keys)})

    def test_every_key_that_may_be_a_path_is_tried(self):
        text = self.help_of("prepare", "--help-keys")
        shape = r"^((?:[a-z]+ )?[\w.]+)(?: = .*?)?: .*\((?:a text|an array of tables|a table)\b"
        found = set(re.findall(shape, text, re.MULTILINE))
        tried = {re.sub(r" \(.*", "", taker.name) for taker in TAKERS}
        self.assertEqual(found - NO_PATHS - tried, set())
        self.assertEqual(NO_PATHS - found, set())


if __name__ == "__main__":
    if os.geteuid() == 0 and IN_OWN_MOUNTS not in os.environ:
        mounted = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
        if subprocess.run(mounted, capture_output=True).returncode == 0:
            os.environ[IN_OWN_MOUNTS] = "yes"
            os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.argv])
    unittest.main()
