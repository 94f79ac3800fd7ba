"""Write a commented ``study.toml``: given values as lines, the rest as commented defaults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from .study import StudyConfig, section_model
from .study_base import TableSection
from .text import catalogue, tr

#: Sections that may be repeated, written as ``[[name]]``.
REPEATED = ("facilities", "areas")


def study_toml(given: Mapping[str, Any], language: str) -> str:
    """Return the text of a ``study.toml``.

    Parameters
    ----------
    given
        Values by section: a mapping for ``[section]``, a list of mappings for ``[[section]]``.
    language
        Language of the comments.

    Returns
    -------
    str
        TOML that `quarterhour.data.study.parse_study` reads; every option the schema has stands
        in it, given ones as lines and the others commented out at their default.
    """
    blocks = [_comment(tr("study.head", language))]
    for section in StudyConfig.model_fields:
        values = given.get(section)
        many = values if isinstance(values, list) else [values]
        for number, one in enumerate(many):
            blocks.append(_section(section, one, language, explain=number == 0))
    return "\n\n".join(blocks) + "\n"


def option_rows(language: str) -> list[tuple[str, str, str, str]]:
    """Return (section, option, default, meaning) of every option, for the documentation."""
    rows = []
    for section in StudyConfig.model_fields:
        for name, option in section_model(section).model_fields.items():
            if _is_section(option) or section == "paths":
                continue
            rows.append((section, name, _default(option), _meaning(section, name, language)))
    return rows


def _section(section: str, values: Any, language: str, *, explain: bool) -> str:
    present = values is not None or isinstance(StudyConfig.model_fields[section].default, BaseModel)
    if section == "paths":
        return _paths(values, language)
    head = f"[[{section}]]" if section in REPEATED else f"[{section}]"
    lines = [_comment(tr(f"study.{section}._", language))] if explain else []
    lines.append(head if present else f"# {head}")
    inner: list[str] = []
    for name, option in section_model(section).model_fields.items():
        value = (values or {}).get(name)
        if _is_section(option):
            inner.append(_nested(f"{section}.{name}", value, language))
            continue
        if explain:
            lines.append(_comment(_meaning(section, name, language)))
        if value is not None:
            lines.append(f"{name} = {toml_value(value)}")
        elif explain:
            lines.append(f"# {name} = {_default(option)}")
    return "\n".join([*lines, *inner])


def _paths(values: Any, language: str) -> str:
    lines = [_comment(tr("study.paths._", language))]
    lines += [
        "[paths]",
        *(f"{_key(key)} = {toml_value(one)}" for key, one in (values or {}).items()),
    ]
    return "\n".join(lines if values else [*lines[:1], "# [paths]", '# data = "D:/data"'])


def _nested(path: str, values: Any, language: str) -> str:
    lines = ["", _comment(tr(f"study.{path}._", language))]
    if values is None:
        lines += [
            f"# [{path}]",
            '# file = "…"',
            '# columns = {demand_id = "…", lon = "…", lat = "…"}',
        ]
    else:
        lines += [f"[{path}]", *(f"{key} = {toml_value(value)}" for key, value in values.items())]
    return "\n".join(lines)


def _meaning(section: str, name: str, language: str) -> str:
    """Return the words for an option; options common to all tables are explained at demand."""
    own = f"study.{section}.{name}"
    return tr(own if own in catalogue(language) else f"study.demand.{name}", language)


def _comment(text: str) -> str:
    return "\n".join(f"# {line}" for line in text.splitlines())


def _is_section(option: FieldInfo) -> bool:
    if get_origin(option.annotation) is dict:
        return False
    kinds = get_args(option.annotation) or (option.annotation,)
    return any(isinstance(kind, type) and issubclass(kind, TableSection) for kind in kinds)


def _default(option: FieldInfo) -> str:
    if option.default is PydanticUndefined or option.default is None:
        return "…"
    return toml_value(option.default)


def toml_value(value: Any) -> str:
    """Return ``value`` as TOML: text, number, truth, list, or inline table."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, BaseModel):
        return toml_value(value.model_dump(exclude_none=True))
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(key)} = {toml_value(one)}" for key, one in value.items())
        return "{" + inside + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(one) for one in value) + "]"
    return repr(value)


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if bare else json.dumps(key, ensure_ascii=False)


def study_reference(language: str) -> str:
    """Return the reference of all options as Markdown; ``docs/study*.md`` hold it."""
    lines = [tr("study.reference", language), ""]
    for section in StudyConfig.model_fields:
        head = f"[[{section}]]" if section in REPEATED else f"[{section}]"
        lines += [f"## `{head}`", "", tr(f"study.{section}._", language), ""]
        rows = [row for row in option_rows(language) if row[0] == section]
        if rows:
            lines += [tr("study.reference_columns", language), "|---|---|---|"]
            lines += [
                f"| `{name}` | `{default}` | {meaning} |" for _, name, default, meaning in rows
            ]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    from pathlib import Path

    for code, name in (("en", "study.md"), ("zh", "study.zh.md")):
        Path("docs", name).write_text(study_reference(code), encoding="utf-8")
