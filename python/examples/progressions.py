"""Arithmetic progressions modulo 10, such as 3 0 7 4 1 8, in which one digit is masked.

The same stream, byte for byte, as tests/providers/example_provider.cc.

    python progressions.py progressions.toml --queue.uri=tcp://127.0.0.1:5555 --processes 2
"""

import numpy as np

import millrace
from millrace import Field, Purpose

MASK = 10


class Progressions(millrace.Provider):
    name = "progressions"
    vocabulary = [*"0123456789", "[MASK]"]
    mask_token_id = MASK
    sizes = {"val": 1000}
    train_stages = val_stages = ["one digit"]
    dataset_name = "digits"

    def setup(self):
        self.schema = [
            Field("x", "u8", (self.block_size,), role="input"),
            Field("y", "u8", (self.block_size,), role="target", sentinel=True),
        ]

    def sample(self, key):
        start = key.below(10, Purpose.START, 0)
        step = 1 + key.below(9, Purpose.START, 1)
        hidden = key.below(self.block_size, Purpose.SELECT)
        digits = (start + step * np.arange(self.block_size)) % 10
        x, y = digits.copy(), np.full_like(digits, millrace.IGNORE_INDEX)
        x[hidden], y[hidden] = MASK, digits[hidden]
        return {"x": x, "y": y}


if __name__ == "__main__":
    Progressions.main()
