"""All languages say the same things with the same places."""

import string

import pytest

from quarterhour.data.text import catalogue, choose_language, languages, tr


def places(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("language", [code for code in languages() if code != "en"])
def test_same_keys_and_places_as_english(language):
    english, other = catalogue("en"), catalogue(language)
    assert set(other) == set(english)
    for key in english:
        assert places(other[key]) == places(english[key]), key


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("zh_CN.UTF-8", "zh"), ("zh-Hans", "zh"), ("en_GB", "en"), ("fr_FR", "en"), ("C", "en")],
)
def test_language_follows_the_setting(monkeypatch, setting, expected):
    for name in ("QUARTERHOUR_LANG", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", setting)
    assert choose_language() == expected


def test_unknown_key_is_a_mistake_of_the_program():
    with pytest.raises(KeyError):
        tr("faults.no_such_key")
