"""Run the stages of a study in order, each kept when nothing it depends on has changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quarterhour.data.output import staged

from . import map_stage, measure_stage, plan_stage
from .console import Screen
from .interrupts import noted_interrupts
from .plan_check import check_all
from .stages import StageRecord, is_fresh, make_record, record_path
from .study_run import StudyRun, open_study


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: what it depends on, and how it writes its files.

    Attributes
    ----------
    name
        Its name on the command line and of its record.
    key
        Returns the hash of everything the stage depends on.
    write
        Writes the stage's files into a folder and returns the facts for its record.
    show
        Prints the headline of its record.
    """

    name: str
    key: Callable[[StudyRun], str]
    write: Callable[[StudyRun, Path], dict[str, Any]]
    show: Callable[[StageRecord, Screen], None]


STAGES = {
    stage.name: stage
    for stage in (
        Stage("measure", measure_stage.key, measure_stage.write, measure_stage.show),
        Stage("plan", plan_stage.key, plan_stage.write, plan_stage.show),
        Stage("map", map_stage.key, map_stage.write, map_stage.show),
    )
}


def run_stages(
    study: Path,
    stages: tuple[str, ...],
    screen: Screen,
    *,
    fresh: bool = False,
    scheduler: str | None = None,
) -> dict[str, StageRecord]:
    """Run stages of a study and show what they found.

    Parameters
    ----------
    study
        Folder or ``study.toml``.
    stages
        Names in order.
    screen
        Where to speak.
    fresh
        Ignore earlier results.
    scheduler
        Address of a Dask scheduler that takes the search of pairs for the plan.

    Returns
    -------
    dict
        The record of each stage.

    Raises
    ------
    InputFaults
        If the input has faults; earlier results stay as they were.
    """
    records = {}
    with screen.progress() as progress:
        run = open_study(study, progress, fresh=fresh, scheduler=scheduler)
        with noted_interrupts() as interrupts:
            _check_first(run, stages)
            for name in stages:
                records[name] = _run_stage(run, STAGES[name], screen)
                interrupts.stop_if_any()
    if "inputs" in vars(run) and not screen.quiet:
        screen.faults(run.inputs.warnings)
    for name, record in records.items():
        STAGES[name].show(record, screen)
    return records


def _check_first(run: StudyRun, stages: tuple[str, ...]) -> None:
    """Find every fault before the first stage writes, unless the plan stands as it is."""
    if "plan" not in stages:
        _ = None if _kept(run, STAGES["measure"]) else run.inputs
    elif _kept(run, STAGES["measure"]) is None or _kept(run, STAGES["plan"]) is None:
        check_all(run)


def _kept(run: StudyRun, stage: Stage) -> StageRecord | None:
    """Return the record of a stage that need not run again, else None."""
    return None if run.fresh else is_fresh(run.results, stage.name, stage.key(run))


def _run_stage(run: StudyRun, stage: Stage, screen: Screen) -> StageRecord:
    key = stage.key(run)
    kept = _kept(run, stage)
    if kept is not None:
        screen.detail("stage_kept", stage=screen.tr(f"stage.{stage.name}"))
        return kept
    with staged(run.results) as staging:
        folder = staging.folder
        facts = stage.write(run, folder)
        names = [path.name for path in folder.iterdir()]
        record = make_record(stage.name, key, facts, folder, names)
        text = json.dumps(record.to_json(), ensure_ascii=False, indent=1, allow_nan=False)
        record_path(folder, stage.name).write_text(text, encoding="utf-8")
    screen.detail("stage_done", stage=screen.tr(f"stage.{stage.name}"))
    return record
