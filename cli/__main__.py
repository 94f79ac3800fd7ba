"""Run the command line as ``python -m quarterhour.cli``."""

from . import main

main()
