"""Least walking to the nearest outlet, by the fastest way that the limits allow."""

from __future__ import annotations

from .effort import Run
from .finish import Found
from .median_clock import Clock
from .median_levels import solve_levels
from .median_rows import Walking, only_total, opened_at_least
from .median_solve import solve_ranks


def nearest_only(walking: Walking, run: Run, *, share: float = 1.0) -> Found:
    """Solve by the fast path where a total is the only limit, else by levels of distance.

    Within a share of the time left.
    """
    bounds = only_total(walking.openings)
    if bounds is None or walking.openings.gain.any():
        return solve_levels(walking, run, share=share)
    least, most = bounds
    clock = Clock(share * run.left(), run.progress)
    found = solve_ranks(
        walking.ranks,
        most,
        gap=run.gap,
        seed=run.seed,
        threads=run.threads,
        clock=clock,
        solver=run.solver,
    )
    ended = "interrupted" if found.interrupted else "time_limit"
    chosen = opened_at_least(found.chosen, least)
    return Found(chosen, walking.ranks.value(chosen), found.bound, found.start, ended)
