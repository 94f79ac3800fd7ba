"""``[publish]`` of ``study.toml``: what stays inside the house."""

from __future__ import annotations

from .study_base import Section


class PublishSection(Section):
    """``[publish]``: what the public may not see, and what it may do with the rest."""

    private: tuple[str, ...] = ()
    licence: str = ""
    contact: str = ""
