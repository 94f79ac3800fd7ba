"""What walking an edge costs, in each direction, in metres and in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .errors import QueryError
from .network import StreetNetwork
from .profiles import TravelProfile

Floats = NDArray[np.float64]
Unit = Literal["metres", "seconds"]


@dataclass(frozen=True, slots=True, eq=False)
class Impedance:
    """Cost of every whole edge; along an edge it grows evenly.

    Attributes
    ----------
    by
        The unit that is minimised.
    forward, backward
        float64 (m,): cost from u to v and from v to u in ``by``; ``inf`` where closed.
    other_forward, other_backward
        float64 (m,): the same edges in the other unit, finite everywhere.
    access, other_access
        Cost of a metre off the street in ``by`` and in the other unit.
    ratio
        The other unit per unit of ``by`` where they are proportional on all edges, else None.
    """

    by: Unit
    forward: Floats
    backward: Floats
    other_forward: Floats
    other_backward: Floats
    access: float
    other_access: float
    ratio: float | None


def impedance(network: StreetNetwork, by: Unit, profile: TravelProfile) -> Impedance:
    """Return the cost of every edge for a way of walking.

    Seconds of an edge are ``length / speed * factor * steps_factor + delay`` plus half the
    profile's signal delay for each end at a signalised crossing.

    Raises
    ------
    QueryError
        If ``by`` is neither ``"metres"`` nor ``"seconds"``, or the profile is none.
    """
    check_unit("by", by)
    if not isinstance(profile, TravelProfile):
        raise QueryError(f"profile is {profile!r}, expected a TravelProfile, e.g. ADULT")
    is_open = [_open(network.factor_forward, network), _open(network.factor_backward, network)]
    times = [
        _seconds(network, profile, network.factor_forward),
        _seconds(network, profile, network.factor_backward),
    ]
    metres = [network.length, network.length]
    main, other = (metres, times) if by == "metres" else (times, metres)
    pace = 1.0 / profile.speed_m_s
    ratio = pace if by == "metres" else profile.speed_m_s
    return Impedance(
        by,
        np.where(is_open[0], main[0], np.inf),
        np.where(is_open[1], main[1], np.inf),
        other[0],
        other[1],
        access=1.0 if by == "metres" else pace,
        other_access=pace if by == "metres" else 1.0,
        ratio=ratio if _proportional(network, profile) else None,
    )


def check_unit(name: str, unit: object) -> None:
    """Raise `QueryError` unless a unit is ``"metres"`` or ``"seconds"``."""
    if unit not in {"metres", "seconds"}:
        raise QueryError(f'{name} is {unit!r}, expected "metres" or "seconds"')


def _seconds(network: StreetNetwork, profile: TravelProfile, factor: Floats | None) -> Floats:
    seconds = network.length / profile.speed_m_s
    if network.steps.any():
        seconds = np.where(network.steps, seconds * profile.steps_factor, seconds)
    if factor is not None:
        seconds = seconds * np.where(np.isfinite(factor), factor, 1.0)
    if network.delay is not None:
        seconds = seconds + network.delay
    ends = network.signal[network.edge_u].astype(np.float64) + network.signal[network.edge_v]
    waited: Floats = seconds + ends * (profile.signal_delay_s / 2)
    return waited


def _open(factor: Floats | None, network: StreetNetwork) -> NDArray[np.bool_]:
    if factor is None:
        return np.ones(network.n_edges, dtype=np.bool_)
    return np.isfinite(factor)


def _proportional(network: StreetNetwork, profile: TravelProfile) -> bool:
    """Tell whether seconds are metres over the speed on every edge."""
    factors = [f for f in (network.factor_forward, network.factor_backward) if f is not None]
    level = all(bool(((f == 1.0) | np.isinf(f)).all()) for f in factors)
    stairs = bool(network.steps.any()) and profile.steps_factor != 1.0
    waits = bool(network.signal.any()) and profile.signal_delay_s > 0
    delayed = network.delay is not None and bool((network.delay > 0).any())
    return level and not stairs and not waits and not delayed
