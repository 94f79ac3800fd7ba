"""User-facing words in every language the catalogue holds.

Words live in ``lang/<language>/<domain>.toml`` as flat tables of ``key = "template"``; a key
is addressed as ``"domain.key"``. Adding a language means adding a folder.
"""

from __future__ import annotations

import locale
import os
import tomllib
from functools import cache
from importlib import resources

DEFAULT_LANGUAGE = "en"


@cache
def languages() -> tuple[str, ...]:
    """Return the language codes that the catalogue holds, sorted."""
    folder = resources.files(__package__) / "lang"
    return tuple(sorted(entry.name for entry in folder.iterdir() if entry.is_dir()))


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return all templates of one language, keyed ``"domain.key"``, nested tables by dots."""
    words: dict[str, str] = {}
    folder = resources.files(__package__) / "lang" / language
    for entry in folder.iterdir():
        if entry.name.endswith(".toml"):
            domain = entry.name.removesuffix(".toml")
            _flatten(tomllib.loads(entry.read_text(encoding="utf-8")), domain, words)
    return words


def _flatten(table: dict[str, object], prefix: str, into: dict[str, str]) -> None:
    for key, value in table.items():
        if isinstance(value, dict):
            _flatten(value, f"{prefix}.{key}", into)
        else:
            into[f"{prefix}.{key}"] = str(value)


def tr(key: str, language: str = DEFAULT_LANGUAGE, /, **params: object) -> str:
    """Return the words for ``key`` in ``language``, with ``params`` filled in.

    Parameters
    ----------
    key
        ``"domain.key"`` as in the catalogue.
    language
        A code from `languages`; a key it lacks falls back to English.
    **params
        Values for the ``{name}`` places of the template.

    Returns
    -------
    str

    Raises
    ------
    KeyError
        If no language has the key: a mistake of the program, never of the user.
    """
    template = catalogue(language).get(key)
    if template is None:
        template = catalogue(DEFAULT_LANGUAGE)[key]
    return template.format(**params)


def choose_language(wanted: str | None = None) -> str:
    """Return the language to speak: ``wanted``, else the locale's, else English.

    Reads ``QUARTERHOUR_LANG``, ``LC_ALL``, ``LC_MESSAGES`` and ``LANG`` in that order, then the
    operating system's own setting (Windows has no such variables).
    """
    variables = [os.environ.get(name) for name in _LOCALE_VARIABLES]
    for setting in [wanted, *variables, locale.getlocale()[0]]:
        code = (setting or "").replace("-", "_").split("_")[0].split(".")[0].lower()
        code = {"chinese": "zh", "english": "en"}.get(code, code)
        if code in languages():
            return code
        if setting and setting not in {"C", "POSIX", "C.UTF-8"}:
            break
    return DEFAULT_LANGUAGE


_LOCALE_VARIABLES = ("QUARTERHOUR_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
