"""``quarterhour demo``: the embedded city as a ready study, run whole."""

from __future__ import annotations

from pathlib import Path

from quarterhour.data.demo import write_demo

from .console import Screen
from .map_stage import PAGE
from .pipeline import run_stages
from .stages import RESULTS


def demo(folder: Path, screen: Screen, *, fresh: bool = False) -> None:
    """Write the demo study into ``folder`` and run it.

    Files of an earlier demo in the folder are written anew; results that still fit are kept.
    """
    write_demo(folder)
    screen.say("demo.written", folder=folder)
    run_stages(folder, ("measure", "plan", "map"), screen, fresh=fresh)
    screen.say("page", path=(folder / RESULTS / PAGE).resolve())
