"""Whatever the user's tables say is shown as text, and never run."""

import dataclasses

import pandas as pd
import pytest

pytestmark = pytest.mark.browser

HOSTILE = (
    "<img src=x onerror=window.pwned=1>",
    "</script><script>window.pwned=1</script>",
    "\"'><svg onload=window.pwned=1>",
    "{{7*7}}{% raw %}{#",
    "\u202egnorw \u200f👨‍👩‍👧 مرحبا",
    "x" * 5000,
    "__proto__",
    "constructor",
    "\ud800\x00\n\u2028`${window.pwned=1}`\\",
)


def poisoned(study, text):
    """Put one text wherever the user's words can go."""

    def tainted(table, *columns):
        column = pd.Series([text] * len(table), index=table.index, dtype=object)
        return table.assign(**{name: column for name in columns if name in table})

    kinds = tuple(
        dataclasses.replace(kind, name=text, name_en=text, source=text) for kind in study.types
    )
    areas = tainted(study.areas, "name", "name_en")
    renamed = {"C1": text}
    return dataclasses.replace(
        study,
        title=text, title_en=text, subtitle=text, label=text, types=kinds, sources=(text,),
        made_on=text, version=text, facts={text: text},
        plan={"status": text, "solver": text, "gap": 0.5},
        areas=areas.assign(id=areas["id"].astype(object).replace(renamed)),
        summary=study.summary.assign(area=study.summary["area"].astype(object).replace(renamed)),
        points=tainted(study.points, "name", "breakfast_reason"),
        outlets=tainted(study.outlets, "name", "address", "hours", "status"),
        streets=tainted(study.streets, "name", "kind"),
        background=tainted(study.background, "name").assign(kind=["water", "park", "{{7*7}}"]),
        sites=tainted(study.sites, "name", "address", "district", "street", "alternative"),
    )  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_user_text_is_shown_and_never_run(study, open_page, text):
    opened = open_page(poisoned(study, text))
    page = opened.page
    assert page.evaluate("quarterhour.ready") is True
    texts = [page.locator("body").inner_text()]
    for lon, lat in ((117.007, 38.006), (117.0085, 38.0025), (117.001, 38.0035)):
        texts.append(opened.click_map(lon, lat))
    page.locator(".qh-list tbody tr").first.click()
    page.locator(".qh-language").click()
    page.locator(".qh-facts summary").click()
    page.wait_for_timeout(100)
    assert page.evaluate("window.pwned") is None
    assert page.locator("img:not(.leaflet-control-layers-toggle), svg[onload]").count() == 0
    if text.startswith(("<", "{", '"')) or text.isidentifier():
        assert all(text[:190] in shown for shown in texts)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    assert opened.strangers == []
    assert opened.complaints == []
