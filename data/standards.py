"""Standards packs: shipped ones and a bureau's own, read with every fault listed."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .faults import FaultLog
from .standards_schema import (
    Certainty,
    Criterion,
    OutletType,
    Sourced,
    StandardsPack,
    Tier,
    Value,
    WalkingProfile,
)
from .text import DEFAULT_LANGUAGE, tr

__all__ = [
    "Certainty",
    "Criterion",
    "OutletType",
    "Sourced",
    "StandardsPack",
    "Tier",
    "Value",
    "WalkingProfile",
    "load_pack",
    "parse_pack",
    "shipped_packs",
    "show_value",
]

#: Files beside the packs that are not packs themselves: tables of category codes.
_MAPPING_SUFFIX = "-poi"


def shipped_packs() -> tuple[str, ...]:
    """Return the names of the packs that come with quarterhour, sorted."""
    folder = resources.files(__package__) / "packs"
    names = (entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    packs = (name.removesuffix(".toml") for name in names)
    return tuple(sorted(name for name in packs if not name.endswith(_MAPPING_SUFFIX)))


def load_pack(
    name: str | Path, *, folder: Path | None = None, log: FaultLog | None = None
) -> StandardsPack | None:
    """Load a pack by the name of a shipped one or by path.

    Parameters
    ----------
    name
        E.g. ``"beijing-8"``, or the path of a bureau's own file ending in ``.toml``.
    folder
        What a relative path is relative to; default the current folder.
    log
        Takes the faults; without it they are raised.

    Returns
    -------
    StandardsPack or None
        None when ``log`` got a fault.

    Raises
    ------
    InputFaults
        If there are faults and no ``log``.
    """
    own_log = log if log is not None else FaultLog()
    text = _text(str(name), folder or Path(), own_log)
    pack = parse_pack(text, file=str(name), log=own_log) if text is not None else None
    if log is None:
        own_log.raise_if_any()
    return pack


def _text(name: str, folder: Path, log: FaultLog) -> str | None:
    if name in shipped_packs():
        return (resources.files(__package__) / "packs" / f"{name}.toml").read_text("utf-8")
    path = folder / name
    if path.suffix != ".toml":
        log.add("no_such_pack", value=name, shipped=", ".join(shipped_packs()))
        return None
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        log.add("file_missing", file=name)
    except UnicodeDecodeError as error:
        log.add("wrong_encoding", file=name, value="utf-8", detail=error.reason)
    except OSError as error:
        log.add("unreadable", file=name, detail=error.strerror or str(error))
    return None


def parse_pack(text: str, *, file: str, log: FaultLog) -> StandardsPack | None:
    """Read the text of a pack.

    Parameters
    ----------
    text
        TOML; the form is `quarterhour.data.standards_schema.StandardsPack`.
    file
        Name for the faults.
    log
        Takes the faults ``pack_not_toml``, ``pack_missing``, ``pack_unknown_key``,
        ``pack_invalid``, ``pack_duplicate``, ``pack_unknown_reference``, ``pack_shared_alias``.

    Returns
    -------
    StandardsPack or None
        None when there is any fault.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        log.add("pack_not_toml", file=file, value=str(error))
        return None
    try:
        pack = StandardsPack.model_validate(raw)
    except ValidationError as error:
        for detail in _own_faults(error.errors(include_url=False)):
            _note(detail, raw, file, log)
        return None
    return pack if _consistent(pack, file, log) else None


def _own_faults(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out a list called too short only because its entries have faults of their own."""
    places = [detail["loc"] for detail in details]

    def caused_inside(place: tuple[int | str, ...]) -> bool:
        return any(len(o) > len(place) and o[: len(place)] == place for o in places)

    return [d for d in details if d["type"] != "too_short" or not caused_inside(d["loc"])]


def _note(detail: ErrorDetails, raw: object, file: str, log: FaultLog) -> None:
    place = _place(detail["loc"], raw)
    if detail["type"] == "missing":
        log.add("pack_missing", file=file, column=place)
    elif detail["type"] == "extra_forbidden":
        log.add("pack_unknown_key", file=file, column=place)
    else:
        said = detail["msg"].removeprefix("Value error, ")
        log.add("pack_invalid", file=file, column=place, value=detail["input"], said=said)


def _place(location: tuple[int | str, ...], raw: object) -> str:
    """Return e.g. ``types[vegetable].minutes.value``: entries go by their id if they have one."""
    text, here = "", raw
    for part in location:
        if isinstance(part, int):
            here = here[part] if isinstance(here, list) and part < len(here) else None
            shown = here.get("id", part + 1) if isinstance(here, dict) else part + 1
            text += f"[{shown}]"
        else:
            here = here.get(part) if isinstance(here, dict) else None
            text += f".{part}" if text else part
    return text


def _consistent(pack: StandardsPack, file: str, log: FaultLog) -> bool:
    """Check what no single value shows: ids unique, references known, names unambiguous."""
    before = len(log.entries)
    for part in ("tiers", "categories", "types", "profiles", "indicators"):
        _note_duplicates((entry.id for entry in getattr(pack, part)), part, file, log)
    tiers = {tier.id for tier in pack.tiers}
    categories = {category.id for category in pack.categories}
    for outlet in pack.types:
        for column, wanted, known in (
            ("tier", outlet.tier.id, tiers),
            ("category", outlet.category, categories | {""}),
        ):
            if wanted not in known:
                place = f"types[{outlet.id}].{column}"
                shown = ", ".join(sorted(known - {""})) or "–"
                log.add(
                    "pack_unknown_reference", file=file, column=place, value=wanted, known=shown
                )
        _note_duplicates(
            (entry.id for entry in outlet.indicators), f"types[{outlet.id}].indicators", file, log
        )
    _note_shared_names(pack, file, log)
    return len(log.entries) == before


def _note_duplicates(ids: Iterable[str], part: str, file: str, log: FaultLog) -> None:
    for name, count in Counter(ids).items():
        if count > 1:
            log.add("pack_duplicate", file=file, column=part, value=name, count=count)


def _note_shared_names(pack: StandardsPack, file: str, log: FaultLog) -> None:
    owners: dict[str, set[str]] = {}
    for outlet in pack.types:
        for name in (outlet.id, outlet.name.zh, outlet.name.en, *outlet.aliases):
            owners.setdefault(name.casefold(), set()).add(outlet.id)
    for name, types in owners.items():
        if len(types) > 1:
            shown = ", ".join(sorted(types))
            log.add("pack_shared_alias", file=file, column="types", value=name, types=shown)


def show_value(value: Value, language: str = DEFAULT_LANGUAGE) -> str:
    """Return a value as a reader may see it: with unit, range, and label unless it is verified.

    Parameters
    ----------
    value
        Any value of a pack.
    language
        A language of the catalogue.

    Returns
    -------
    str
        E.g. ``"10 min (source: 5–10 min; project choice)"``, ``"500 m (unverified)"``.
    """
    figure = _with_unit(_number(value.value), value.unit, language)
    remarks = []
    if value.low is not None or value.high is not None:
        span = _with_unit(_span(value.low, value.high), value.unit, language)
        remarks.append(tr("standards.range", language, span=span))
    if value.certainty != "verified":
        remarks.append(tr(f"standards.certainty.{value.certainty}", language))
    if not remarks:
        return figure
    joined = tr("standards.separator", language).join(remarks)
    return tr("standards.with_remarks", language, figure=figure, remarks=joined)


def _with_unit(figure: str, unit: str, language: str) -> str:
    """Return figure and unit; a unit of a bureau's own is shown as it stands."""
    try:
        return tr(f"standards.unit.{unit.replace('/', '_')}", language, figure=figure)
    except KeyError:
        return f"{figure} {unit}".strip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,g}"


def _span(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"≤ {_number(high)}" if high is not None else f"≥ {_number(low or 0)}"
    return f"{_number(low)}–{_number(high)}"
