"""One figure of a benchmark."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """One measured figure, and how it stands against a peer timed in the same run.

    Attributes
    ----------
    name
        What is measured, unique.
    value, unit
        The figure of ours and its unit.
    peer
        Name of the peer, or None.
    ratio
        The peer's figure divided by ours, or None: above 1 means ours is better.
    """

    name: str
    value: float
    unit: str
    peer: str | None = None
    ratio: float | None = None
