"""What the tests of scripts/peers share: the package as it lies in the tree, and recipes cut down
to milliseconds a step."""

import importlib.util
import sys

from harness import SOURCE

sys.path[:0] = [str(SOURCE / "scripts"), str(SOURCE / "python")]

HAS_TORCH = importlib.util.find_spec("torch") is not None
WHY_NOT = "PyTorch's Python is not installed: LibTorch came from MILLRACE_TORCH_DIR"

TOY = [
    "--block_size=32",
    "--batch_size=4",
    "--gradient_accumulation_steps=2",
    "--n_layer=2",
    "--n_head=2",
    "--n_embd=32",
    "--cond_dim=16",
]
