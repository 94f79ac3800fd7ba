"""``python -m quarterhour.data.demo [FOLDER]`` makes the files of the demo city again."""

from __future__ import annotations

import sys
from pathlib import Path

from .write import regenerate


def main(arguments: list[str]) -> None:
    """Write the files into the folder given, by default the one that is shipped."""
    folder = Path(arguments[0]) if arguments else Path(__file__).parent / "city"
    for path in regenerate(folder):
        sys.stdout.write(f"{path.stat().st_size:>9,} {path.name}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
