"""Masked batches as one makes them in Python: NumPy in a DataLoader, and PyTorch on int64 tensors.

Both cut windows at random places of one text in memory and follow docs/reference/char_diffusion.md:
what is selected becomes [MASK] in 80 % of the cases, another character in 10 %, and stays in 10 %;
targets are -100 elsewhere.
"""

import itertools
import math
import time

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, RandomSampler

IGNORE_INDEX = -100
SHOWN_MASK, SHOWN_RANDOM = 0.8, 0.9
ENDLESS = 1 << 40
ROUNDS = 8  # a sticky round selects an eighth of the block at most


class NumpySamples(Dataset):
    """Default masking, a sample each: (x, y), int64 [L] each, as many as anybody asks for."""

    def __init__(self, text, vocab_size, mask, length, probability):
        self._text, self._vocab_size, self._mask, self._length = text, vocab_size, mask, length
        self._probability, self._random = probability, np.random.default_rng(0)

    def __len__(self):
        return len(self._text) - self._length

    def __getitem__(self, start):
        return self._corrupted(self._text[start : start + self._length])

    def _corrupted(self, tokens):
        """Of any shape."""
        selected = self._random.random(tokens.shape) < self._probability
        kind = self._random.random(tokens.shape)
        others = (kind >= SHOWN_MASK) & (kind < SHOWN_RANDOM)
        shown = np.where(kind < SHOWN_MASK, self._mask, tokens)
        shown = np.where(
            others, self._random.integers(self._vocab_size - 1, size=tokens.shape), shown
        )
        return np.where(selected, shown, tokens), np.where(selected, tokens, IGNORE_INDEX)


class NumpyBatches(IterableDataset, NumpySamples):
    """The same, whole batches at once: [B, L], without end."""

    def __init__(self, text, vocab_size, mask, batch_size, length, probability):
        super().__init__(text, vocab_size, mask, length, probability)
        self._batch_size = batch_size

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        self._random = np.random.default_rng(worker.id if worker else 0)
        while True:
            starts = self._random.integers(len(self), size=(self._batch_size, 1))
            yield self._corrupted(self._text[starts + np.arange(self._length)])


class TorchBatches:
    """The stages of a recipe, each a batch in turn."""

    def __init__(self, text, vocab_size, mask, batch_size, length, stages):
        self._text, self._vocab_size, self._mask = torch.from_numpy(text), vocab_size, mask
        self._shape, self._stages = (batch_size, length), stages

    def __iter__(self):
        for stage in itertools.cycle(self._stages):
            tokens = self._windows()
            selected = getattr(self, f"_{stage['type']}")(stage)
            shown = (
                torch.full_like(tokens, self._mask)
                if stage["type"] == "span"
                else self._corrupted(tokens)
            )
            yield torch.where(selected, shown, tokens), torch.where(selected, tokens, IGNORE_INDEX)

    def _windows(self):
        batch_size, length = self._shape
        starts = torch.randint(len(self._text) - length, (batch_size, 1))
        return self._text[starts + torch.arange(length)]

    def _corrupted(self, tokens):
        kind = torch.rand(self._shape)
        others = torch.where(
            kind < SHOWN_RANDOM, torch.randint(self._vocab_size - 1, self._shape), tokens
        )
        return torch.where(kind < SHOWN_MASK, self._mask, others)

    def _random(self, stage):
        return torch.rand(self._shape) < torch.rand(self._shape[0], 1) * stage["max_masked_ratio"]

    def _span(self, stage):
        ends = (
            torch.randint(self._shape[1], (self._shape[0], 2 * stage["spans_count"]))
            .sort(dim=1)
            .values
        )
        position = torch.arange(self._shape[1])
        inside = (position >= ends[:, 0::2, None]) & (position <= ends[:, 1::2, None])
        return inside.any(dim=1)

    def _sticky(self, stage):
        length = self._shape[1]
        selected = torch.zeros(self._shape, dtype=torch.bool)
        need = math.ceil(stage["target_masked_ratio"] * length)
        while need > 0:
            count = min(need, length // ROUNDS)
            selected.scatter_(1, torch.multinomial(self._weights(selected, stage), count), True)
            need -= count
        return selected

    @staticmethod
    def _weights(selected, stage):
        beside = torch.zeros_like(selected)
        beside[:, 1:] |= selected[:, :-1]
        beside[:, :-1] |= selected[:, 1:]
        weights = torch.where(beside, stage["p2_probability"], stage["p1_probability"])
        return weights.masked_fill(selected, 0.0)


def _loader(batches, workers):
    """Workers are forked, as anywhere on Linux: this process was not, and would hand that on."""
    return DataLoader(
        batches,
        batch_size=None,
        num_workers=workers,
        multiprocessing_context="fork" if workers else None,
    )


class Maskers:
    """Both, in the process of a Worker, on one thread."""

    def __init__(self, text, vocab_size, mask, recipe):
        torch.set_num_threads(1)
        words, shape = (text, vocab_size, mask), (recipe["batch_size"], recipe["block_size"])
        self._tokens = math.prod(shape)
        samples = NumpySamples(*words, shape[1], recipe["mask_probability"])
        batches = NumpyBatches(*words, *shape, recipe["mask_probability"])
        self._sources = {
            f"batches, {workers} workers": iter(_loader(batches, workers)) for workers in (0, 1, 2)
        }
        at_random = RandomSampler(samples, replacement=True, num_samples=ENDLESS)
        self._sources["samples"] = iter(DataLoader(samples, shape[0], sampler=at_random))
        self._sources["stages"] = iter(TorchBatches(*words, *shape, recipe["stages"]))

    def rates(self, name, seconds):
        """Tokens a second: by the clock, and by this process's own time of a processor."""
        source, batches = self._sources[name], 0
        start, start_cpu = time.perf_counter(), time.process_time()
        while time.perf_counter() - start < seconds:
            next(source)
            batches += 1
        tokens = batches * self._tokens
        return {
            "wall": tokens / (time.perf_counter() - start),
            "cpu": tokens / (time.process_time() - start_cpu),
        }
