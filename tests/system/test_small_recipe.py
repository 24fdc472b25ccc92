"""The small recipe as it is shipped, on real text: the model learns. Takes minutes."""

import json
import shutil
import unittest

from harness import SMALL, SOURCE, SystemTest

TEXT = SOURCE.parent / "shared" / "data" / "tinyshakespeare.txt"
TRAINS_FOR_S = 1800
# Character bigrams alone give 2.45 nats.
VAL_LOSS_BELOW = 1.5


class TheSmallRecipeLearns(SystemTest):
    @unittest.skipUnless(TEXT.exists(), f"no {TEXT}")
    def test_val_loss_at_default_masking(self):
        (self.folder / "data").mkdir()
        shutil.copy(TEXT, self.folder / "data" / "tinyshakespeare.txt")
        producer = self.start("prepare", SMALL)
        trainer = self.start("train", SMALL)
        _, errors = trainer.communicate(timeout=TRAINS_FOR_S)
        self.assertEqual(trainer.returncode, 0, errors)
        self.stop(producer)
        lines = (
            (self.folder / "out" / "char_diffusion_small" / "metrics.jsonl")
            .read_text()
            .splitlines()
        )
        val = [line for line in map(json.loads, lines) if line["split"] == "val"]
        self.assertEqual(list(val[-1]["stages"]), ["default(mask_probability=0.15)"])
        self.assertLess(val[-1]["loss"], VAL_LOSS_BELOW)


if __name__ == "__main__":
    unittest.main()
