"""Layers of the planner's map: geometry, classes, popups and legend as plain tables.

A layer's classes may depend on the facility type chosen (``"parcel"``), on the time shown
(``"parcel@after"``), or on neither (``""``); the page takes the closest that there is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .classes import Classes
from .encode import encoded
from .geometry import Geometries
from .payload import clean

Json = dict[str, Any]
Shape = Literal["fill", "line", "dot", "square", "pin", "street", "outline"]
Group = Literal["shading", "homes", "gaps", "plan", "supply", "ground"]

#: Of these groups only one layer is seen at a time: they would cover each other.
ONE_OF = ("shading", "homes")

#: In the order of the list on the page.
GROUPS = ("shading", "homes", "gaps", "plan", "supply", "ground")


@dataclass(frozen=True, slots=True)
class Categories:
    """Kinds of a thing: words (keys of the catalogue ``maps``) and colours, letter by position."""

    words: tuple[str, ...]
    colours: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the popups.

    Attributes
    ----------
    word
        Key of its label under ``maps.fact``.
    values
        By type (``""``: whatever type): one a row, numbers or texts; NaN, None, "" are not shown.
    unit
        Key of the unit under ``maps.unit``; ``""`` for none.
    digits
        Decimals of numbers.
    words
        Prefix of a catalogue key (``state``): the values are words of the page, not of the user.
    """

    word: str
    values: Mapping[str, Any]
    unit: str = ""
    digits: int = 0
    words: str = ""


@dataclass(frozen=True, slots=True)
class Shading:
    """How rows are coloured, for one type and time.

    Attributes
    ----------
    letters
        One letter a row: the class or category, ``-`` unknown, a space for a row not drawn.
    scale
        Classes of a number or categories; equal scales of a layer are written once.
    """

    letters: str
    scale: Classes | Categories


@dataclass(frozen=True, slots=True)
class MapLayer:
    """One layer.

    Attributes
    ----------
    key
        Its name on the page under ``maps.planner``, unique in a map.
    group, shape
        Where it is listed and how it is drawn.
    geometry
        object (n,) in EPSG:4326.
    shading
        By type and time (see the module).
    unit
        Key under ``maps.unit`` of what the classes count.
    titles, titles_en
        Heading of each popup; searched where ``searched``.
    facts
        Lines of the popups.
    types
        Type of each row: shown only while its type (or the full circle) is chosen; None for all.
    size
        Persons of each row: area of its dot; None for dots of one size.
    labels
        Text inside each pin.
    levels
        Level of each row (district, street, community): one level is shown at a time.
    since
        Time from which a row is shown (``"after"``, or a year); None for always.
    like
        Key of an earlier layer with the same rows, whose geometry, titles, facts and sizes it has.
    shown
        Whether it is drawn at first.
    searched
        Whether the search finds its titles.
    tolerance
        Simplification, degrees.
    custom
        A title of the user's own in place of the catalogue's word.
    """

    key: str
    group: Group
    shape: Shape
    geometry: Geometries
    shading: Mapping[str, Shading]
    unit: str = ""
    titles: Sequence[str] = ()
    titles_en: Sequence[str] = ()
    facts: Sequence[Fact] = ()
    types: Sequence[str] | None = None
    size: npt.ArrayLike | None = None
    labels: Sequence[str] | None = None
    levels: Sequence[str] | None = None
    since: Sequence[str] | None = None
    like: str = ""
    shown: bool = False
    searched: bool = False
    tolerance: float = 0.0
    custom: str = field(default="")

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.geometry)


def layer_json(layer: MapLayer) -> Json:
    """Return a layer for the page's scripts.

    Raises
    ------
    ValueError
        If a column has another length than the geometry.
    """
    _check(layer)
    scales: list[Json] = []
    shading = {when: _shading(one, scales) for when, one in layer.shading.items()}
    return {
        "key": layer.key,
        "custom": clean(layer.custom),
        "group": layer.group,
        "shape": layer.shape,
        "unit": layer.unit,
        "shown": layer.shown,
        "searched": layer.searched,
        "scales": scales,
        "shading": shading,
        "like": layer.like,
        "rows": len(layer),
        **({} if layer.like else _own(layer)),
    }


def _own(layer: MapLayer) -> Json:
    """Return what a layer does not share with another."""
    return {
        **encoded(layer.geometry, layer.tolerance),
        "zh": [clean(title) for title in layer.titles],
        "en": [clean(title) for title in layer.titles_en],
        "facts": [_fact(fact) for fact in layer.facts],
        "types": None if layer.types is None else [clean(kind) for kind in layer.types],
        "size": None if layer.size is None else _numbers(layer.size, 1),
        "levels": None if layer.levels is None else [clean(level) for level in layer.levels],
        "labels": None if layer.labels is None else [clean(label) for label in layer.labels],
        "since": None if layer.since is None else [clean(since) for since in layer.since],
    }


def _check(layer: MapLayer) -> None:
    columns: dict[str, Sequence[Any] | None] = {
        "types": layer.types, "labels": layer.labels, "since": layer.since, "levels": layer.levels,
        "titles": layer.titles or None, "titles_en": layer.titles_en or None,
    }  # fmt: skip
    if layer.size is not None:
        columns["size"] = list(np.asarray(layer.size))
    columns |= {f"shading[{when!r}]": one.letters for when, one in layer.shading.items()}
    columns |= {
        f"{fact.word}[{kind!r}]": values
        for fact in layer.facts
        for kind, values in fact.values.items()
    }
    wrong = [
        f"{name} has {len(column)} rows"
        for name, column in columns.items()
        if column is not None and len(column) != len(layer)
    ]
    if wrong:
        message = f"layer {layer.key} has {len(layer)} rows, but " + ", ".join(wrong)
        raise ValueError(message)


def _shading(one: Shading, scales: list[Json]) -> Json:
    scale = _scale(one.scale)
    if scale not in scales:
        scales.append(scale)
    same = len(set(one.letters)) == 1
    return {"scale": scales.index(scale), "rows": one.letters[:1] if same else one.letters}


def _scale(scale: Classes | Categories) -> Json:
    if isinstance(scale, Categories):
        return {"words": [_word(word) for word in scale.words], "colours": scale.colours}
    edges = [edge if np.isfinite(edge) else None for edge in scale.edges]
    return {"edges": edges, "colours": scale.colours, "method": scale.method}


def _word(word: str) -> str:
    """Return a catalogue key as it is; a text of the user's own (after "=") made fit to show."""
    return f"={clean(word[1:])}" if word.startswith("=") else word


def _fact(fact: Fact) -> Json:
    values = {clean(kind): _values(one, fact.digits) for kind, one in fact.values.items()}
    return {"word": _word(fact.word), "unit": fact.unit, "words": fact.words, "values": values}


def _values(values: Sequence[Any], digits: int) -> list[Any]:
    column = np.asarray(values)
    if column.dtype.kind in "fiu":
        return _numbers(column, digits)
    return [None if value is None or value != value else clean(value) for value in values]  # noqa: PLR0124 - NaN


def _numbers(values: npt.ArrayLike, digits: int) -> list[float | int | None]:
    """Return numbers rounded, whole ones as int, None for NaN and infinity."""
    numbers = np.asarray(values, np.float64)
    kept = np.isfinite(numbers)
    rounded = np.round(np.where(kept, numbers, 0.0), digits)
    if digits == 0:
        plain: list[Any] = rounded.astype(np.int64).tolist()
    else:
        plain = [int(one) if one == int(one) else one for one in rounded.tolist()]
    return [one if keep else None for one, keep in zip(plain, kept.tolist(), strict=True)]
