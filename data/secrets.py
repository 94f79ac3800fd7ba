"""Passwords in addresses: taken out when a study is read, so that nothing later can show them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

#: Schemes of the address of a PostgreSQL database.
SCHEMES = ("postgresql", "postgres")

_QUERY = re.compile(r"(?i)([?&\s]password=)[^&\s'\"]+")
_IN_ADDRESS = re.compile(r"(?i)((?:postgres|postgresql|https?)://[^\s:/@]*):[^\s/]*@")

_passwords: dict[str, str] = {}


def is_database(name: object) -> bool:
    """Return whether a study's ``file`` is the address of a PostgreSQL database."""
    return str(name).lower().startswith(tuple(f"{scheme}://" for scheme in SCHEMES))


def without_password(text: str) -> str:
    """Return a text (an address, a message of a server) with every password blotted out."""
    return _QUERY.sub(r"\1***", _IN_ADDRESS.sub(r"\1:***@", text))


def take_password(address: str) -> str:
    """Return an address without its password, which `password_of` gives to who connects."""
    parts = urlsplit(address)
    if not parts.password:
        return address
    user, _, host = parts.netloc.rpartition("@")
    bare = parts._replace(netloc=f"{user.partition(':')[0]}@{host}").geturl()
    _passwords[split_table(bare)[0]] = unquote(parts.password)
    return bare


def split_table(address: str) -> tuple[str, str]:
    """Return the address of a database, and the table named behind ``#``, "" where none is."""
    database, _, table = address.partition("#")
    return database, unquote(table)


def password_of(address: str) -> str:
    """Return the password that was taken out of an address, "" where there was none."""
    return _passwords.get(split_table(address)[0], "")


def take_passwords(options: Any) -> Any:
    """Return nested options with the passwords of all database addresses taken out."""
    if isinstance(options, dict):
        return {key: take_passwords(value) for key, value in options.items()}
    if isinstance(options, list):
        return [take_passwords(value) for value in options]
    if isinstance(options, str) and is_database(options):
        return take_password(options)
    return options
