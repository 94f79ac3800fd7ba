"""How the worth of an outlet falls with the walk to it: the decay functions of accessibility.

Each takes costs (any shape, in the unit of its parameters: m, s or min) and returns weights from 0
upwards. Those but `PowerDecay` are 1 at cost 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Decay(Protocol):
    """Weight of a cost."""

    def __call__(self, cost: npt.ArrayLike, /) -> Floats:
        """Return weights, float64, in the shape of ``cost``."""
        ...


@dataclass(frozen=True, slots=True)
class StepDecay:
    """``f(c) = weights[z]`` of the first zone z with ``c <= bounds[z]``; 0 beyond the last.

    Attributes
    ----------
    bounds
        Outer costs of the zones, inclusive, rising.
    weights
        One for each zone, 0 or more.

    Raises
    ------
    ValueError
        If the two do not fit together.
    """

    bounds: tuple[float, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip(self.bounds, self.bounds[1:], strict=False))
        fits = 0 < len(self.bounds) == len(self.weights)
        if not (fits and rising and min(self.weights) >= 0):
            message = f"bounds {self.bounds} must rise, weights {self.weights} fit and be 0 or more"
            raise ValueError(message)

    def __call__(self, cost: npt.ArrayLike, /) -> Floats:
        """Return weights, float64, in the shape of ``cost``."""
        zone = np.searchsorted(self.bounds, np.asarray(cost, np.float64), side="left")
        return np.append(self.weights, 0.0)[zone]


@dataclass(frozen=True, slots=True)
class LinearDecay:
    """``f(c) = 1 − c / reach`` up to ``reach``, 0 beyond.

    Raises
    ------
    ValueError
        If ``reach`` is not above 0.
    """

    reach: float

    def __post_init__(self) -> None:
        _above_zero(reach=self.reach)

    def __call__(self, cost: npt.ArrayLike, /) -> Floats:
        """Return weights, float64, in the shape of ``cost``."""
        return np.asarray(np.clip(1 - np.asarray(cost, np.float64) / self.reach, 0, 1), np.float64)


@dataclass(frozen=True, slots=True)
class GaussianDecay:
    """``f(c) = exp(-c² / (2 sigma²))``.

    Raises
    ------
    ValueError
        If ``sigma`` is not above 0.
    """

    sigma: float

    def __post_init__(self) -> None:
        _above_zero(sigma=self.sigma)

    def __call__(self, cost: npt.ArrayLike, /) -> Floats:
        """Return weights, float64, in the shape of ``cost``."""
        c = np.asarray(cost, np.float64)
        return np.asarray(np.exp(-c * c / (2 * self.sigma**2)), np.float64)


@dataclass(frozen=True, slots=True)
class ExponentialDecay:
    """``f(c) = exp(-c / scale)``.

    Raises
    ------
    ValueError
        If ``scale`` is not above 0.
    """

    scale: float

    def __post_init__(self) -> None:
        _above_zero(scale=self.scale)

    def __call__(self, cost: npt.ArrayLike, /) -> Floats:
        """Return weights, float64, in the shape of ``cost``."""
        return np.asarray(np.exp(-np.asarray(cost, np.float64) / self.scale), np.float64)


@dataclass(frozen=True, slots=True)
class PowerDecay:
    """``f(c) = (max(c, floor) / scale) ** -exponent``, Hansen's (1959) form.

    Attributes
    ----------
    scale
        Cost at which the weight is 1.
    exponent
        How fast it falls; Hansen's gravity has 2.
    floor
        Least cost, so that an outlet at the door does not weigh without end.

    Raises
    ------
    ValueError
        If one of them is not above 0.
    """

    scale: float
    exponent: float
    floor: float

    def __post_init__(self) -> None:
        _above_zero(scale=self.scale, exponent=self.exponent, floor=self.floor)

    def __call__(self, cost: npt.ArrayLike, /) -> Floats:
        """Return weights, float64, in the shape of ``cost``."""
        c = np.maximum(np.asarray(cost, np.float64), self.floor)
        return np.asarray((c / self.scale) ** -self.exponent, np.float64)


#: Weights of three zones of equal width: 1, 0.68, 0.22, the slower set of Luo and Qi (2009,
#: "An enhanced two-step floating catchment area (E2SFCA) method", Health & Place 15), recalled and
#: not compared with the paper; there the zones are 0-10, 10-20 and 20-30 min by car.
ZONE_WEIGHTS = (1.0, 0.68, 0.22)


def three_zones(catchment: float) -> StepDecay:
    """Return `ZONE_WEIGHTS` over the thirds of a catchment, in the unit of ``catchment``."""
    return StepDecay((catchment / 3, catchment * 2 / 3, catchment), ZONE_WEIGHTS)


def gaussian_to(catchment: float, remaining: float = 0.1) -> GaussianDecay:
    """Return a Gaussian decay that has fallen to ``remaining`` at the catchment's edge.

    ``sigma = catchment / sqrt(-2 ln(remaining))``. The default of 0.1 is a project choice.

    Raises
    ------
    ValueError
        If ``remaining`` is not between 0 and 1.
    """
    if not 0 < remaining < 1:
        message = f"remaining is {remaining}, expected between 0 and 1"
        raise ValueError(message)
    return GaussianDecay(float(catchment / np.sqrt(-2 * np.log(remaining))))


def _above_zero(**values: float) -> None:
    wrong = [f"{name} is {value}" for name, value in values.items() if not value > 0]
    if wrong:
        message = f"{', '.join(wrong)}: expected above 0"
        raise ValueError(message)
