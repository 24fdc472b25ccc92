"""The first batches of a recipe's train split, as the trainer has them once they are widened: made
by prepare, read from its folder."""

import torch

import millrace


def read_batches(programs, recipe, train, folder, count):
    """`count` global batches, each a list of micro-batches: tensors by role, i64 or f32. `recipe`:
    a program's words for it; `train`: its section of that name; `folder`: a new one."""
    samples = count * train["batch_size"] * train["gradient_accumulation_steps"]
    window = count * train["gradient_accumulation_steps"] + 1
    programs.run(
        "prepare",
        *recipe,
        f"--queue.uri=file://{folder}",
        f"--queue.window_batches={window}",
        f"--samples={samples}",
    )
    micro_batches = _read(folder, samples, train["batch_size"])
    each = train["gradient_accumulation_steps"]
    return [micro_batches[first : first + each] for first in range(0, len(micro_batches), each)]


def _read(folder, samples, batch_size):
    with millrace.read(f"file://{folder}", count=samples, batch=batch_size) as stream:
        roles = {field.name: field.role for field in stream.fields}
        return [
            {roles[name]: torch.from_numpy(column.copy()) for name, column in batch.items()}
            for batch in stream
        ]
