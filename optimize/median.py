"""Least weighted walking: the p-median problem, solved to a proven gap."""
from __future__ import annotations
import numpy as np
from .median_clock import Clock
from .median_ranks import rank_dense
from .median_solve import solve_ranks
from dataclasses import dataclass
from .plan import PROVEN
@dataclass
class R:
    chosen: object; objective: float; bound: float; gap: float; status: str; start: float; seed: int; seconds: float; nodes: int
def solve_median(cost, weight=None, p=1, *, time_limit=60.0, gap=0.0, seed=0, threads=2):
    clock = Clock(time_limit)
    w = np.ones(len(cost)) if weight is None else weight
    f = solve_ranks(rank_dense(cost, w), p, gap=gap, seed=seed, threads=threads, clock=clock)
    g = (f.value - f.bound) / f.value if f.value > 0 else 0.0
    status = 'optimal' if g <= PROVEN else 'within_gap' if g <= gap else 'interrupted' if f.interrupted else 'time_limit'
    return R(np.flatnonzero(f.chosen), f.value, f.bound, g, status, f.start, seed, clock.spent, f.nodes)
