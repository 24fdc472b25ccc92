"""Whether a twin computes the loss and the gradient that the C++ model does, from the same
parameters and the same samples."""

import json

from .batches import read_batches
from .checkpoint import Checkpoint
from .learner import Learner
from .programs import NO_EVALUATION

STEPS = 4
# So far from where a model begins that every part of it counts: a DiT's blocks begin as the
# identity, and its logits as 0.
FAR = ["--learning_rate=0.02", "--lr_schedule=constant", "--warmup_iters=0", "--dropout=0"]
KEPT = [
    f"--max_iters={STEPS}",
    "--checkpoint_interval=1",
    "--keep_checkpoints=2",
    "--log_interval=1",
    NO_EVALUATION,
]


def compare(programs, recipe, folder, dtype):
    """([loss, gradient's norm] in C++, the same of the twin). Trains a few steps with large
    strides; the twin then takes the last of them again, from the checkpoint before it."""
    out = folder / "out"
    where = [
        "--queue.uri=inproc://",
        f"--train.out_dir={out}",
        f"--train.dtype={dtype}",
        "--train.device=cpu",
    ]
    programs.run("train", *recipe, *FAR, *KEPT, *where)
    told = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    ours = next(line for line in told if line["step"] == STEPS and line["split"] == "train")
    checkpoint = Checkpoint(out / f"step-{STEPS - 1:08d}")
    batches = read_batches(programs, recipe, checkpoint.config["train"], folder / "queue", STEPS)
    learner = Learner(checkpoint, batches, dtype)
    loss = learner.gradient(batches[STEPS - 1])
    return [ours["loss"], ours["grad_norm"]], [loss, learner.clip()]
