"""How fast the what-if page answers: one new outlet, one moved, one barrier."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from quarterhour.cli.study_run import open_study
from quarterhour.cli.whatif.edits import EDIT
from quarterhour.cli.whatif.replies import view_reply
from quarterhour.cli.whatif.server import desk_of
from quarterhour.data.progress import silent

try:
    from .record import Record
except ImportError:  # started as a script
    from record import Record

ROUNDS = 7


def run(study: str) -> list[Record]:
    """Return the milliseconds from an edit to the reply, the median of some, for one study."""
    desk = desk_of(open_study(Path(study), silent), "en")
    points = desk.base.run.inputs.demand.geometry
    kind = desk.base.run.types[0].id
    name = f"benchmark {time.time_ns()}"
    times: dict[str, list[float]] = {"add": [], "move": [], "barrier": []}
    for number in range(ROUNDS):
        at = points.iloc[number * 7 % len(points)]
        place, there = (at.x, at.y), (at.x + 0.002, at.y + 0.002)
        for what in (
            {"kind": "add", "id": f"a{number}", "type": kind, "at": place},
            {"kind": "move", "id": f"a{number}", "at": there},
            {"kind": "barrier", "id": f"b{number}", "line": [place, there]},
        ):
            times[str(what["kind"])].append(_edit(desk, name, what))
    (Path(study) / "scenarios" / f"{name}.json").unlink()
    label = Path(study).resolve().name
    return [
        Record(f"whatif-{label}-{what}-ms", statistics.median(taken), "ms", None, None)
        for what, taken in times.items()
    ]


def _edit(desk, name: str, what: dict[str, object]) -> float:
    began = time.perf_counter()
    change = EDIT.validate_python(what)
    revision = desk.shelf.get(name).revision
    view = desk.shelf.change(name, revision, lambda scenario: scenario.with_edit(change))
    view_reply(desk.base, view, "en")
    return 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    import sys

    for record in run(sys.argv[1]):
        print(record)
