"""One opened study: its configuration, its inputs, and what is computed from them, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from quarterhour.data.faults import FaultLog
from quarterhour.data.progress import Progress
from quarterhour.data.study import StudyConfig, load_study, study_file

from .stages import RESULTS

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from quarterhour.coverage.circles import ServiceCircles, ServiceType
    from quarterhour.coverage.network import StreetNetwork
    from quarterhour.coverage.profiles import TravelProfile
    from quarterhour.data.standards import Criterion
    from quarterhour.data.study_inputs import StudyInputs

    from .premises import Premises

#: Ends of street files that hold the background as well.
_OSM = (".osm", ".pbf", ".osm.gz", ".osm.bz2")


@dataclass
class StudyRun:
    """A study being worked on.

    Attributes
    ----------
    folder
        The study's folder.
    config
        Its ``study.toml``.
    progress
        Told how far long work is.
    fresh
        Ignore earlier results.
    scheduler
        Address of a Dask scheduler for the largest searches, None to work here.
    """

    folder: Path
    config: StudyConfig
    progress: Progress
    fresh: bool = False
    scheduler: str | None = None

    @property
    def results(self) -> Path:
        """Folder of the results."""
        return self.folder / RESULTS

    @cached_property
    def inputs(self) -> StudyInputs:
        """Everything the study names, read and checked.

        Raises
        ------
        InputFaults
            With every fault of every file.
        """
        from quarterhour.data.inputs import read_inputs  # noqa: PLC0415 - loads geopandas

        log = FaultLog()
        inputs = read_inputs(self.folder, self.config, log=log, progress=self.progress)
        log.raise_if_any()
        assert inputs is not None  # noqa: S101 - no fault means there are inputs
        return inputs

    @cached_property
    def network(self) -> StreetNetwork:
        """The walkable network, from the cache when the streets are unchanged."""
        from .network_cache import cached_network  # noqa: PLC0415

        return cached_network(self.inputs.streets, self.config.study.crs, self.results / "cache")

    @cached_property
    def background(self) -> gpd.GeoDataFrame:
        """Water, parks and railways to draw behind the streets; empty where there are none."""
        import geopandas as gpd  # noqa: PLC0415 - heavy

        from quarterhour.data.background import read_background  # noqa: PLC0415

        given, tolerance = self.config.streets.background, max(self.config.map.simplify, 0.1)
        path, log = self.folder / (given or self.config.streets.file), FaultLog()
        found = None
        if path.is_file() and (given or path.name.endswith(_OSM)):
            found = read_background(path, log=log, tolerance=tolerance)
            log.raise_if_any()
        nothing = gpd.GeoDataFrame({"kind": [], "name": []}, geometry=[], crs=4326)
        return nothing if found is None else found

    @property
    def criterion(self) -> Criterion:
        """What thresholds are tested on."""
        return self.config.measure.criterion or self.inputs.pack.criterion

    @property
    def profile(self) -> TravelProfile:
        """Who walks."""
        return self.walker(self.config.measure.profile)

    def walker(self, name: str) -> TravelProfile:
        """Return a walking profile of the standards pack."""
        from quarterhour.coverage.profiles import TravelProfile  # noqa: PLC0415

        walker = self.inputs.pack.profile(name)
        profile = TravelProfile(
            walker.id, speed_kmh=walker.speed.value, signal_delay_s=walker.signal_delay.value
        )
        if walker.steps_factor is None:
            return profile
        return replace(profile, steps_factor=walker.steps_factor.value)

    @cached_property
    def types(self) -> tuple[ServiceType, ...]:
        """The types to judge, with their thresholds."""
        from quarterhour.coverage.circles import ServiceType  # noqa: PLC0415

        pack = self.inputs.pack
        wanted = self.config.measure.types or pack.type_ids
        return tuple(
            ServiceType(
                kind,
                metres=pack.threshold(kind, "metres").value,
                minutes=pack.threshold(kind, "minutes").value,
                basic=pack.type(kind).basic,
            )
            for kind in wanted
        )

    @cached_property
    def candidates(self) -> gpd.GeoDataFrame:
        """Where outlets may open: the study's table, or points along its streets.

        Raises
        ------
        InputFaults
            If there is none.
        """
        from .candidates import study_candidates  # noqa: PLC0415 - it needs this class

        return study_candidates(self)

    @cached_property
    def ground(self) -> Premises:
        """What the plan chooses from, and what stands before it.

        Raises
        ------
        InputFaults
            If there is no candidate, or the ledger named has faults.
        """
        from .earlier import read_ledger_of  # noqa: PLC0415 - it needs this class
        from .plan_rules import planned_types  # noqa: PLC0415 - as above
        from .premises import premises  # noqa: PLC0415 - as above

        log = FaultLog()
        ledger = read_ledger_of(self, log)
        log.raise_if_any()
        return premises(self, planned_types(self), ledger)

    @cached_property
    def previous(self) -> pd.DataFrame | None:
        """Candidate and type of each outlet of the earlier plan, None without one.

        Raises
        ------
        InputFaults
            If it cannot be read.
        """
        from .earlier import read_previous  # noqa: PLC0415 - it needs this class

        log = FaultLog()
        found = read_previous(self, log)
        log.raise_if_any()
        return found

    @cached_property
    def circles(self) -> ServiceCircles:
        """The measured service circles."""
        return self.measure()

    def measure(
        self, facilities: object = None, *, none_exist: Sequence[str] = ()
    ) -> ServiceCircles:
        """Measure the circles of the existing outlets, or of other ones given.

        Parameters
        ----------
        facilities
            Canonical facilities; the study's own if not given.
        none_exist
            Further types of which it is known that outlets not given do not exist.
        """
        from quarterhour.coverage.circles import measure_circles  # noqa: PLC0415

        inputs, config = self.inputs, self.config
        edge = inputs.extent if config.extent and config.extent.edge == "unknown" else None
        return measure_circles(
            self.network,
            inputs.demand,
            inputs.facilities if facilities is None else facilities,
            self.types,
            criterion=self.criterion,
            profile=self.profile,
            entrances=inputs.entrances,
            snap_limit=config.streets.snap_limit,
            island_share=config.streets.island_share,
            walk_to_street=config.measure.walk_to_street,
            none_exist=(*config.measure.none_exist, *none_exist),
            known_within=edge,
            progress=self.progress,
        )


def open_study(
    study: Path,
    progress: Progress,
    *,
    fresh: bool = False,
    scheduler: str | None = None,
    log: FaultLog | None = None,
) -> StudyRun:
    """Open a study by its folder or its ``study.toml``.

    Raises
    ------
    InputFaults
        If ``study.toml`` is missing or has faults.
    """
    log = FaultLog() if log is None else log
    config = load_study(study, log)
    log.raise_if_any()
    assert config is not None  # noqa: S101 - no fault means there is a configuration
    return StudyRun(study_file(study).parent, config, progress, fresh, scheduler)
