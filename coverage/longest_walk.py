"""How long a shortest walk can be: a limit beyond it says nothing, but makes ticks coarse."""

from __future__ import annotations

import numpy as np

from .engine import FINEST
from .impedance import Unit, impedance
from .locate import Locations, locate_nodes
from .nearest import nearest
from .network import StreetNetwork
from .profiles import TravelProfile
from .tables import CLOSED

#: Limits up to which ticks are as fine as they get.
FINE_LIMIT = 0.9 * float(CLOSED) / FINEST


def useful_limit(
    network: StreetNetwork,
    limit: float,
    by: Unit,
    profile: TravelProfile,
    *points: Locations,
) -> float:
    """Return the limit, or the least that is known to let every walk pass.

    Parameters
    ----------
    network, by, profile
        What is walked, what is minimised, and how.
    limit
        In the unit of ``by``.
    *points
        Where walks begin and end.
    """
    if limit <= FINE_LIMIT:
        return limit
    costs = impedance(network, by, profile)
    ways = np.maximum(*(np.where(np.isinf(c), 0.0, c) for c in (costs.forward, costs.backward)))
    off = sum(float(group.access.max(initial=0.0)) for group in points) * costs.access
    through = float(ways.sum())
    if np.array_equal(costs.forward, costs.backward):
        through = min(through, 2.0 * _farthest(network, by, profile))
    return min(limit, through + 2.0 * float(ways.max(initial=0.0)) + off + 1.0)


def _farthest(network: StreetNetwork, by: Unit, profile: TravelProfile) -> float:
    """Return how far any node is from one node of its component; no two are twice as far apart."""
    _, first = np.unique(network.component, return_index=True)
    everyone = locate_nodes(network, np.arange(network.n_nodes))
    found = nearest(network, everyone, locate_nodes(network, first), by=by, profile=profile)
    cost = found.metres if by == "metres" else found.seconds
    return float(np.nan_to_num(cost).max(initial=0.0))
