"""The command line ``quarterhour``.

Exit codes: 0 fine, 1 faults in the input or a result that could not be made, 2 usage,
130 interrupted.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; the entry point of the console script."""
    try:
        from .app import run  # noqa: PLC0415 - keeps `import quarterhour.cli` light

        run()
    except KeyboardInterrupt:
        sys.exit(130)
