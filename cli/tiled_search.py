"""How the plan finds its pairs of residents and candidates: in memory, or on a Dask cluster."""

from __future__ import annotations

from quarterhour.coverage.errors import QueryError
from quarterhour.coverage.impedance import Unit
from quarterhour.coverage.locate import Locations
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.pairs import Pairs, pairs
from quarterhour.coverage.profiles import TravelProfile
from quarterhour.coverage.tiles import tiled_pairs
from quarterhour.data.faults import FaultLog
from quarterhour.optimize.from_circles import PairSearch

from .study_run import StudyRun

#: Folder of the finished tiles, in the results' cache.
TILES = "tiles"


def pair_search(run: StudyRun) -> PairSearch:
    """Return the search of pairs that a study runs with.

    Without a scheduler all pairs are found in memory. With one they are found tile by tile on its
    workers and kept in ``results/cache/tiles``, so that a run goes on where another stopped.

    Raises
    ------
    InputFaults
        By the search, when the scheduler cannot be used.
    """
    address = run.scheduler
    if address is None:
        return pairs

    def search(
        network: StreetNetwork,
        sources: Locations,
        targets: Locations,
        *,
        limit: float,
        by: Unit,
        profile: TravelProfile,
    ) -> Pairs:
        folder = run.results / "cache" / TILES
        try:
            return tiled_pairs(
                network, sources, targets, folder, limit=limit, by=by, profile=profile,
                scheduler=address, progress=run.progress,
            ).load()  # fmt: skip
        except (QueryError, OSError, ValueError) as error:
            log = FaultLog()
            log.add("scheduler_unusable", column="--scheduler", value=address, said=str(error))
            log.raise_if_any()
            raise

    return search
