"""The objectives of trainer/ once more, from their papers' formulas and on logits of every
position.

An objective says what the network is told (`told`) and makes of logits [B, L, V] the sums [B] in
nats and their weights [B], as trainer/objectives/objective.h has it. They are written to be read,
and owe nothing to the C++ ones: those rearrange sums to lose no digits, these do not.
"""

import math

import torch
import torch.nn.functional as F


def make_loss(config, meta):
    """Of a checkpoint's recipe and its stream's meta."""
    sedd = SeddUniform if meta.get("mask_token_id") is None else SeddAbsorb
    of_tokens = {
        "mlm": NextOrMasked,
        "ar": NextOrMasked,
        "mdlm": MaskedDiffusion,
        "d3pm_absorb": D3pmAbsorb,
    }
    return of_tokens.get(config["train"]["objective"], sedd)(config, meta)


def at_least_f32(logits):
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def loss_of(network, objective, batch):
    """(sum [B], weight [B]) of a batch by role; behind a prefix the target's positions alone
    count."""
    x, time = batch["input"], objective.told(batch)
    if "prefix" in batch:
        logits = network(torch.cat((batch["prefix"], x), dim=1), time)[:, -x.shape[1] :]
    else:
        logits = network(x, time)
    return objective(at_least_f32(logits), batch), objective.weight(batch)


class Noise:
    """σ(t) and σ'(t) in f64 (arXiv 2310.16834, appendix C.1)."""

    def __init__(self, provider):
        self._loglinear = provider["noise"] == "loglinear"
        self._reach = 1 - provider["noise_eps"]
        self._log_min, self._log_max = (
            math.log(provider["sigma_min"]),
            math.log(provider["sigma_max"]),
        )

    def total(self, t):
        t = t.double()
        if self._loglinear:
            return -torch.log1p(-self._reach * t)
        return torch.exp(self._log_min * (1 - t) + self._log_max * t)

    def rate(self, t):
        if self._loglinear:
            return self._reach / (1 - self._reach * t.double())
        return self.total(t) * (self._log_max - self._log_min)


class NextOrMasked:
    """Cross-entropy where there is a target: BERT's of masked tokens, GPT's of the next ones."""

    def __init__(self, config, meta):
        self._ignore_index = int(meta["ignore_index"])

    def told(self, batch):
        return None

    def weight(self, batch):
        return (batch["target"] != self._ignore_index).sum(1)

    def __call__(self, logits, batch):
        y = batch["target"]
        nats = F.cross_entropy(
            logits.flatten(0, 1), y.flatten(), ignore_index=self._ignore_index, reduction="none"
        )
        return nats.view_as(y).sum(1)


class Diffusion:
    """In continuous time: told σ(t), every position weighs 1."""

    def __init__(self, config, meta):
        self._noise = Noise(config["provider"])
        self._states, self._mask = meta["vocab_size"], meta.get("mask_token_id")

    def told(self, batch):
        return self._noise.total(batch["time"])

    def weight(self, batch):
        return torch.full_like(batch["target"][:, 0], batch["target"].shape[1])

    def _nats(self, logits, batch):
        """−ln p(x_0) [B, L], where no x_0 is the mask."""
        hidden = torch.zeros_like(logits[0, 0])
        hidden[self._mask] = -math.inf
        return -F.log_softmax(logits + hidden, dim=2).gather(2, batch["target"][:, :, None])[
            :, :, 0
        ]


class MaskedDiffusion(Diffusion):
    """MDLM's bound (arXiv 2406.07524, equation 10)."""

    def __call__(self, logits, batch):
        nats = self._nats(logits, batch)
        factor = self._noise.rate(batch["time"]) / torch.expm1(self.told(batch))
        return factor.to(nats.dtype) * torch.where(batch["input"] == self._mask, nats, 0).sum(1)


class D3pmAbsorb(Diffusion):
    """KL + λ·CE, and CE alone in the last step (arXiv 2107.03006); told τ."""

    def __init__(self, config, meta):
        super().__init__(config, meta)
        self._ce_weight = config["train"]["ce_weight"]

    def told(self, batch):
        return batch["time"]

    def __call__(self, logits, batch):
        tau, nats = batch["time"], self._nats(logits, batch)
        entropy = nats.sum(1)
        divergence = torch.where(batch["input"] == self._mask, nats, 0).sum(1) / tau
        return torch.where(tau == 1, entropy, divergence + self._ce_weight * entropy)


class SeddAbsorb(Diffusion):
    """σ'(t) · Σ over masks of Σ_y s_y − r·ln s_{x_0} + r(ln r − 1), r = 1/(e^σ − 1)."""

    def __init__(self, config, meta):
        super().__init__(config, meta)
        self._scaled = config["train"]["scale_by_sigma"]

    def __call__(self, logits, batch):
        x, x0, sigma = batch["input"], batch["target"], self.told(batch)
        moved = torch.expm1(sigma).to(logits.dtype)[:, None]
        log_score = (
            logits - (moved.log() + math.log(self._states - 1))[:, :, None]
            if self._scaled
            else logits
        )
        ratio = 1 / moved
        score = log_score.exp()
        positive = score.sum(2) - score[:, :, self._mask]
        negative = ratio * log_score.gather(2, x0[:, :, None])[:, :, 0]
        entropy = positive - negative + ratio * (ratio.log() - 1)
        return self._noise.rate(batch["time"]).to(logits.dtype) * torch.where(
            x == self._mask, entropy, 0
        ).sum(1)


class SeddUniform(Diffusion):
    """σ'(t) · Σ over positions of Σ_{y≠x} 1/N · (s_y − r_y ln s_y + r_y(ln r_y − 1)), r_y = p(x_t =
    y | x_0)/p(x_t = x | x_0)."""

    def __call__(self, log_score, batch):
        x, x0, sigma = batch["input"][:, :, None], batch["target"][:, :, None], self.told(batch)
        ratio = self._probabilities(log_score, x0, sigma)
        ratio = ratio / ratio.gather(2, x)
        terms = log_score.exp() - ratio * log_score + ratio * (ratio.log() - 1)
        entropy = terms.scatter(2, x, 0.0).sum((1, 2)) / self._states
        return self._noise.rate(batch["time"]).to(log_score.dtype) * entropy

    def _probabilities(self, log_score, x0, sigma):
        """p(x_t = y | x_0), [B, L, N]."""
        moved = (-torch.expm1(-sigma) / self._states).to(log_score.dtype)
        stayed = torch.exp(-sigma).to(log_score.dtype) + moved
        all_moved = moved[:, None, None].expand_as(log_score)
        return all_moved.scatter(2, x0, stayed[:, None, None].expand_as(x0))
