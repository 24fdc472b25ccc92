"""The PyTorch twins of scripts/peers compute what the C++ models and objectives do; what else is
timed beside ours does its work, too."""

import contextlib
import math
import os
import unittest
from unittest import mock

from harness import BIN, CASCADE_TEXT, SHARDS, SOURCE, SystemTest
from peers_support import HAS_TORCH, TOY, WHY_NOT

if HAS_TORCH:
    import numpy as np
    import torch

    from peers.masking import IGNORE_INDEX, NumpyBatches, NumpySamples, TorchBatches
    from peers.programs import Failed, Programs
    from peers.same_loss import compare
    from peers.sampling import Writer
    from peers.table import Line, SameNumber
    from peers.worker import BothWaits, Worker, better

# In float64 rounding leaves 1e-15 of loss and gradient. Anything else that was changed in a twin,
# the kind of GELU for one, made 3e-7 at least.
SAME = 1e-12

CASES = {
    "mlm": ["char_diffusion_small"],
    "ar": ["gpt2_small"],
    "ar, with biases": ["gpt2_small", "--model.bias=true"],
    "sedd, uniform": ["sedd_char_small"],
    "sedd, uniform, log-linear": ["sedd_char_small", "--provider.noise=loglinear"],
    "sedd, absorbing": ["sedd_absorb_small"],
    "sedd, absorbing, geometric, bare scores": [
        "sedd_absorb_small",
        "--provider.noise=geometric",
        "--scale_by_sigma=false",
    ],
    "mdlm": ["mdlm_small"],
    "mdlm, bidirectional, told the time": [
        "mdlm_small",
        "--architecture=bidirectional",
        "--time_conditioning=true",
    ],
    "d3pm": ["d3pm_small"],
}

MASK, VOCABULARY, BLOCK = 10, 11, 64


@unittest.skipUnless(HAS_TORCH, WHY_NOT)
class TheSameLoss(SystemTest):
    def setUp(self):
        super().setUp()
        self.enterContext(contextlib.chdir(self.folder))
        torch.set_num_threads(1)

    def deviation(self, name, recipe, *overrides):
        """The larger of the relative differences of loss and gradient."""
        words = [SOURCE / "config" / f"{recipe}.toml", *TOY, "--train.threads=1", *overrides]
        ours, twins = compare(Programs(BIN), words, self.folder / name, "float64")
        self.assertTrue(all(0 < abs(our) < math.inf for our in ours))
        return max(abs(twin / our - 1) for our, twin in zip(ours, twins))

    def test_of_every_objective_and_network(self):
        for name, (recipe, *overrides) in CASES.items():
            with self.subTest(name):
                self.assertLess(
                    self.deviation(name, recipe, "--data.path=text.txt", *overrides), SAME
                )

    def test_behind_the_prefix_of_a_cascade(self):
        recipe = "cascade_stage2_small"
        (self.folder / "lines.txt").write_text(CASCADE_TEXT)
        self.run_program("annotate", SOURCE / "config" / f"{recipe}.toml", *SHARDS)
        self.assertLess(
            self.deviation("cascade", recipe, *SHARDS, "--data.tokenizer=shards/tokenizer.json"),
            SAME,
        )


@unittest.skipUnless(HAS_TORCH, WHY_NOT)
class Masking(unittest.TestCase):
    TEXT = np.random.default_rng(1).integers(MASK, size=5000) if HAS_TORCH else None

    def batches(self, make, settings):
        return iter(make(self.TEXT, VOCABULARY, MASK, 64, BLOCK, settings))

    def shares(self, x, y):
        """Of the selected: shown as [MASK], as another character, as they are."""
        chosen = y != IGNORE_INDEX
        shown, original = x[chosen], y[chosen]
        masked, same = shown == MASK, shown == original
        return [float(part.mean()) for part in (masked, ~masked & ~same, same)]

    def assert_bert(self, x, y):
        """Within 0.04: 4.8 standard errors of the 2304 that are selected at least."""
        masked, other, same = self.shares(x, y)
        self.assertAlmostEqual(masked, 0.8, delta=0.04)
        self.assertAlmostEqual(other, 0.1 * 0.9, delta=0.04)  # one character in ten is drawn again
        self.assertAlmostEqual(same, 0.1 + 0.1 * 0.1, delta=0.04)

    def test_numpy_selects_its_share_and_corrupts_as_bert_does(self):
        source = self.batches(NumpyBatches, 0.15)
        x, y = (np.concatenate(parts) for parts in zip(*(next(source) for _ in range(8))))
        self.assertEqual((x.dtype, y.dtype, x.shape), (np.int64, np.int64, (8 * 64, BLOCK)))
        self.assertAlmostEqual(
            float((y != IGNORE_INDEX).mean()), 0.15, delta=0.01
        )  # 5 standard errors
        self.assertTrue((x[y == IGNORE_INDEX] < MASK).all())
        self.assert_bert(x, y)

    def test_a_sample_each_is_the_text_from_its_place_on(self):
        x, y = NumpySamples(self.TEXT, VOCABULARY, MASK, BLOCK, 0.15)[100]
        self.assertTrue((np.where(y == IGNORE_INDEX, x, y) == self.TEXT[100 : 100 + BLOCK]).all())
        self.assertGreater((y != IGNORE_INDEX).sum(), 0)

    def test_pytorch_has_every_kind_of_stage(self):
        torch.manual_seed(1)
        sticky = {
            "type": "sticky",
            "target_masked_ratio": 0.55,
            "p1_probability": 0.1,
            "p2_probability": 0.6,
        }
        stages = [
            sticky,
            {"type": "random", "max_masked_ratio": 0.5},
            {"type": "span", "spans_count": 3},
        ]
        source = self.batches(TorchBatches, stages)
        found = [tuple(column.numpy() for column in next(source)) for _ in stages]
        selected = [(y != IGNORE_INDEX).sum(1) for _, y in found]
        self.assertTrue((selected[0] == math.ceil(0.55 * BLOCK)).all())
        self.assertGreater(len(set(selected[1].tolist())), 8)
        self.assertLessEqual(selected[1].max(), 0.75 * BLOCK)
        self.assertTrue((found[2][0][found[2][1] != IGNORE_INDEX] == MASK).all())
        self.assertLessEqual(self.runs(found[2][1]).max(), 3)
        self.assertLess(
            self.runs(found[0][1]).mean(),
            0.55 * 0.45 * BLOCK,
            "it clumps: fewer runs than independent selection has",
        )
        self.assert_bert(*found[0])

    def runs(self, y):
        """Of selected positions, in each sample."""
        chosen = np.pad(y != IGNORE_INDEX, ((0, 0), (1, 0)))
        return (chosen[:, 1:] & ~chosen[:, :-1]).sum(1)


@unittest.skipUnless(HAS_TORCH, WHY_NOT)
class Sampling(unittest.TestCase):
    def test_writes_what_the_network_says_and_no_mask(self):
        torch.manual_seed(1)
        said = torch.tensor([0.5, 0.3, 0.2, 0.0]).log()
        said[3] = 5.0  # the mask, which is never written

        class Network(torch.nn.Module):
            calls = 0

            def forward(self, tokens, time):
                self.calls += 1
                return said.expand(*tokens.shape, 4)

        provider = {"noise": "loglinear", "noise_eps": 1e-3, "sigma_min": 1e-4, "sigma_max": 20.0}
        writer = Writer(
            network := Network(), {"provider": provider}, {"mask_token_id": 3, "block_size": 128}
        )
        tokens = writer.write(64, 16)
        self.assertEqual((network.calls, tuple(tokens.shape)), (17, (64, 128)))
        shares = torch.bincount(tokens.flatten(), minlength=4) / tokens.numel()
        for share, wanted in zip(shares.tolist(), (0.5, 0.3, 0.2, 0.0)):
            self.assertAlmostEqual(share, wanted, delta=0.025)  # 4.5 standard errors of 8192 draws


class Counter:
    """Served by a Worker."""

    def __init__(self, start):
        self._count = start

    def add(self, number):
        self._count += number
        return self._count

    def variable(self, name):
        return os.environ.get(name, "")


@unittest.skipUnless(HAS_TORCH, WHY_NOT)
class Workers(unittest.TestCase):
    def test_answer_from_a_process_of_their_own(self):
        with Worker(Counter, 5) as worker:
            self.assertEqual([worker.ask("add", 1), worker.ask("add", 2)], [6, 8])
            self.assertGreater(worker.peak_bytes(), 1e6)

    def test_an_error_there_is_one_here(self):
        with (
            Worker(Counter, 5) as worker,
            self.assertRaisesRegex(Failed, "a twin ended at add; its error stands above"),
        ):
            worker.ask("add", "no number")

    def test_two_of_them_differ_in_how_they_wait(self):
        self.enterContext(mock.patch.dict(os.environ))
        os.environ.pop("GOMP_SPINCOUNT", None)
        with BothWaits(Counter, 0) as workers:
            self.assertEqual(workers.ask_each("variable", "GOMP_SPINCOUNT"), ["", "5000"])

    def test_of_both_the_one_that_is_faster_over_all_rounds_counts(self):
        self.assertEqual(better([(3.0, 2.0), (3.0, 4.0), (3.0, 9.0)]), [3.0, 3.0, 3.0])


@unittest.skipUnless(HAS_TORCH, WHY_NOT)
class Lines(unittest.TestCase):
    def test_the_median_of_ratios_is_judged(self):
        line = Line("a step", "ms", [8.0, 30.0, 9.0], [10.0, 10.0, 10.0], "<= 0.85")
        self.assertEqual((line.seen, line.passed), (0.9, False))
        self.assertTrue(Line("texts", "tokens/s", [3.0], [2.0], ">= 1.2").passed)
        self.assertIn("FAIL", line.as_text())

    def test_the_same_number_is_judged_by_its_largest_difference(self):
        line = SameNumber("loss", "", [4.0, 2.0], [4.0, 2.0001], "<= 1e-5")
        self.assertAlmostEqual(line.seen, 5e-5)
        self.assertFalse(line.passed)


if __name__ == "__main__":
    unittest.main()
