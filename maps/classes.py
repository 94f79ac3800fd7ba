"""Classes for shading: breaks by a stated method, colours that colour-blind readers tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from branca.utilities import color_brewer

Floats = npt.NDArray[np.float64]
Method = Literal["natural", "quantiles", "given"]

#: Classes at most: readers tell five shades apart, hardly seven (Brewer & Pickle 2002).
CLASSES = 5

#: Values beyond this many are sampled evenly (by rank) for natural breaks.
_SAMPLED = 3000

#: Colours by what is shown; each ColorBrewer scheme is colour-blind safe at these sizes.
DIVERGING, WORSE, MORE, DEPTH = "RdYlBu", "YlOrRd", "YlGnBu", "viridis"


@dataclass(frozen=True, slots=True)
class Classes:
    """Shading classes of a number.

    Attributes
    ----------
    edges
        Rising bounds, one more than classes; a class takes its lower bound.
    colours
        One ``#rrggbb`` a class, lowest first.
    method
        How the bounds were found: natural breaks (Fisher & Jenks), quantiles, or given.
    """

    edges: tuple[float, ...]
    colours: tuple[str, ...]
    method: Method = "given"

    def of(self, values: npt.ArrayLike) -> str:
        """Return the class of each value as one letter, ``-`` for NaN; the ends take the rest."""
        numbers = np.asarray(values, np.float64)
        inner = np.asarray(self.edges[1:-1])
        rows = np.searchsorted(inner, np.nan_to_num(numbers), side="right")
        letters = np.array([*map(str, range(len(self.colours)))])[rows]
        return "".join(np.where(np.isnan(numbers), "-", letters))


def given(edges: Sequence[float], scheme: str, *, reverse: bool = False) -> Classes:
    """Return classes with bounds that a rule or a standard gives."""
    return Classes(tuple(map(float, edges)), colours(scheme, len(edges) - 1, reverse=reverse))


def natural(
    values: npt.ArrayLike, scheme: str, *, k: int = CLASSES, reverse: bool = False
) -> Classes | None:
    """Return natural breaks (Fisher-Jenks); None where there is no value.

    Parameters
    ----------
    values
        float (n,); NaN is left out.
    scheme
        Name of a ColorBrewer scheme or viridis.
    k
        Classes at most; fewer where there are fewer distinct values.
    reverse
        Dark for low values.

    Notes
    -----
    The classes whose values lie nearest to the mean of their class, in squares: W. D. Fisher, "On
    grouping for maximum homogeneity", JASA 53 (1958) 789-798; for maps G. F. Jenks, "Optimal data
    classification for choropleth maps" (1977). They are the best of all, not found by trial. More
    than 3,000 values are thinned evenly by rank, ends kept.
    """
    numbers = np.asarray(values, np.float64)
    numbers = np.sort(numbers[np.isfinite(numbers)])
    if not len(numbers):
        return None
    distinct = len(np.unique(numbers))
    count = min(k, distinct)
    if count < 2:  # one value: one class
        return Classes((float(numbers[0]), float(numbers[0])), colours(scheme, 1), "natural")
    edges = _rounded([numbers[0], *_fisher_jenks(numbers, count), numbers[-1]])
    return Classes(edges, colours(scheme, len(edges) - 1, reverse=reverse), "natural")


def _fisher_jenks(numbers: Floats, count: int) -> list[float]:
    """Return the inner breaks of sorted numbers: the least value of each class but the first."""
    if len(numbers) > _SAMPLED:
        numbers = numbers[np.linspace(0, len(numbers) - 1, _SAMPLED).round().astype(int)]
    values, times = np.unique(numbers, return_counts=True)
    starts = _class_starts(values, times.astype(np.float64), min(count, len(values)))
    return [float(values[start]) for start in starts]


def _class_starts(values: Floats, times: Floats, count: int) -> list[int]:
    """Return where each class but the first starts, the squares within the classes being least.

    The dynamic programme of Fisher (1958): the best ``k`` classes of the first values are a last
    class, and before it the best ``k - 1`` classes of the values that it leaves.

    Parameters
    ----------
    values
        Distinct and rising, float (n,).
    times
        How often each value occurs, float (n,).
    count
        Classes, from one to n.
    """
    size = len(values)
    about = values - values.mean()  # near zero, where squares keep their digits
    below = [np.concatenate([[0.0], np.cumsum(times * about**power)]) for power in range(3)]
    least = np.full((count + 1, size + 1), np.inf)  # by classes and values taken
    least[0, 0] = 0.0
    cut = np.zeros((count + 1, size + 1), np.int64)
    for end in range(1, size + 1):
        weight, total, square = (sums[end] - sums[:end] for sums in below)
        within = np.maximum(square - total**2 / weight, 0.0)  # of a last class from each start
        choices = least[:-1, :end] + within
        cut[1:, end] = choices.argmin(axis=1)
        least[1:, end] = choices.min(axis=1)
    starts, end = [], size
    for classes in range(count, 1, -1):
        end = int(cut[classes, end])
        starts.append(end)
    return starts[::-1]


def _rounded(edges: Sequence[float]) -> tuple[float, ...]:
    """Return bounds with the fewest digits (three at least) that keep them apart."""
    span = edges[-1] - edges[0]
    digits = max(0, 2 - int(np.floor(np.log10(span)))) if span > 0 else 0
    low, high = np.floor(edges[0] * 10**digits), np.ceil(edges[-1] * 10**digits)
    inner = np.round(np.asarray(edges[1:-1]) * 10**digits)
    kept = np.array([*np.unique([low, *inner]), high]) / 10**digits
    return tuple(float(edge) for edge in kept)


def colours(scheme: str, count: int, *, reverse: bool = False) -> tuple[str, ...]:
    """Return ``count`` colours of a scheme, lowest first.

    Raises
    ------
    ValueError
        If the scheme is unknown.
    """
    if count <= 2:  # the schemes begin at three
        three = color_brewer(scheme, 3)
        chosen = [three[-1]] if count == 1 else [three[0], three[-1]]
    else:
        chosen = list(color_brewer(scheme, count))[:count]
    return tuple(reversed(chosen)) if reverse else tuple(chosen)
