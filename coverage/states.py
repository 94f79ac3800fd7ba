"""The three states of a resident point: covered, gap, unknown; and why unknown."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class State(IntEnum):
    """State of one demand point for one facility type.

    Missing data is `UNKNOWN`, never a gap.
    """

    UNKNOWN = 0
    GAP = 1
    COVERED = 2


class Reason(StrEnum):
    """Why a state is unknown; the empty text where it is known."""

    NONE = ""
    FAR_FROM_STREET = "far_from_street"
    SMALL_ISLAND = "small_island"
    NO_OUTLET_DATA = "no_outlet_data"
    EDGE_OF_DATA = "edge_of_data"
    OUTLET_UNPLACED = "outlet_unplaced"
