"""The command line of bench-peers, and the order of its lines."""

import argparse
import contextlib
import dataclasses
import os
import pathlib
import sys
import tempfile
import time

import millrace

from . import building, streaming
from .limits import limits
from .programs import Failed, Programs
from .table import Table
from .training import RecipeRun

ROOT = pathlib.Path(__file__).resolve().parents[2]
MASKED = ROOT / "config" / "char_diffusion.toml"
PARTS = ("masking", "start", "loss", "steps", "sampling")
LIMITS = "limits"  # only if it is asked for, as is BUILD
BUILD = "build"  # needs no recipe
FAILED, WRONG_USAGE = 1, 2


@dataclasses.dataclass(frozen=True)
class Plan:
    """How long everything takes: `rounds` turns of about `seconds` for each side, but two where
    `limit_s` are over by then."""

    rounds: int
    seconds: float
    threads: int
    compiled: bool
    most_sampling_steps: int
    transport_mib: int
    limit_s: float = 60.0

    def each_round(self):
        start = time.monotonic()
        for number in range(self.rounds):
            if number < 2 or time.monotonic() - start < self.limit_s:
                yield number


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; --help is the shell script's."""

    def error(self, message):
        print(f"bench-peers: {message}", file=sys.stderr)
        sys.exit(WRONG_USAGE)


def parse(words):
    """(arguments, overrides)."""
    parser = Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("configs", nargs="*", type=pathlib.Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
    arguments, others = parser.parse_known_args(words)
    arguments.only = arguments.only.split(",")
    unknown = [part for part in arguments.only if part not in (*PARTS, LIMITS, BUILD)]
    if unknown:
        parser.error(f"--only {unknown[0]}: known: {', '.join((*PARTS, LIMITS, BUILD))}")
    wrong = [word for word in others if not (word.startswith("--") and "=" in word)]
    if wrong:
        parser.error(
            f"{wrong[0]}: neither a flag nor an override like --data.path=FILE; "
            "see scripts/bench-peers --help"
        )
    if not arguments.configs and arguments.only != [BUILD]:
        parser.error("name a recipe, such as config/char_diffusion_small.toml")
    if arguments.threads < 1 or (arguments.rounds is not None and arguments.rounds < 1):
        parser.error("--threads and --rounds: expected a whole number from 1")
    return arguments, others


def plan_of(arguments):
    quick = arguments.quick
    return Plan(
        rounds=arguments.rounds or (1 if quick else 5),
        seconds=0.2 if quick else 2.0,
        threads=arguments.threads,
        compiled=not quick,
        most_sampling_steps=4 if quick else 1000,
        transport_mib=8 if quick else 512,
    )


def measure(arguments, overrides, table):
    plan, programs = plan_of(arguments), Programs(arguments.bin)
    with tempfile.TemporaryDirectory(prefix="bench-peers-") as name:
        folder = pathlib.Path(name)
        if "masking" in arguments.only:
            table.about(str(MASKED.relative_to(ROOT)), "batches of masked text")
            data = [word for word in overrides if word.startswith("--data.")]
            streaming.masking(programs, MASKED, data, folder, plan, table)
        if BUILD in arguments.only:
            table.about("Millrace itself", f"{plan.threads} jobs, once")
            building.building(ROOT, folder, plan, table)
        for number, config in enumerate(arguments.configs):
            measure_recipe(
                arguments.only, programs, [config, *overrides], folder / str(number), plan, table
            )


def measure_recipe(only, programs, recipe, folder, plan, table):
    table.about(str(recipe[0]), f"{plan.threads} threads, medians of up to {plan.rounds} rounds")
    if LIMITS in only:
        limits(programs, recipe, folder, plan, table)
    if "start" in only:
        streaming.start(programs, recipe, folder, plan, table)
    run = RecipeRun(programs, recipe, folder, plan, table)
    if "loss" in only:
        run.same_loss()
    if "steps" not in only and "sampling" not in only:
        return
    config = run.prepare()
    if "steps" in only:
        run.steps()
    if "sampling" in only and config["train"]["objective"] == "mdlm":
        run.sampling(config)


def main(words):
    arguments, overrides = parse(words)
    table = Table(arguments.json)
    try:
        measure(arguments, overrides, table)
    except (Failed, millrace.Error) as error:
        print(f"bench-peers: {error}", file=sys.stderr)
        return FAILED
    return FAILED if table.failed else 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
    sys.exit(FAILED)
