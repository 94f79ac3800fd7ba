"""Hand-drawn and random networks for the tests of the measuring core."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from quarterhour.coverage.network import StreetNetwork

#: A square block of 100 m with a dead end of 200 m at its first corner.
#:
#:     3 ── 2
#:     │    │
#:     0 ── 1
#:     │
#:     4
BLOCK = {
    "x": [0.0, 100.0, 100.0, 0.0, 0.0],
    "y": [0.0, 0.0, 100.0, 100.0, -200.0],
    "u": [0, 1, 2, 3, 0],
    "v": [1, 2, 3, 0, 4],
}


def block(**more):
    return StreetNetwork.from_arrays(**BLOCK, **more)


@st.composite
def multigraphs(draw, directed=None):
    """Random networks with parallel edges, loops, zero lengths and islands; 500 m across."""
    n = draw(st.integers(1, 14))
    m = draw(st.integers(1, 26))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    near = draw(st.booleans())
    x, y = random.uniform(0, 500, (2, n))
    u = random.integers(0, n, m)
    v = (u + random.integers(0, 3, m)) % n if near else random.integers(0, n, m)
    straight = np.hypot(x[u] - x[v], y[u] - y[v])
    length = (straight + (u == v) * 40.0) * random.choice([0.0, 1.0, 1.4], m)
    more = {}
    if draw(st.booleans()) if directed is None else directed:
        more = {
            "factor_forward": random.choice([1.0, 1.0, 1.5, np.inf], m),
            "factor_backward": random.choice([1.0, 1.0, 0.7, np.inf], m),
            "signal": random.random(n) < 0.2,
            "steps": random.random(m) < 0.2,
            "delay": random.choice([0.0, 12.5], m),
        }
    return StreetNetwork.from_arrays(x, y, u, v, length, **more)
