"""Ancestral sampling of masked diffusion (MDLM, arXiv 2406.07524, section 3.2.2) with a twin: every
step asks the network for every position of every text, whether or not a mask is lifted there."""

import itertools
import math

import torch

from .losses import Noise

LAST_TIME = 1e-5


class Writer:
    """Texts of `length` tokens from masks alone, in `steps` steps and one more that lifts what is
    left. Probabilities are f64."""

    def __init__(self, network, config, meta):
        self._network, self._mask = network.eval(), meta["mask_token_id"]
        self._noise, self._length = Noise(config["provider"]), meta["block_size"]

    @torch.no_grad()
    def write(self, texts, steps):
        """i64 [texts, length]."""
        sigma = self._noise.total(torch.linspace(1, LAST_TIME, steps + 1, dtype=torch.float64))
        masked = [*(-torch.expm1(-sigma)).tolist(), 0.0]
        tokens = torch.full((texts, self._length), self._mask)
        for time, (now, then) in zip(sigma, itertools.pairwise(masked)):
            drawn = self._draw(self._likely(tokens, time), now, then)
            tokens = torch.where(tokens == self._mask, drawn, tokens)
        return tokens

    def _likely(self, tokens, sigma):
        """p(x_0 | x_t), [B, L, V]; never the mask."""
        logits = self._network(tokens, sigma.expand(len(tokens))).double()
        logits[:, :, self._mask] = -math.inf
        return logits.softmax(dim=2)

    def _draw(self, likely, now, then):
        """Of x_s given a mask at x_t, where a token is masked with probability `now` at t and
        `then` at s."""
        weights = likely * (now - then)
        weights[:, :, self._mask] = then
        return (weights / torch.empty_like(weights).exponential_()).argmax(dim=2)
