"""Fonts for pictures: one on this machine that has Chinese characters, or none."""

from __future__ import annotations

from functools import cache
from pathlib import Path

#: Families with Simplified Chinese, as they are called on Windows, macOS and Linux; best first.
FAMILIES = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Sans SC",
    "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "SimHei", "Heiti SC", "STHeiti", "DengXian", "SimSun", "Songti SC",
    "Noto Sans CJK JP", "Noto Sans CJK TC", "Noto Sans CJK KR", "Noto Serif CJK SC",
    "Noto Serif CJK JP", "Arial Unicode MS",
)  # fmt: skip

#: Characters that a font must have: common ones, and two of our own subject.
_SAMPLE = "一刻钟便民生活圈覆盖"


@cache
def chinese_font() -> str | None:
    """Return the family of a font with Simplified Chinese, None where the machine has none."""
    from matplotlib.font_manager import fontManager  # noqa: PLC0415 - matplotlib is heavy

    known: dict[str, str] = {}
    for entry in fontManager.ttflist:
        known.setdefault(entry.name, entry.fname)
    found = (name for name in FAMILIES if name in known and _has_sample(known[name]))
    return next(found, None)


def _has_sample(file: str) -> bool:
    """Tell whether a font file has the sample: a name alone promises nothing."""
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415 - as above

    try:
        characters = FT2Font(str(Path(file))).get_charmap()
    except (OSError, RuntimeError):
        return False
    return all(ord(letter) in characters for letter in _SAMPLE)
