"""Errors of those who call the measuring core: every breach is listed, then raised once."""

from __future__ import annotations

from collections.abc import Iterable


class NetworkError(ValueError):
    """The arrays given do not make a street network in metres."""


class QueryError(ValueError):
    """A question was asked that the network cannot answer."""


def raise_all(kind: type[ValueError], breaches: Iterable[str]) -> None:
    """Raise ``kind`` with every breach in one message, or return when there is none."""
    found = list(breaches)
    if found:
        raise kind("; ".join(found))
