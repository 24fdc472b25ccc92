"""A twin in training: the step of trainer/training/train_loop.cc as one writes it in PyTorch."""

import time

import torch

from .losses import loss_of

EMA_DECAYS_FROM = 1, 10  # min(decay, (1 + n)/(10 + n))


def precision(dtype):
    """What train.dtype means on a CPU: autocast where it is bfloat16."""
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == "bfloat16")


class Learner:
    """`batches`: global batches, each a list of micro-batches by role. `dtype`: float32 or bfloat16
    (by autocast), or float64 where the parameters are. `compiled`: network and loss by
    torch.compile."""

    def __init__(self, checkpoint, batches, dtype, compiled=False):
        self._train, self._batches, self._dtype = checkpoint.config["train"], batches, dtype
        self.network, self._objective = checkpoint.twin(), checkpoint.loss()
        self._parameters = list(self.network.parameters())
        self._loss = torch.compile(self._sum) if compiled else self._sum
        self._optimizer = make_optimizer(self.network, self._train)
        self._averages = (
            [parameter.detach().clone() for parameter in self._parameters]
            if self._train["ema"]
            else None
        )
        self._done = 0

    def gradient(self, batch):
        """Leaves the gradient of a global batch in the parameters; the loss, nats per weight."""
        self._optimizer.zero_grad(set_to_none=True)
        weight = sum(self._objective.weight(micro).sum().item() for micro in batch)
        total = 0.0
        for micro in batch:
            with precision(self._dtype):
                part = self._loss(micro) / weight
            part.backward()
            total += part.item()
        return total

    def clip(self):
        """The gradient's norm before clipping."""
        largest = self._train["grad_clip"] or float("inf")
        return torch.nn.utils.clip_grad_norm_(self._parameters, largest).item()

    def step(self):
        """Seconds."""
        start = time.perf_counter()
        self.gradient(self._batches[self._done % len(self._batches)])
        self.clip()
        self._optimizer.step()
        self._done += 1
        if self._averages:
            self._average()
        return time.perf_counter() - start

    def _sum(self, micro):
        return loss_of(self.network, self._objective, micro)[0].sum()

    @torch.no_grad()
    def _average(self):
        a, b = EMA_DECAYS_FROM
        decay = min(self._train["ema"], (a + self._done) / (b + self._done))
        torch._foreach_lerp_(self._averages, self._parameters, 1 - decay)


def make_optimizer(network, train):
    """AdamW or Adam by the fused kernel, with decay of matrices alone."""
    kind = torch.optim.AdamW if train["optimizer"] == "adamw" else torch.optim.Adam
    matrices = [parameter for parameter in network.parameters() if parameter.dim() >= 2]
    others = [parameter for parameter in network.parameters() if parameter.dim() < 2]
    groups = [
        {"params": matrices, "weight_decay": train["weight_decay"]},
        {"params": others, "weight_decay": 0.0},
    ]
    return kind(
        groups, lr=train["learning_rate"], betas=(train["beta1"], train["beta2"]), fused=True
    )
