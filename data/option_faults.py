"""Faults of single options of ``study.toml``, from pydantic's errors to words of our own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from pydantic_core import ErrorDetails

from .faults import FaultLog

#: pydantic's kind of error -> our fault code. A kind that is itself a code comes from our own
#: validators; anything else is ``option_invalid``, with pydantic's words.
_CODES: Final = {
    "missing": "option_missing",
    "extra_forbidden": "option_unknown",
    "literal_error": "option_not_allowed",
    "string_type": "option_text",
    "string_too_short": "option_empty",
    "int_type": "option_whole_number",
    "int_parsing": "option_whole_number",
    "int_from_float": "option_whole_number",
    "float_type": "option_number",
    "float_parsing": "option_number",
    "finite_number": "option_number",
    "bool_type": "option_yes_or_no",
    "bool_parsing": "option_yes_or_no",
    "dict_type": "option_table",
    "model_type": "option_table",
    "model_attributes_type": "option_table",
    "tuple_type": "option_list",
    "list_type": "option_list",
    "greater_than": "option_range",
    "greater_than_equal": "option_range",
    "less_than": "option_range",
    "less_than_equal": "option_range",
}
#: Bounds as pydantic names them -> the sign people read.
_SIGNS: Final = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}


def note_option(detail: ErrorDetails, known: Iterable[str], *, file: str, log: FaultLog) -> None:
    """Note one error of a model under its dotted option.

    Parameters
    ----------
    detail
        Of `pydantic.ValidationError.errors`.
    known
        Options there are where this one stands.
    file
        Name of the file.
    log
        Takes the fault.
    """
    kind, context = detail["type"], detail.get("ctx") or {}
    code = kind if kind.startswith("option_") else _CODES.get(kind, "option_invalid")
    # A rule between options of a section names the one to look at.
    inside = (str(context["option"]),) if "option" in context else ()
    option = dotted((*detail["loc"], *inside))
    value = None if code == "option_missing" else shown(detail["input"])
    params: dict[str, str] = {}
    if code == "option_unknown":
        params["known"] = ", ".join(known)
    elif code == "option_not_allowed":
        params["known"] = re.sub(r" or ", ", ", str(context.get("expected", ""))).replace("'", "")
    elif code == "option_range":
        bounds = [f"{sign} {context[name]:g}" for name, sign in _SIGNS.items() if name in context]
        params["bound"] = ", ".join(bounds)
    elif kind.startswith("option_"):
        params = {name: str(value) for name, value in context.items() if name != "option"}
    elif code == "option_invalid":
        params["said"] = detail["msg"]
    log.add(code, file=file, column=option, value=value, row=None, **params)  # type: ignore[arg-type]


def dotted(location: tuple[int | str, ...]) -> str:
    """Return ``facilities[2].columns`` for ``("facilities", 1, "columns")``."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += f".{part}" if text else part
    return text


def shown(value: Any) -> str:
    """Return a value as ``study.toml`` writes it, texts without quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        inside = ", ".join(f"{key} = {shown(item)}" for key, item in value.items())
        return f"{{{inside}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    return str(value)
