"""From a table's own categories (map codes, Chinese names) to the types of a standards pack."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from .faults import FaultLog
from .figures import narrow
from .standards_schema import StandardsPack
from .tables import RawTable, input_path, read_table

Unmapped = Literal["ignore", "fault"]

#: Targets that say "none of our types, on purpose".
IGNORED: Final = frozenset({"", "-", "ignore", "忽略", "无"})
_NAME_RULE: Final = re.compile(r"(?:name|名称|名称含)\s*[:：]\s*(?P<word>.+)", re.IGNORECASE)
_SEPARATORS: Final = re.compile(r"[、，,;；/|+＋\s]+")
_MAPPING_SUFFIX: Final = "-poi"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a mapping: which rows become which type.

    Attributes
    ----------
    code
        Exact category, or a prefix if `prefix`; ``""`` fits any.
    prefix
        Whether `code` is the beginning of the category.
    word
        Part of the row's name; ``""`` fits any.
    type
        Target type, ``""`` for rows left out on purpose.
    shipped
        Whether the rule comes with quarterhour: then it may name a type that the pack does
        without, and compares padded codes only.
    """

    code: str
    prefix: bool
    word: str
    type: str
    shipped: bool = False

    def fits(self, category: str, name: str) -> bool:
        """Tell whether a row with this category and name falls under the rule."""
        whole = category.startswith(self.code) if self.prefix else category == self.code
        return (whole or not self.code) and self.word in name

    @property
    def rank(self) -> tuple[bool, bool, bool, int]:
        """Order of rules: with code and word, exact, longest prefix, word alone."""
        return (not (self.code and self.word), not self.code, self.prefix, -len(self.code))


@dataclass(frozen=True, slots=True)
class TypeMapping:
    """Rules from categories to types, the most specific first.

    Attributes
    ----------
    rules
        In order; the first that fits decides.
    digits
        Width to which purely numeric categories are padded with zeros; 0 leaves them alone.
        (Spreadsheets turn ``050300`` into ``50300``.)
    scheme
        Pattern of all categories of the scheme: one that fits and has no rule is another
        kind of place, not a mistake. None if the mapping names every category there is.
    """

    rules: tuple[Rule, ...] = ()
    digits: int = 0
    scheme: re.Pattern[str] | None = None

    def find(self, category: str, name: str = "") -> str | None:
        """Return the type of a category and name, ``""`` if left out on purpose, else None."""
        padded, plain = plain_category(category, self.digits), plain_category(category)
        for rule in self.rules:
            if rule.fits(padded, name) or (not rule.shipped and rule.fits(plain, name)):
                return rule.type
        return None

    def knows(self, category: str) -> bool:
        """Tell whether the category belongs to the scheme."""
        plain = plain_category(category, self.digits)
        return self.scheme is not None and self.scheme.fullmatch(plain) is not None


@dataclass(frozen=True, slots=True)
class TypedRows:
    """Types found for the rows of a table.

    Attributes
    ----------
    types
        (n,) tuple of type ids of each row, empty where none.
    unmapped
        Category → number of rows without a type, most frequent first.
    ignored
        Number of rows left out on purpose.
    """

    types: NDArray[np.object_]
    unmapped: dict[str, int] = field(default_factory=dict)
    ignored: int = 0


def plain_category(text: str, digits: int = 0) -> str:
    """Return a category for comparison: narrow, lower case, numeric codes padded."""
    plain = narrow(text).casefold()
    return plain.zfill(digits) if plain.isdecimal() else plain


def mapping_from(rules: Mapping[str, str]) -> TypeMapping:
    """Return a mapping from ``{category: type}``.

    Parameters
    ----------
    rules
        Keys are exact categories (``"060200"``, ``"美发店"``), prefixes (``"0602*"``) or
        ``"name:早餐"`` for rows whose name holds the word. Values are type ids or names;
        ``""`` or ``"ignore"`` leaves the rows out on purpose.
    """
    return TypeMapping(_sorted(_rule(key, value) for key, value in rules.items()))


def _rule(key: str, target: str) -> Rule:
    wanted = "" if target.strip().lower() in IGNORED else target.strip()
    if found := _NAME_RULE.fullmatch(key.strip()):
        return Rule("", False, found["word"], wanted)
    code = plain_category(key)
    return Rule(code.removesuffix("*"), code.endswith("*"), "", wanted)


def _sorted(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(sorted(rules, key=lambda rule: rule.rank))


@cache
def shipped_mappings() -> tuple[str, ...]:
    """Return the names of the mapping tables that come with quarterhour, sorted."""
    folder = resources.files(__package__) / "packs"
    names = (entry.name.removesuffix(".toml") for entry in folder.iterdir())
    return tuple(sorted(name for name in names if name.endswith(_MAPPING_SUFFIX)))


def load_mapping(name: str | Path, *, folder: Path | None = None, log: FaultLog) -> TypeMapping:
    """Load a shipped mapping table by name, or a user's own by path.

    Parameters
    ----------
    name
        ``"amap-poi"`` or another of `shipped_mappings`; or a table (CSV, Excel) with the columns
        ``code`` (编码) and ``type`` (业态), whose cells are as in `mapping_from`.
    folder
        What a relative path is relative to.
    log
        Takes the faults of the table, and ``required_column``.

    Returns
    -------
    TypeMapping
        Empty when there was a fault.
    """
    if str(name) in shipped_mappings():
        return _shipped(str(name))
    table = read_table(input_path(folder or Path(), str(name)), log=log, name=str(name))
    if table is None:
        return TypeMapping()
    code = _first_present(table, ("code", "编码", "代码", "分类", "类别", "category"))
    target = _first_present(table, ("type", "业态", "类型"))
    if code is None or target is None:
        missing = "code" if code is None else "type"
        present = ", ".join(table.columns)
        log.add("required_column", file=str(name), value=missing, present=present)
        return TypeMapping()
    return mapping_from(dict(zip(table.text(code), table.text(target), strict=True)))


def _first_present(table: RawTable, names: tuple[str, ...]) -> str | None:
    lower = {column.casefold(): column for column in table.columns}
    return next((lower[name] for name in names if name in lower), None)


@cache
def _shipped(name: str) -> TypeMapping:
    text = (resources.files(__package__) / "packs" / f"{name}.toml").read_text("utf-8")
    raw = tomllib.loads(text)
    rules = []
    for entry in raw["entries"]:
        for code in entry.get("codes", ["*"]):
            plain, prefix = code.removesuffix("*"), code.endswith("*")
            rules += [
                Rule(plain, prefix and bool(plain), word, entry["type"], shipped=True)
                for word in entry.get("words", [""])
            ]
        names = [plain_category(name) for name in entry.get("names", [])]
        rules += [Rule(name, False, "", entry["type"], shipped=True) for name in names]
    return TypeMapping(_sorted(rules), raw["digits"], re.compile(raw["scheme"]))


def map_types(
    categories: Iterable[str],
    names: Iterable[str],
    *,
    table: RawTable,
    column: str,
    pack: StandardsPack,
    mapping: TypeMapping | None = None,
    unmapped: Unmapped = "fault",
    log: FaultLog,
) -> TypedRows:
    """Find the type or types of every row.

    The mapping decides first; then a category that is a type's id, name or alias in the pack
    needs no mapping. ``"早餐、便利店"`` gives two types; of Amap's path
    ``"购物服务;超级市场;超市"`` the finest known part decides.

    Parameters
    ----------
    categories, names
        (n,) text of each row.
    table, column
        For the faults.
    pack
        The standards pack.
    mapping
        Rules that go before the pack's names.
    unmapped
        What to do with a category that is neither mapped nor of the mapping's scheme:
        ``"fault"`` notes ``unknown_type``, one for each category; ``"ignore"`` only counts.
    log
        Takes ``unknown_type`` and ``unknown_target``.

    Returns
    -------
    TypedRows
    """
    rules = mapping or TypeMapping()
    known = pack_names(pack)
    _note_targets(rules, known, pack, table, log)
    found: list[tuple[str, ...]] = []
    counts: Counter[str] = Counter()
    first_rows: dict[str, int] = {}
    ignored = 0
    for index, (category, name) in enumerate(zip(categories, names, strict=True)):
        types = _types_of(category, name, rules, known)
        if types is None:
            counts[category] += 1
            first_rows.setdefault(category, int(table.row_numbers[index]))
        ignored += types == ()
        found.append(types or ())
    if unmapped == "fault":
        _note_unmapped(counts, first_rows, rules, pack, table, column, log)
    return TypedRows(_objects(found), dict(counts.most_common()), ignored)


def pack_names(pack: StandardsPack) -> dict[str, str]:
    """Return every id, name and alias of a pack's types, as `plain_category`, with its type."""
    names: dict[str, str] = {}
    for outlet in pack.types:
        for name in (outlet.id, outlet.name.zh, outlet.name.en, *outlet.aliases):
            names.setdefault(plain_category(name), outlet.id)
    return names


def split_types(text: str) -> list[str]:
    """Return the parts of a list of types written with 、 , ; / | or spaces between."""
    return [part for part in _SEPARATORS.split(text) if part]


def _types_of(
    category: str, name: str, rules: TypeMapping, known: Mapping[str, str]
) -> tuple[str, ...] | None:
    """Return the types, ``()`` if left out on purpose, None if nothing fits."""
    whole = _one_type(category, name, rules, known)
    if whole is not None:
        return (whole,) if whole else ()
    several = [_one_type(part, name, rules, known) for part in split_types(category)]
    if len(several) > 1 and all(several):
        return tuple(dict.fromkeys(part for part in several if part))
    finest = [part for part in reversed(several) if part is not None]
    return None if not finest else ((finest[0],) if finest[0] else ())


def _one_type(category: str, name: str, rules: TypeMapping, known: Mapping[str, str]) -> str | None:
    target = rules.find(category, name)
    if target is None:
        return known.get(plain_category(category))
    return known.get(plain_category(target), "") if target else ""


def _note_targets(
    rules: TypeMapping,
    known: Mapping[str, str],
    pack: StandardsPack,
    table: RawTable,
    log: FaultLog,
) -> None:
    """Note targets the pack lacks; a shipped mapping may name types that a pack does without."""
    targets = dict.fromkeys(r.type for r in rules.rules if r.type and not r.shipped)
    for target in targets:
        if plain_category(target) not in known:
            shown = ", ".join(pack.type_ids)
            log.add("unknown_target", file=table.name, value=target, pack=pack.id, known=shown)


def _note_unmapped(
    counts: Counter[str],
    first_rows: Mapping[str, int],
    rules: TypeMapping,
    pack: StandardsPack,
    table: RawTable,
    column: str,
    log: FaultLog,
) -> None:
    for category, count in counts.most_common():
        if not rules.knows(category):
            log.add(
                "unknown_type",
                file=table.name,
                row=first_rows[category],
                column=column,
                value=category,
                count=count,
                known=", ".join(pack.type_ids),
            )


def _objects(values: list[tuple[str, ...]]) -> NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
