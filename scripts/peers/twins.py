"""The networks of trainer/ once more, as one writes them in PyTorch: modules,
scaled_dot_product_attention, logits of every position.

Parameters have the names that checkpoints give them, so load_state_dict(strict=True) says whether
anything is missing. How they begin does not matter here. A network takes tokens [B, L] and, where
it is told it, the time [B], and gives logits [B, L, V].
"""

import torch
import torch.nn.functional as F
from torch import nn

MLP_FACTOR = 4
FREQUENCIES = 128


def make_twin(config, meta):
    """Of a checkpoint's recipe and its stream's meta, as models.cc chooses and sizes it."""
    model, fields = config["model"], meta["fields"]
    tokens = [field.shape[0] for field in fields if field.role in ("input", "prefix")]
    length = max(meta["block_size"], sum(tokens))
    if model["architecture"] == "gpt2":
        return Gpt2(meta["vocab_size"], length, model)
    if model["architecture"] == "dit":
        return Dit(meta["vocab_size"], length, model)
    told = model["time_conditioning"] and any(field.role == "time" for field in fields)
    return Bidirectional(meta["vocab_size"], length, model, model["cond_dim"] if told else 0)


class Rotary(nn.Module):
    """Rotary positions (arXiv 2104.09864), rotate-half form."""

    def __init__(self, positions, head_size):
        super().__init__()
        frequencies = 10000.0 ** (-torch.arange(0, head_size, 2, dtype=torch.float64) / head_size)
        angles = torch.outer(torch.arange(positions, dtype=torch.float64), frequencies)
        self.register_buffer("cos", angles.cos().float(), persistent=False)
        self.register_buffer("sin", angles.sin().float(), persistent=False)

    def forward(self, x):
        """x [B, L, H, D]."""
        a, b = x.chunk(2, dim=-1)
        cos, sin = self.cos[: x.shape[1], None], self.sin[: x.shape[1], None]
        return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1).type_as(x)


def attention(qkv, heads, rotary=None, causal=False, dropout=0.0):
    """[B, L, 3·E] → [B, L, E]."""
    q, k, v = (part.unflatten(-1, (heads, -1)) for part in qkv.chunk(3, dim=-1))
    if rotary is not None:
        q, k = rotary(q), rotary(k)
    q, k, v = (part.transpose(1, 2) for part in (q, k, v))
    return (
        F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=causal)
        .transpose(1, 2)
        .flatten(2)
    )


class TimeEmbedding(nn.Module):
    """silu(MLP(cos ‖ sin)) of the time, in f32 whatever the rest is in."""

    def __init__(self, size):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(2 * FREQUENCIES, size), nn.SiLU(), nn.Linear(size, size))

    def forward(self, time):
        with torch.autocast(time.device.type, enabled=False):
            time = time.to(self.mlp[0].weight.dtype)
            angles = time[:, None] * 10000.0 ** (
                -torch.arange(FREQUENCIES, dtype=time.dtype) / FREQUENCIES
            )
            return F.silu(self.mlp(torch.cat((angles.cos(), angles.sin()), dim=1)))


class Attention(nn.Module):
    def __init__(self, model, bias, causal):
        super().__init__()
        width = model["n_embd"]
        self.heads, self.causal, self.p = model["n_head"], causal, model["dropout"]
        self.c_attn = nn.Linear(width, 3 * width, bias=bias)
        self.c_proj = nn.Linear(width, width, bias=bias)
        self.dropout = nn.Dropout(self.p)

    def forward(self, x, rotary):
        mixed = attention(
            self.c_attn(x), self.heads, rotary, self.causal, self.p if self.training else 0.0
        )
        return self.dropout(self.c_proj(mixed))


class Mlp(nn.Module):
    def __init__(self, model, bias):
        super().__init__()
        width = model["n_embd"]
        self.c_fc = nn.Linear(width, MLP_FACTOR * width, bias=bias)
        self.c_proj = nn.Linear(MLP_FACTOR * width, width, bias=bias)
        self.dropout = nn.Dropout(model["dropout"])

    def forward(self, x):
        return self.dropout(self.c_proj(F.gelu(self.c_fc(x))))


class Block(nn.Module):
    """GPT-2's."""

    def __init__(self, model, bias, causal):
        super().__init__()
        self.ln_1 = nn.LayerNorm(model["n_embd"], bias=bias)
        self.attn = Attention(model, bias, causal)
        self.ln_2 = nn.LayerNorm(model["n_embd"], bias=bias)
        self.mlp = Mlp(model, bias)

    def forward(self, x, rotary=None):
        x = x + self.attn(self.ln_1(x), rotary)
        return x + self.mlp(self.ln_2(x))


class Bidirectional(nn.Module):
    def __init__(self, vocab_size, length, model, cond_dim):
        super().__init__()
        width = model["n_embd"]
        self.rotary = Rotary(length, width // model["n_head"])
        self.dropout = nn.Dropout(model["dropout"])
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(vocab_size, width),
                "h": nn.ModuleList(
                    Block(model, bias=False, causal=False) for _ in range(model["n_layer"])
                ),
                "ln_f": nn.LayerNorm(width, bias=False),
            }
        )
        self.told = cond_dim > 0
        if self.told:
            self.sigma_map = TimeEmbedding(cond_dim)
            self.time_proj = nn.Linear(cond_dim, width)

    def forward(self, tokens, time=None):
        x = self.transformer.wte(tokens)
        if self.told and time is not None:
            x = x + self.time_proj(self.sigma_map(time))[:, None]
        x = self.dropout(x)
        for block in self.transformer.h:
            x = block(x, self.rotary)
        return F.linear(self.transformer.ln_f(x), self.transformer.wte.weight)


class Gpt2(nn.Module):
    def __init__(self, vocab_size, length, model):
        super().__init__()
        width = model["n_embd"]
        self.dropout = nn.Dropout(model["dropout"])
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(vocab_size, width),
                "wpe": nn.Embedding(length, width),
                "h": nn.ModuleList(
                    Block(model, bias=model["bias"], causal=True) for _ in range(model["n_layer"])
                ),
                "ln_f": nn.LayerNorm(width, bias=model["bias"]),
            }
        )

    def forward(self, tokens, time=None):
        x = self.transformer.wte(tokens) + self.transformer.wpe.weight[: tokens.shape[1]]
        x = self.dropout(x)
        for block in self.transformer.h:
            x = block(x)
        return F.linear(self.transformer.ln_f(x), self.transformer.wte.weight)


def modulate(x, shift, scale):
    return x * (1 + scale) + shift


class DitBlock(nn.Module):
    def __init__(self, model):
        super().__init__()
        width = model["n_embd"]
        self.heads = model["n_head"]
        self.norm1 = nn.LayerNorm(width, bias=False)
        self.attn_qkv = nn.Linear(width, 3 * width, bias=False)
        self.attn_out = nn.Linear(width, width, bias=False)
        self.norm2 = nn.LayerNorm(width, bias=False)
        self.mlp = nn.Sequential(
            nn.Linear(width, MLP_FACTOR * width),
            nn.GELU(approximate="tanh"),
            nn.Linear(MLP_FACTOR * width, width),
        )
        self.adaLN_modulation = nn.Linear(model["cond_dim"], 6 * width)
        self.dropout = nn.Dropout(model["dropout"])

    def forward(self, x, c, rotary):
        shift1, scale1, gate1, shift2, scale2, gate2 = self.adaLN_modulation(c)[:, None].chunk(
            6, dim=2
        )
        mixed = attention(
            self.attn_qkv(modulate(self.norm1(x), shift1, scale1)), self.heads, rotary
        )
        x = x + gate1 * self.dropout(self.attn_out(mixed))
        return x + gate2 * self.dropout(self.mlp(modulate(self.norm2(x), shift2, scale2)))


class OutputLayer(nn.Module):
    def __init__(self, vocab_size, model):
        super().__init__()
        width = model["n_embd"]
        self.norm_final = nn.LayerNorm(width, bias=False)
        self.linear = nn.Linear(width, vocab_size)
        self.adaLN_modulation = nn.Linear(model["cond_dim"], 2 * width)

    def forward(self, x, c):
        shift, scale = self.adaLN_modulation(c)[:, None].chunk(2, dim=2)
        return self.linear(modulate(self.norm_final(x), shift, scale))


class Vocabulary(nn.Module):
    def __init__(self, vocab_size, width):
        super().__init__()
        self.embedding = nn.Parameter(torch.empty(vocab_size, width))

    def forward(self, tokens):
        return F.embedding(tokens, self.embedding)


class Dit(nn.Module):
    def __init__(self, vocab_size, length, model):
        super().__init__()
        self.told = model["time_conditioning"]
        self.vocab_embed = Vocabulary(vocab_size, model["n_embd"])
        self.sigma_map = TimeEmbedding(model["cond_dim"])
        self.rotary_emb = Rotary(length, model["n_embd"] // model["n_head"])
        self.blocks = nn.ModuleList(DitBlock(model) for _ in range(model["n_layer"]))
        self.output_layer = OutputLayer(vocab_size, model)

    def forward(self, tokens, time=None):
        x = self.vocab_embed(tokens)
        c = self.sigma_map(time if self.told and time is not None else x.new_zeros(len(tokens)))
        for block in self.blocks:
            x = block(x, c, self.rotary_emb)
        return self.output_layer(x, c)
