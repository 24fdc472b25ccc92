"""Lines about Millrace beside the machine's own limits, and the goals for them: providers,
transports, waiting and memory, as `bench provider` and `bench stream` measure them."""

import json
import socket

from .table import OwnNumber

# Tokens of a provider per second of processor time, on one core.
PROVIDERS = {"char_diffusion": 100e6, "sedd": 400e6, "cascade": 100e6, "tokens": 1e9}
DEFAULT_MASKING = 500e6  # char_diffusion without stages
# What a transport carries, as a share of what each limit carries.
TRANSPORTS = {
    "tcp": {"raw": 0.45, "bare": 0.9},
    "ipc": {"raw": 0.55, "bare": 0.9},
    "file": {"plain": 0.5},
}
LIMITS = {"raw": "raw loopback", "bare": "bare ZeroMQ", "plain": "plain files"}
WAIT_SHARE = 0.01  # of a trainer's time
PRODUCER_MIB = 64  # of private memory


def limits(programs, recipe, folder, plan, table):
    """The recipe's provider, every transport, and the recipe's stream over tcp://."""
    repeats = f"--repeats={plan.rounds}"
    _provider(programs, recipe, repeats, table)
    for scheme in TRANSPORTS:
        # bench measures the transport alone in a place of its own: only the scheme counts.
        uri = "tcp://127.0.0.1:1" if scheme == "tcp" else f"{scheme}://{folder}/unused"
        words = [f"--queue.uri={uri}", "--only=transport", f"--mib={plan.transport_mib}", repeats]
        for line in programs.json("bench", "stream", *recipe, *words):
            _transport(line, table)
    uri = f"--queue.uri=tcp://127.0.0.1:{_free_port()}"
    one = ["--producers=1", "--producer.threads=1"]
    for line in programs.json("bench", "stream", *recipe, *one, uri, "--only=waiting", repeats):
        if line["bench"] == "waiting":
            name = f"share of time that a trainer waits, at {line['pace']}"
            table.add(OwnNumber(name, "", [line["wait_share"]], [], f"<= {WAIT_SHARE}"))
    uri = f"--queue.uri=tcp://127.0.0.1:{_free_port()}"
    for line in programs.json("bench", "stream", *recipe, *one, uri, "--only=stream", repeats):
        if line["bench"] == "memory":
            mib = line["anonymous_bytes"] / (1 << 20)
            name = "private memory of a producer"
            table.add(OwnNumber(name, "MiB", [mib], [], f"<= {PRODUCER_MIB}"))


def _provider(programs, recipe, repeats, table):
    line = programs.json("bench", "provider", *recipe, "--producer.threads=1", repeats)[0]
    meta = json.loads(
        programs.run("inspect", "stream", *recipe, "--count=1", "--json").splitlines()[0]
    )
    goal = PROVIDERS.get(line["provider"])
    if {"key": "schedule", "value": "none"} in meta["settings"]:
        goal = DEFAULT_MASKING if line["provider"] == "char_diffusion" else goal
    name, rate = f"{line['provider']}, one core", line["tokens_per_cpu_s"]
    if goal is None:
        table.note(name, rate, "tokens/s")
    else:
        table.add(OwnNumber(name, "tokens/s", [rate], [], f">= {goal:.0f}"))


def _transport(line, table):
    for limit, goal in TRANSPORTS[line["transport"]].items():
        size = f"batches of {line['batch_bytes'] >> 10} KiB"
        name = f"{line['transport']}://, {size}, share of {LIMITS[limit]}"
        table.add(OwnNumber(name, "", [line[f"share_of_{limit}"]], [], f">= {goal}"))


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
