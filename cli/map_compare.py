"""``quarterhour map A --compare B``: two studies side by side on one page."""

from __future__ import annotations

from pathlib import Path

from quarterhour.data.faults import FaultLog
from quarterhour.data.output import staged
from quarterhour.data.study import study_file
from quarterhour.maps.page import write_map
from quarterhour.maps.results import read_results
from quarterhour.maps.study_maps import compare_map

from .console import Screen
from .map_stage import tiles_of
from .pipeline import run_stages
from .stages import RESULTS
from .study_run import open_study


def compare_maps(left: Path, right: Path, screen: Screen, *, fresh: bool = False) -> Path:
    """Draw two studies side by side; what is not up to date is measured, planned, drawn first.

    Parameters
    ----------
    left, right
        Studies.
    screen
        Where to speak.
    fresh
        Ignore earlier results.

    Returns
    -------
    pathlib.Path
        ``results/compare-<right>.html`` of the left study.

    Raises
    ------
    InputFaults
        If a study has faults, or both are the same.
    """
    folders = [study_file(study).parent for study in (left, right)]
    if folders[0].resolve() == folders[1].resolve():
        log = FaultLog()
        log.add("map_compare_same", file=right)
        log.raise_if_any()
    quiet = Screen(screen.language, quiet=True)
    for study in (left, right):
        run_stages(study, ("measure", "plan", "map"), quiet, fresh=fresh)
    tiles = tiles_of(open_study(left, lambda *_: None))
    drawn = compare_map(read_results(folders[0]), read_results(folders[1]), tiles=tiles)
    results = folders[0] / RESULTS
    name = f"compare-{folders[1].resolve().name}.html"
    with staged(results) as aside:
        write_map(drawn, aside.path(name))
    screen.say("page", path=(results / name).resolve())
    return results / name
