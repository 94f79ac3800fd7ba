"""Words of the run report: both languages at once, names of types and areas."""

from __future__ import annotations

from dataclasses import dataclass

from quarterhour.data.text import tr
from quarterhour.maps.report_parts import Words

from .study_run import StudyRun

LANGUAGES = ("zh", "en")


def say(key: str, **params: object) -> Words:
    """Return words of the domain ``report``; a parameter that is `Words` goes in by language."""
    said = [
        tr(f"report.{key}", language, **{name: _in(value, language) for name, value in
                                         params.items()})
        for language in LANGUAGES
    ]  # fmt: skip
    return Words(*said)


def joined(parts: list[Words], *, zh: str = "；", en: str = "; ") -> Words:
    """Return several texts as one."""
    return Words(zh.join(part.zh for part in parts), en.join(part.en for part in parts))


def plain(text: object) -> Words:
    """Return a text that is the same in every language."""
    return Words(str(text), str(text))


def count(value: float) -> str:
    """Return a whole number with separators."""
    return f"{value:,.0f}"


def share(value: float | None) -> str:
    """Return a share as per cent."""
    return "–" if value is None else f"{value:.1%}"


def _in(value: object, language: str) -> object:
    return value.get(language) if isinstance(value, Words) else value


@dataclass(frozen=True, slots=True)
class Names:
    """What types and areas are called."""

    types: dict[str, Words]
    areas: dict[tuple[str, str], Words]

    @classmethod
    def of(cls, run: StudyRun) -> Names:
        """Return the names of a study."""
        pack, areas = run.inputs.pack, run.inputs.areas
        rows = zip(areas["level"], areas["id"], areas["name"], areas["name_en"], strict=True)
        return cls(
            {kind.id: Words(kind.name.zh, kind.name.en) for kind in pack.types},
            {(level, area): Words(zh or area, en or zh or area) for level, area, zh, en in rows},
        )

    def type(self, kind: str) -> Words:
        """Return the name of a type, or of all of them for ""."""
        return self.types.get(kind, plain(kind)) if kind else say("all_types")

    def area(self, level: str, area: str) -> Words:
        """Return the name of an area, or of the whole for no level."""
        if not level or level == "city":
            return say("city")
        return self.areas.get((level, area), plain(area)) if area else say("city_area")

    def place(self, area: str) -> Words:
        """Return the name of a community, or the text itself."""
        return self.areas.get(("community", area), plain(area))
