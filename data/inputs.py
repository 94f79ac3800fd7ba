"""Everything a study names, read once, checked together, all faults in one list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from .area_labels import label_areas
from .datum_check import LABELS, note_datum
from .datum_guard import StreetLines, guard
from .faults import Fault, FaultLog
from .figures import read_numbers
from .frame_areas import link_parents, read_areas
from .frame_parts import Box
from .frames import (
    ReadFrame,
    read_candidates,
    read_demand,
    read_entrances,
    read_facilities,
)
from .outlet_types import TypeMapping, load_mapping, mapping_from
from .population import SpreadPopulation, spread_rest
from .progress import Progress, silent
from .standards import StandardsPack, load_pack
from .streets import Streets, read_streets
from .streets_place import download_place
from .study import FacilitiesSection, StudyConfig, TableSection
from .study_checks import check_ids, check_quotas, no_such_id
from .study_files import study_files
from .tables import RawTable, read_table
from .walking_rules import WalkingRules


@dataclass(frozen=True, slots=True)
class InputSource:
    """One file that a study was read from.

    Attributes
    ----------
    file
        As the study names it.
    kind
        What it was read as: streets, demand, facilities, …
    sha256
        Of its bytes, "" where there is no file.
    rows
        Rows (or street pieces) read.
    """

    file: str
    kind: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class StudyInputs:
    """The inputs of a study; the tables are those of ``docs/architecture.md``.

    Attributes
    ----------
    pack
        Standards.
    streets
        Walkable streets.
    demand, facilities, areas
        Canonical tables; ``areas`` may be empty.
    entrances, candidates
        Canonical tables, or None where the study has none.
    extent
        Area studied (EPSG:4326), or None.
    sources
        Every file read.
    warnings
        What the user should know though the run goes on.
    unmapped
        Category -> rows of the outlet tables left out because no type was mapped.
    datums
        File -> datum its coordinates were read in.
    recognised
        File -> columns found by their header, canonical name -> source, as the user did not map
        them.
    """

    pack: StandardsPack
    streets: Streets
    demand: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame
    entrances: gpd.GeoDataFrame | None
    candidates: gpd.GeoDataFrame | None
    extent: shapely.Geometry | None
    sources: tuple[InputSource, ...]
    warnings: tuple[Fault, ...]
    unmapped: dict[str, int] = field(default_factory=dict)
    datums: dict[str, str] = field(default_factory=dict)
    recognised: dict[str, dict[str, str]] = field(default_factory=dict)


def read_inputs(
    folder: Path, config: StudyConfig, *, log: FaultLog, progress: Progress = silent
) -> StudyInputs | None:
    """Read and check everything a study names.

    Parameters
    ----------
    folder
        The study's folder; paths in ``config`` are relative to it.
    config
        The study.
    log
        Takes every fault and warning of every file.
    progress
        Told after each file.

    Returns
    -------
    StudyInputs or None
        None when there is a fault.
    """
    return _Reader(folder, config, log, progress).read()


@dataclass(slots=True)
class _Reader:
    """Reads one study; holds what later tables are checked against."""

    folder: Path
    config: StudyConfig
    log: FaultLog
    progress: Progress
    sources: list[InputSource] = field(default_factory=list)
    unmapped: dict[str, int] = field(default_factory=dict)
    datums: dict[str, str] = field(default_factory=dict)
    recognised: dict[str, dict[str, str]] = field(default_factory=dict)
    done: int = 0
    total: int = 0

    def read(self) -> StudyInputs | None:
        config = self.config
        self.total = len(study_files(config))
        pack = load_pack(config.study.standards, folder=self.folder, log=self.log)
        if pack is not None:
            check_ids(config, pack, log=self.log)
        streets = self._streets()
        box = _box(streets)
        areas = self._areas()
        extent = self._extent()
        demand = self._demand(box, streets)
        facilities = self._facilities(pack, box, streets)
        candidates = self._candidates(pack, box, streets, extent)
        entrances = self._entrances(demand, box)
        if pack is None or streets is None or demand is None or facilities is None:
            return None
        if self.log.faults:
            return None
        demand = _within(self._population(demand), extent)
        if demand.empty:
            self.log.add("no_demand", file=config.demand.file)
            return None
        demand = label_areas(demand, areas, log=self.log)
        if candidates is not None:
            candidates = label_areas(candidates, areas, log=self.log)
        check_quotas(config, areas, demand, log=self.log)
        return StudyInputs(
            pack, streets, demand, facilities, areas, entrances, candidates, extent,
            tuple(self.sources), tuple(self.log.warnings), self.unmapped, self.datums,
            self.recognised,
        )  # fmt: skip

    def _table(self, section: TableSection, kind: str) -> RawTable | None:
        table = read_table(
            self.folder / section.file, layer=section.layer, encoding=section.encoding,
            log=self.log, name=section.file,
        )  # fmt: skip
        if table is not None:
            self._read(section.file, kind, table.sha256, len(table))
        return table

    def _read(self, file: str, kind: str, sha256: str, rows: int) -> None:
        self.sources.append(InputSource(file, kind, sha256, rows))
        self.done += 1
        self.progress("reading", self.done, max(self.done, self.total))

    def _streets(self) -> Streets | None:
        section = self.config.streets
        rules = WalkingRules(
            trunk=section.trunk, private=section.private, cycleway=section.cycleway,
            indoor=section.indoor, separate_sidewalk=section.separate_sidewalk,
        )  # fmt: skip
        if section.place:
            cache = self.folder / "results" / "cache"
            streets = download_place(section.place, cache_dir=cache, log=self.log, walking=rules)
            name = section.place
        else:
            streets = read_streets(
                self.folder / section.file, log=self.log, walking=rules,
                node_crossings=section.node_crossings,
            )  # fmt: skip
            name = section.file
        if streets is not None:
            self._read(name, "streets", streets.source.sha256, streets.n_edges)
        return streets

    def _areas(self) -> gpd.GeoDataFrame:
        frames = []
        for section in self.config.areas:
            table = self._table(section, "areas")
            if table is None:
                continue
            found = read_areas(
                table, level=section.level or None, columns=section.columns,
                datum=section.datum or None, log=self.log,
            )  # fmt: skip
            if found is not None:
                frames.append(found)
        if not frames:
            return _no_areas()
        joined = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=frames[0].crs)
        return link_parents(joined, log=self.log)

    def _extent(self) -> shapely.Geometry | None:
        section = self.config.extent
        if section is None:
            return None
        if section.bbox is not None:
            return shapely.box(*section.bbox)
        table = self._table(TableSection(file=section.file), "extent")
        if table is None:
            return None
        if table.geometry is None or table.crs is None:
            self.log.add("no_polygons", file=section.file)
            return None
        return table.geometry.to_crs(4326).union_all()

    def _demand(self, box: Box | None, streets: Streets | None) -> gpd.GeoDataFrame | None:
        section = self.config.demand
        table = self._table(section, "demand")
        if table is None:
            return None
        read = read_demand(
            table, columns=section.columns, datum=section.datum or None, box=box, log=self.log
        )
        if read is None:
            return None
        frame = read.frame
        weight = self.config.population.weight if self.config.population else ""
        if weight:
            frame = self._with_weight(frame, read, table, weight)
        self._guard(section, read, streets)
        return frame

    def _with_weight(
        self, frame: gpd.GeoDataFrame, read: ReadFrame, table: RawTable, weight: str
    ) -> gpd.GeoDataFrame:
        """Add the column that population is spread by."""
        if weight not in table.columns:
            no_such_id(self.log, "population.weight", weight, map(str, table.columns))
            return frame
        values = read_numbers(table, weight, log=self.log, at_least=0)
        position = np.searchsorted(table.row_numbers, read.rows)
        return frame.assign(weight=values[position])

    def _population(self, demand: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Spread area totals onto the points that have no residents of their own."""
        section = self.config.population
        plain = demand.drop(columns="weight", errors="ignore")
        if section is None:
            return plain
        table = self._table(section, "population")
        areas = None if table is None else read_areas(
            table, level="community", columns=section.columns, datum=section.datum or None,
            log=self.log,
        )  # fmt: skip
        if areas is None:
            return plain
        own = demand["residents"].to_numpy(float)
        weights = np.nan_to_num(demand["weight"].to_numpy(float)) if section.weight else None
        spread_out = spread_rest(
            areas, demand, own=own, weight=weights, whole=section.whole_persons
        )
        self._note_unplaced(spread_out, section.file)
        return plain.assign(residents=spread_out.residents)

    def _note_unplaced(self, found: SpreadPopulation, file: str) -> None:
        """Count the people whom no point could take; of a study of a part, that is most."""
        if found.unplaced:
            names = ", ".join(area.name or area.area for area in found.unplaced[:5])
            self.log.add(
                "people_unplaced", file=file, value=names, count=len(found.unplaced),
                persons=f"{found.lost:,.0f}", severity="warning",
            )  # fmt: skip

    def _entrances(
        self, demand: gpd.GeoDataFrame | None, box: Box | None
    ) -> gpd.GeoDataFrame | None:
        section = self.config.demand.entrances
        if section is None or demand is None:
            return None
        table = self._table(section, "entrances")
        if table is None:
            return None
        return read_entrances(
            table, demand_ids=frozenset(demand["id"]), columns=section.columns,
            datum=section.datum or None, box=box, log=self.log,
        )  # fmt: skip

    def _facilities(
        self, pack: StandardsPack | None, box: Box | None, streets: Streets | None
    ) -> gpd.GeoDataFrame | None:
        frames = []
        for section in self.config.facilities:
            table = self._table(section, "facilities")
            if table is None or pack is None:
                continue
            read = read_facilities(
                table, pack=pack, columns=section.columns, datum=section.datum or None, box=box,
                constant_type=section.type, types=self._mapping(section),
                unmapped=section.unmapped, log=self.log,
            )  # fmt: skip
            if read is not None:
                self._guard(section, read, streets)
                frames.append(read.frame)
                for word, count in read.unmapped.items():
                    self.unmapped[word] = self.unmapped.get(word, 0) + count
        if not frames:
            return None
        joined = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=frames[0].crs)
        return _unique_across(joined, frames, self.config.facilities)

    def _mapping(self, section: FacilitiesSection) -> TypeMapping | None:
        """Return the rules of study.toml first, then those of the mapping table."""
        rules = mapping_from(section.types) if section.types else TypeMapping()
        if not section.types_file:
            return rules if section.types else None
        table = load_mapping(section.types_file, folder=self.folder, log=self.log)
        return TypeMapping((*rules.rules, *table.rules), table.digits, table.scheme)

    def _candidates(
        self,
        pack: StandardsPack | None,
        box: Box | None,
        streets: Streets | None,
        extent: shapely.Geometry | None,
    ) -> gpd.GeoDataFrame | None:
        section = self.config.candidates
        if not section.file:
            return None
        given = TableSection(**section.model_dump(exclude={"spacing"}))
        table = self._table(given, "candidates")
        if table is None or pack is None:
            return None
        read = read_candidates(
            table, pack=pack, columns=section.columns, datum=section.datum or None, box=box,
            log=self.log,
        )  # fmt: skip
        if read is None:
            return None
        self._guard(given, read, streets)
        return _within(read.frame, extent)

    def _guard(self, section: TableSection, read: ReadFrame, streets: Streets | None) -> None:
        """Note a fault when another datum fits the streets clearly better."""
        if read.columns.recognised:
            self.recognised[section.file] = dict(read.columns.recognised)
        self.datums[section.file] = LABELS.get(read.datum, read.datum.upper())
        if streets is not None and streets.n_edges and not section.trust_datum:
            lines = StreetLines(streets.lon, streets.lat, streets.edge_start)
            verdict = guard(read.given, lines, declared=read.datum)
            note_datum(verdict, file=section.file, log=self.log)


def _box(streets: Streets | None) -> Box | None:
    if streets is None or not streets.n_edges:
        return None
    lon, lat = streets.lon, streets.lat
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def _within(frame: gpd.GeoDataFrame, extent: shapely.Geometry | None) -> gpd.GeoDataFrame:
    if extent is None:
        return frame
    inside = shapely.intersects(extent, frame.geometry.to_numpy())
    return frame[inside].reset_index(drop=True)


def _no_areas() -> gpd.GeoDataFrame:
    columns: dict[str, Sequence[str]] = {
        name: [] for name in ("id", "name", "name_en", "level", "parent")
    }
    return gpd.GeoDataFrame({**columns, "residents": np.empty(0)}, geometry=[], crs=4326)


def _unique_across(
    joined: gpd.GeoDataFrame, frames: list[gpd.GeoDataFrame], sections: Sequence[TableSection]
) -> gpd.GeoDataFrame:
    """Put the table's name before ids that several outlet tables use."""
    if joined["id"].is_unique:
        return joined
    stems = [Path(section.file).stem for section in sections]
    prefixes = [stem for stem, frame in zip(stems, frames, strict=False) for _ in range(len(frame))]
    repeated = joined["id"].duplicated(keep=False)
    named = [f"{p}:{i}" for p, i in zip(prefixes, joined["id"], strict=True)]
    return joined.assign(id=np.where(repeated, named, joined["id"]))
