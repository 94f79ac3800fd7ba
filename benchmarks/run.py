"""Run benchmarks by name: ``python benchmarks/run.py NAME… [--json FILE]``.

A benchmark is a module of this folder with ``run() -> list[Record]``. Each record carries one
figure of ours and, where a peer was timed in the same run, how many times better ours is. A peer
that is not installed is named and said to be missing, never counted as zero.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import json
import os
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

from record import Record  # noqa: E402 - the folder is on the path only now


def main(arguments: list[str] | None = None) -> int:
    """Run the named benchmarks, print their table and write their records."""
    known = names()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="+", choices=known, metavar="NAME", help=", ".join(known))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the records here as well")
    options = parser.parse_args(arguments)
    records = []
    for name in options.names:
        print(f"{name} …", file=sys.stderr, flush=True)
        records += load(name).run()
    print(table(records))
    if options.json:
        options.json.write_text(json.dumps(report(records), indent=2) + "\n", encoding="utf-8")
    return 0


def names() -> list[str]:
    """Return the benchmarks of this folder: the modules that define ``run``."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if _has_run(path))


def _has_run(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in tree.body)


def load(name: str) -> Any:
    """Import one benchmark."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def table(records: list[Record]) -> str:
    """Return the records as text, one a line."""
    rows = [("record", "value", "unit", "peer", "times better")]
    rows += [
        (record.name, f"{record.value:.4g}", record.unit, record.peer or "", _ratio(record))
        for record in records
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _ratio(record: Record) -> str:
    if record.peer is None:
        return ""
    return "not installed" if record.ratio is None else f"{record.ratio:.2f}"


def report(records: list[Record]) -> dict[str, Any]:
    """Return the records with what they were measured on."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cpu": platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "records": [asdict(record) for record in records],
    }


if __name__ == "__main__":
    sys.exit(main())
