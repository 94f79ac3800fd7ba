"""Base-map tiles, off unless asked for: Tianditu, Gaode (shift undone), a server of one's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlsplit

from quarterhour.data.text import tr

Datum = Literal["wgs84", "gcj02"]

#: Deepest level that the public servers have everywhere in China's cities.
_PUBLIC_LEVELS = 18

#: Vector map and its Chinese names, in the Mercator projection ("_w"); unshifted (CGCS2000).
_TIANDITU = "https://t0.tianditu.gov.cn/DataServer?T={layer}_w&x={{x}}&y={{y}}&l={{z}}&tk={key}"

#: Street map in GCJ-02.
_GAODE = (
    "https://webrd01.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}"
)

_PLACES = ("{x}", "{y}", "{z}")


@dataclass(frozen=True, slots=True)
class BaseMap:
    """A tile server.

    Attributes
    ----------
    urls
        Templates with ``{x}``, ``{y}`` (or ``{-y}``) and ``{z}``, drawn one above the other.
    host
        Scheme, host and port: all that the page may ask.
    datum
        Of the tiles: ``"gcj02"`` tiles are moved back by the shift.
    credit
        Whom to credit.
    levels
        Deepest zoom level served; deeper ones are stretched.
    """

    urls: tuple[str, ...]
    host: str
    datum: Datum = "wgs84"
    credit: str = ""
    levels: int = _PUBLIC_LEVELS


def base_map(
    name: str, *, key: str = "", datum: Datum = "wgs84", credit: str = "", language: str = "zh"
) -> BaseMap | None:
    """Return a base map by the words of ``[map]`` in ``study.toml``.

    Parameters
    ----------
    name
        ``""`` for none, ``"tianditu"`` (needs a key), ``"gaode"``, or the URL template of a tile
        server, such as ``http://10.1.2.3:8080/{z}/{x}/{y}.png``.
    key
        Tianditu key of the application.
    datum
        Of a server of one's own.
    credit
        Whom to credit; for the public servers their own name.
    language
        Of the credit.

    Raises
    ------
    ValueError
        If the template lacks a place or is no address, or Tianditu is asked without a key.
    """
    if not name:
        return None
    if name == "tianditu":
        return _tianditu(key, credit or tr("maps.tiles.tianditu", language))
    if name == "gaode":
        return BaseMap(
            (_GAODE,), _host(_GAODE), "gcj02", credit or tr("maps.tiles.gaode", language)
        )
    if not is_template(name):
        message = f"{name!r} is no tile address with {{x}}, {{y}} and {{z}}"
        raise ValueError(message)
    return BaseMap((name,), _host(name), datum, credit or urlsplit(name).netloc)


def is_template(address: str) -> bool:
    """Tell whether a text is the address of a tile server with its three places."""
    parts = urlsplit(address)
    whole = parts.scheme in {"http", "https"} and re.fullmatch(r"[\w.\-]+(:\d+)?", parts.netloc)
    return bool(whole) and all(one in address.replace("{-y}", "{y}") for one in _PLACES)


def _tianditu(key: str, credit: str) -> BaseMap:
    if not key:
        message = "Tianditu needs a key"
        raise ValueError(message)
    urls = tuple(_TIANDITU.format(layer=layer, key=quote(key, safe="")) for layer in ("vec", "cva"))
    return BaseMap(urls, _host(urls[0]), "wgs84", credit)


def _host(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
