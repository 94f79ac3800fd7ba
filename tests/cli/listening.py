"""Run the command line in this process and keep what it lists, word for word."""

import re

import pytest

from quarterhour.cli.app import run
from quarterhour.cli.console import Screen

#: A place of a template that was never filled in.
UNFILLED = re.compile(r"\{[a-z_]*\}")


class Listener:
    """Calls commands; remembers the faults that were handed to the screen while it shows them."""

    def __init__(self, capsys, monkeypatch):
        self.capsys, self.faults = capsys, []
        show = Screen.faults

        def listen(screen, faults):
            listed = list(faults)
            self.faults += listed
            show(screen, listed)

        monkeypatch.setattr(Screen, "faults", listen)

    def __call__(self, *words):
        """Return exit code, standard output and standard error."""
        self.faults.clear()
        with pytest.raises(SystemExit) as left:
            run([str(word) for word in words])
        said = self.capsys.readouterr()
        return left.value.code or 0, said.out, said.err


def contents(folder):
    """Return path -> bytes of every file below a folder, and None for every folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }
