"""Lines about what comes before the first step: masking a batch, and starting."""

import dataclasses
import subprocess
import sys
import time
import tomllib

import millrace

from .masking import Maskers
from .programs import NO_EVALUATION
from .table import Line, OwnNumber
from .worker import Worker

TEXT_SAMPLES = 1024
ALL_OF_IT = "--data.val_fraction=0"  # a short text has no whole sample in a tenth


@dataclasses.dataclass(frozen=True)
class Peer:
    """One of Maskers' `rates`: the line it makes, beside which schedule of ours, by which clock.
    What runs in one process is compared by the processor's time, which others on the machine do not
    change."""

    words: str
    schedule: str
    clock: str
    bound: str


LOADER = "masking 15 %, one core; NumPy in a DataLoader"
PEERS = {
    "samples": Peer(f"{LOADER}, a sample each", "none", "cpu", ">= 15"),
    "batches, 0 workers": Peer(f"{LOADER}, whole batches", "none", "cpu", ">= 15"),
    "batches, 1 workers": Peer(f"{LOADER}, 1 worker", "none", "wall", ">= 15"),
    "batches, 2 workers": Peer(f"{LOADER}, 2 workers", "none", "wall", ">= 15"),
    "stages": Peer("masking, nine stages, one core; PyTorch int64", "mix", "cpu", ">= 20"),
}
READY_SAMPLES = 1024  # at least a step's
# So small that the time to the first step is the time to start.
SMALL = ["--n_layer=1", "--n_head=2", "--n_embd=32", "--gradient_accumulation_steps=1"]
LONG = ["--max_iters=1000000", "--log_interval=1", NO_EVALUATION]


def masking(programs, path, data, folder, plan, table):
    """`path`: of the char_diffusion recipe; `data`: overrides that say where its text is."""
    recipe = [path, *data, ALL_OF_IT]
    ours, peers = {schedule: [] for schedule in ("none", "mix")}, {name: [] for name in PEERS}
    with Worker(Maskers, *_text_of(programs, recipe, folder), _shape_of(path)) as maskers:
        for name in PEERS:
            maskers.ask("rates", name, plan.seconds / 4)
        for _ in plan.each_round():
            for schedule, rates in ours.items():
                rates.append(_our_rates(programs, recipe, schedule))
            for name, rates in peers.items():
                rates.append(maskers.ask("rates", name, plan.seconds / 2))
    for name, peer in PEERS.items():
        by_clock = [
            [rates[peer.clock] for rates in side] for side in (ours[peer.schedule], peers[name])
        ]
        table.add(Line(peer.words, "tokens/s", *by_clock, peer.bound))


def _our_rates(programs, recipe, schedule):
    words = [f"--provider.schedule={schedule}", "--producer.threads=1", "--repeats=1"]
    line = programs.json("bench", "provider", *recipe, *words)[0]
    return {"wall": line["tokens_per_s"], "cpu": line["tokens_per_cpu_s"]}


def _text_of(programs, recipe, folder):
    """(token ids, vocabulary's size, mask) of the recipe's text: the originals of some samples one
    after the other."""
    uri = f"file://{folder / 'text'}"
    programs.run(
        "prepare",
        *recipe,
        f"--queue.uri={uri}",
        "--provider.partial_targets=false",
        f"--samples={TEXT_SAMPLES}",
    )
    with millrace.read(uri, count=TEXT_SAMPLES, batch=TEXT_SAMPLES) as stream:
        return (
            next(stream)["y"].reshape(-1),
            stream.meta["vocab_size"],
            stream.meta["mask_token_id"],
        )


def _shape_of(path):
    recipe = tomllib.loads(path.read_text())
    default = {"mask_probability": 0.15}
    return {**default, **recipe["provider"], "batch_size": recipe["train"]["batch_size"]}


def start(programs, recipe, folder, plan, table):
    """From `train` to the end of its first step, of a model of no size and of the recipe's own with
    its data ready, beside a Python that has imported torch and nothing else."""
    ready = f"file://{folder / 'ready'}"
    programs.run("prepare", *recipe, f"--queue.uri={ready}", f"--samples={READY_SAMPLES}")
    small, own, peers = [], [], []
    for number, _ in enumerate(plan.each_round()):
        for seconds, name, words in (
            (small, "small", [*SMALL, "--queue.uri=inproc://"]),
            (own, "own", [f"--queue.uri={ready}"]),
        ):
            out = folder / f"{name}-{number}"
            where = [
                f"--train.out_dir={out}",
                f"--train.threads={plan.threads}",
                "--train.device=cpu",
            ]
            seconds.append(
                programs.seconds_until(
                    out / "metrics.jsonl", "train", *recipe, *words, *LONG, *where
                )
            )
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import torch"], check=True)
        peers.append(time.perf_counter() - begin)
    table.add(
        Line("start to the first step done; `import torch` alone", "s", small, peers, "<= 1.0")
    )
    table.add(
        OwnNumber(
            "start to the recipe's first step, data ready, in seconds", "s", own, peers, "<= 1.0"
        )
    )
