"""Everything a study names, read once, checked together, all faults in one list."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from .area_labels import label_areas, note_overlaps
from .background import read_background
from .datum_check import LABELS, note_datum
from .datum_guard import StreetLines, guard
from .extra_inputs import ExtraInputs, read_extras
from .faults import FaultLog
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
from .input_checks import (
    check_crs,
    extent_of,
    note_no_totals,
    note_off_streets,
    note_residents,
    usable_candidates,
)
from .input_frames import box_of, no_areas, unique_across, within
from .outlet_types import TypeMapping, load_mapping, mapping_from
from .population import SpreadPopulation, spread_rest
from .progress import Progress, silent
from .standards import StandardsPack, load_pack
from .streets import Streets, read_streets
from .streets_osm import SUFFIXES as OSM_SUFFIXES
from .streets_place import download_place
from .study import STUDY_FILE, FacilitiesSection, StudyConfig, TableSection
from .study_checks import check_ids, check_quotas, no_such_id
from .study_files import study_files
from .study_inputs import InputSource, StudyInputs
from .tables import RawTable, input_path, read_table
from .walking_rules import WalkingRules


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
    demand_ids: frozenset[str] | None = None
    done: int = 0
    total: int = 0

    def read(self) -> StudyInputs | None:
        config = self.config
        self.total = len(study_files(config))
        check_crs(config.study.crs, log=self.log)
        pack = self._pack()
        streets = self._streets()
        self._background()
        box = box_of(streets)
        areas = self._areas()
        extent = self._extent()
        demand = self._demand(box, streets)
        population = self._population()
        entrances = self._entrances(box)
        facilities = self._facilities(pack, box, streets)
        candidates = self._candidates(pack, box, streets, extent)
        if areas is None or pack is None or streets is None:
            return None
        extras = ExtraInputs()
        if demand is not None:
            extras = read_extras(config, pack, areas, demand, table=self._table, log=self.log)
        if demand is None or facilities is None or self.log.faults:
            if demand is not None:
                check_quotas(config, areas, demand, log=self.log)
            return None
        demand = within(self._with_residents(demand, population), extent)
        if not self._can_be_measured(demand, entrances, streets):
            return None
        demand = label_areas(demand, areas, log=self.log)
        if candidates is not None:
            if candidates.empty:
                self.log.add("no_candidates", file=config.candidates.file)
            candidates = label_areas(candidates, areas, log=self.log)
        if entrances is not None:
            here = entrances["demand_id"].isin(demand["id"])
            entrances = entrances[here].reset_index(drop=True)
        check_quotas(config, areas, demand, log=self.log)
        return StudyInputs(
            pack, streets, demand, facilities, areas, entrances, candidates, extent,
            tuple(self.sources), tuple(self.log.warnings), self.unmapped, self.datums,
            self.recognised, extras,
        )  # fmt: skip

    def _can_be_measured(
        self, demand: gpd.GeoDataFrame, entrances: gpd.GeoDataFrame | None, streets: Streets
    ) -> bool:
        """Say whether there are residents near streets, or note what is missing."""
        file = self.config.demand.file
        if demand.empty:
            self.log.add("no_demand", file=file)
            return False
        note_residents(demand, file=file, log=self.log)
        if entrances is None:
            limit = self.config.streets.snap_limit
            note_off_streets(demand, streets, limit, file=file, log=self.log)
        return not self.log.faults

    def _take(self, found: FaultLog, *, skip: str = "", **where: str) -> None:
        """Take over what a reader noted, under the name that the study gives the file."""
        for entry in found:
            if entry.code != skip:
                self.log.entries.append(replace(entry, **where))  # type: ignore[arg-type]

    def _pack(self) -> StandardsPack | None:
        name = self.config.study.standards
        own = FaultLog()
        pack = load_pack(name, folder=self.folder, log=own)
        if pack is None and [entry.code for entry in own] == ["no_such_pack"]:
            self._take(own, file=STUDY_FILE, column="study.standards")
        else:
            self._take(own)
        if pack is not None:
            check_ids(self.config, pack, log=self.log)
        return pack

    def _background(self) -> None:
        """Check what the page draws behind the streets, before anything is computed."""
        name = self.config.streets.background
        path = self.folder / name
        own = FaultLog()
        if not name:
            return
        if path.is_dir():
            own.add("is_folder")
        elif not path.is_file() or not path.name.lower().endswith(OSM_SUFFIXES):
            read_background(path, log=own)
        self._take(own, file=name)

    def _table(self, section: TableSection, kind: str) -> RawTable | None:
        table = read_table(
            input_path(self.folder, section.file), layer=section.layer, encoding=section.encoding,
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
        own = FaultLog()
        if section.place:
            cache = self.folder / "results" / "cache"
            streets = download_place(section.place, cache_dir=cache, log=own, walking=rules)
            name = section.place
        else:
            streets = read_streets(
                self.folder / section.file, log=own, walking=rules,
                node_crossings=section.node_crossings,
            )  # fmt: skip
            name = section.file
        self._take(own, file=name)
        if streets is not None:
            self._read(name, "streets", streets.source.sha256, streets.n_edges)
        return streets

    def _areas(self) -> gpd.GeoDataFrame | None:
        """Return all areas, or None where a table of them has a fault."""
        before = len(self.log.faults)
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
        if len(self.log.faults) > before:
            return None
        if not frames:
            return no_areas()
        joined = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=frames[0].crs)
        files = ", ".join(dict.fromkeys(section.file for section in self.config.areas))
        own = FaultLog()
        linked = link_parents(joined, log=own)
        note_overlaps(linked, log=own)
        self._take(own, file=files)
        return linked

    def _extent(self) -> shapely.Geometry | None:
        section = self.config.extent
        if section is None:
            return None
        if section.bbox is not None:
            return shapely.box(*section.bbox)
        table = self._table(TableSection(file=section.file), "extent")
        return None if table is None else extent_of(table, log=self.log)

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
        column = read.columns.get("id")
        named = table.text(column) if column else ()
        self.demand_ids = frozenset(frame["id"]) | frozenset(named)
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

    def _population(self) -> gpd.GeoDataFrame | None:
        """Return the areas whose totals are spread, None where the study has none."""
        section = self.config.population
        table = None if section is None else self._table(section, "population")
        if section is None or table is None:
            return None
        areas = read_areas(
            table, level="community", columns=section.columns, datum=section.datum or None,
            log=self.log,
        )  # fmt: skip
        if areas is not None:
            note_no_totals(areas, table, log=self.log)
        return areas

    def _with_residents(
        self, demand: gpd.GeoDataFrame, areas: gpd.GeoDataFrame | None
    ) -> gpd.GeoDataFrame:
        """Spread area totals onto the points that have no residents of their own."""
        section = self.config.population
        plain = demand.drop(columns="weight", errors="ignore")
        if section is None or areas is None:
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

    def _entrances(self, box: Box | None) -> gpd.GeoDataFrame | None:
        section = self.config.demand.entrances
        table = None if section is None else self._table(section, "entrances")
        if section is None or table is None:
            return None
        return read_entrances(
            table, demand_ids=self.demand_ids, columns=section.columns,
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
        return unique_across(joined, frames, self.config.facilities)

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
        table = self._table(section, "candidates")
        if table is None or pack is None:
            return None
        own = FaultLog()
        read = read_candidates(
            table, pack=pack, columns=section.columns, datum=section.datum or None, box=box,
            log=own,
        )  # fmt: skip
        # Said row by row below, where the streets are known.
        self._take(own, skip="points_far_off")
        if read is None or streets is None:
            return None
        if any(entry.code == "points_elsewhere" for entry in own):
            return read.frame
        self._guard(section, read, streets)
        limit = self.config.streets.snap_limit
        return usable_candidates(
            read, streets, limit, extent=extent, file=section.file, log=self.log
        )

    def _guard(self, section: TableSection, read: ReadFrame, streets: Streets | None) -> None:
        """Note a fault when another datum fits the streets clearly better."""
        if read.columns.recognised:
            self.recognised[section.file] = dict(read.columns.recognised)
        self.datums[section.file] = LABELS.get(read.datum, read.datum.upper())
        if streets is not None and streets.n_edges and not section.trust_datum:
            lines = StreetLines(streets.lon, streets.lat, streets.edge_start)
            verdict = guard(read.given, lines, declared=read.datum)
            note_datum(verdict, file=section.file, log=self.log)
