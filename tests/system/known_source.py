"""What the best model pays on the Markov source of 16 symbols and order 1
(docs/reference/synthetic.md), in nats: an oracle of its own.

Nothing here is read from C++: the source is written down again from its definition, and what is
left out of a bound is derived here. One thing is used throughout. The chain is stationary and its
symbols are uniform, so

    P(x_i = x | nearest visible symbol on the left: u, a symbols away; on the right: v, b away)
        ∝ T^a[u, x] · T^b[x, v]

with 1/16 for T^a where nothing on the left is visible, and likewise on the right.
"""

import functools

import numpy as np

SYMBOLS = 16
CENTER = [7, 6, 3, 9, 5, 12, 0, 15, 1, 13, 8, 4, 2, 10, 11, 14]  # by symbol: the likeliest next one
LETTERS = "abcdefghijklmnop"


def transition():
    """T[u, x] = P(x follows u): x is the likeliest one, plus δ."""
    delta = 0.5 ** np.minimum(np.arange(1, SYMBOLS + 1), SYMBOLS - 1)
    rows = np.zeros((SYMBOLS, SYMBOLS))
    for symbol, center in enumerate(CENTER):
        rows[symbol] = np.roll(delta, center)
    return rows


T = transition()


def entropy(p):
    """Σ −p ln p."""
    p = p[p > 0]
    return float(-(p * np.log(p)).sum())


RATE = entropy(T[0])
MOST = float(np.log(SYMBOLS))  # of a symbol about which nothing is known


def block_entropy(length):
    """H(x_1 … x_L)/L: the floor of every bound of −ln p of a block."""
    return (MOST + (length - 1) * RATE) / length


def generate(symbols, seed):
    """A stationary text of letters."""
    draw = np.random.default_rng(seed)
    deltas = np.minimum(draw.geometric(0.5, symbols) - 1, SYMBOLS - 1).tolist()
    x, text = int(draw.integers(SYMBOLS)), bytearray(symbols)
    for i, delta in enumerate(deltas):
        text[i] = ord(LETTERS[x])
        x = (CENTER[x] + delta) % SYMBOLS
    return text.decode()


@functools.cache
def steps_of(length):
    """[length, 16, 16]: T^a for a = 1 … length − 1, and last what is known where nothing is
    visible."""
    powers = [T]
    while len(powers) < length - 1:
        powers.append(powers[-1] @ T)
    return np.array([*powers[: length - 1], np.full_like(T, 1 / SYMBOLS)])


class Hiding:
    """Blocks of which every symbol is hidden with probability m, whatever the others: an absorbing
    diffusion at the time that has 1 − e^(−σ) = m.

    `hidden(m)` is h(m), nats of a hidden symbol given the visible ones. The bound of a perfect
    model over all m is the entropy, ∫ h(m) dm from 0 to 1 = H(x_1 … x_L)/L, since σ'(t)/(e^σ − 1)
    dt = dm/m and m of all symbols are hidden.
    """

    def __init__(self, length):
        self.length = length
        steps = steps_of(length)
        self.cost = np.empty((length, length))  # [a − 1, b − 1], the last of each: nothing visible
        for a, left in enumerate(steps):
            joint = left[None, :, :, None] * steps[:, None, :, :] / SYMBOLS  # b, u, x, v
            ends = joint.sum(2)
            self.cost[a] = [entropy(these) - entropy(those) for these, those in zip(joint, ends)]

    def nearest(self, symbols, m):
        """Probabilities of how far away the nearest visible one of so many neighbours is; the last
        entry: there is none."""
        p = np.zeros(self.length)
        p[:symbols] = m ** np.arange(symbols) * (1 - m)
        p[-1] = m**symbols
        return p

    def hidden(self, m):
        costs = [
            self.nearest(i, m) @ self.cost @ self.nearest(self.length - 1 - i, m)
            for i in range(self.length)
        ]
        return float(np.mean(costs))

    def between(self, low, high):
        """∫ h(m) dm. h is a polynomial of degree L − 1, so this is exact."""
        nodes, weights = np.polynomial.legendre.leggauss(self.length // 2 + 1)
        middle, half = (low + high) / 2, (high - low) / 2
        return half * sum(w * self.hidden(middle + half * x) for x, w in zip(nodes, weights))


def surprise(block, hidden):
    """−ln P(x_i | what is visible) for each i of `hidden`, ascending positions, by the nearest
    visible neighbours."""
    steps = steps_of(len(block))
    visible = sorted(set(range(len(block))) - set(hidden))
    costs = []
    for i in hidden:
        at = int(np.searchsorted(visible, i))
        left = steps[i - visible[at - 1] - 1][block[visible[at - 1]]] if at > 0 else steps[-1][0]
        right = (
            steps[visible[at] - i - 1][:, block[visible[at]]] if at < len(visible) else steps[-1][0]
        )
        odds = left * right
        costs.append(float(np.log(odds.sum() / odds[block[i]])))
    return costs


def redrawing_entropy(m):
    """H(x_t | x_0) of a symbol that is redrawn from all 16 with probability m."""
    other = m * (SYMBOLS - 1) / SYMBOLS
    return entropy(np.array([1 - other, *[other / (SYMBOLS - 1)] * (SYMBOLS - 1)]))


def distinct_entropies(most):
    """H(d_1 … d_k) for k = 0 … most: d_j is the jth symbol of an endless text that had not occurred
    before.

    The next new symbol depends on which have occurred and on the last one, which is d_j itself at
    the time of d_j. With V the symbols that have occurred, from each of them the chain leaves V for
    d with the probabilities (1 − T_VV)^(−1) T_Vd.
    """
    entropies = [0.0, MOST]
    now = {1 << symbol: {symbol: 1 / SYMBOLS} for symbol in range(SYMBOLS)}
    while len(entropies) <= most:
        after, nats = {}, 0.0
        for seen, lasts in now.items():
            inside = [s for s in range(SYMBOLS) if seen >> s & 1]
            outside = [s for s in range(SYMBOLS) if not seen >> s & 1]
            leaving = np.linalg.solve(
                np.eye(len(inside)) - T[np.ix_(inside, inside)], T[np.ix_(inside, outside)]
            )
            for last, p in lasts.items():
                exits = leaving[inside.index(last)]
                nats += p * entropy(exits)
                for symbol, q in zip(outside, exits):
                    there = after.setdefault(seen | 1 << symbol, {})
                    there[symbol] = there.get(symbol, 0.0) + p * q
        entropies.append(entropies[-1] + nats)
        now = after
    return entropies[: most + 1]
