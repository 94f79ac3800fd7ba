"""One scale for all that is to be compared: breaks found over every study of a page."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .classes import Classes, colours, natural

Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class ScaleBook:
    """Values seen by the name of a scale, so that several studies get the same classes.

    Build the layers of every study once with the same book, then once more: the second time each
    scale rests on the values of all.

    Attributes
    ----------
    seen
        Values noted so far, by name.
    """

    seen: dict[str, list[Floats]] = field(default_factory=lambda: defaultdict(list))

    def natural(self, name: str, values: npt.ArrayLike, scheme: str) -> Classes:
        """Return natural breaks over all values noted under a name, these included.

        Noughts are left out of the breaks, as they would fill a class of their own; they take the
        lowest class.
        """
        self.seen[name].append(np.asarray(values, np.float64).ravel())
        together = np.concatenate(self.seen[name])
        found = natural(together[together != 0], scheme)
        if found is None:
            return Classes((0.0, 0.0), colours(scheme, 1), "natural")
        lowest = float(np.nanmin(together))
        return Classes((min(lowest, found.edges[0]), *found.edges[1:]), found.colours, "natural")
