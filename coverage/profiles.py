"""How people walk: speed, waiting at signals, stairs."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np

from .errors import QueryError, raise_all


@dataclass(frozen=True, slots=True)
class TravelProfile:
    """Walking of one group of people.

    The delay at a signalised crossing is spread: each edge end at the crossing takes half of it,
    added evenly along that edge. Passing through the crossing costs the whole delay, and cost
    stays continuous when a point moves along a street.

    Attributes
    ----------
    name
        Short name, e.g. ``"adult"``.
    speed_kmh
        Speed on level streets, km/h.
    signal_delay_s
        Mean wait at a signalised crossing, s.
    steps_factor
        How many times longer a metre of stairs takes than a metre of street.

    Raises
    ------
    QueryError
        If the speed or the factor is not above 0, or the delay is negative.
    """

    name: str
    speed_kmh: float
    signal_delay_s: float = 30.0
    steps_factor: float = 2.0

    def __post_init__(self) -> None:
        raise_all(QueryError, self._breaches())

    def _breaches(self) -> list[str]:
        values = (self.speed_kmh, self.signal_delay_s, self.steps_factor)
        if not all(isinstance(value, Real) for value in values):
            return [f"speed, delay and factor are {values}, expected numbers"]
        checks = {
            f"speed_kmh is {self.speed_kmh}, expected above 0": self.speed_kmh > 0,
            f"signal_delay_s is {self.signal_delay_s}, expected 0 or more": (
                self.signal_delay_s >= 0
            ),
            f"steps_factor is {self.steps_factor}, expected above 0": self.steps_factor > 0,
        }
        finite = {f"{values} must be finite": bool(np.isfinite(values).all())}
        return [words for words, holds in (checks | finite).items() if not holds]

    @property
    def speed_m_s(self) -> float:
        """Speed on level streets, m/s."""
        return self.speed_kmh / 3.6


#: 1 km in about 15 min (Shanghai guide for 15-minute circles); the 30 s a signalised crossing and
#: twice the time on stairs are project choices.
ADULT = TravelProfile("adult", 4.0)

#: Project choice: elderly people at 3 km/h.
ELDERLY = TravelProfile("elderly", 3.0)
