"""The further sheets of the ledger: progress in formulas, gaps, plan, conflicts, dictionary."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any, Final

import pandas as pd
from xlsxwriter.utility import xl_col_to_name

from .ledger import COUNTS
from .ledger_schema import BY_NAME, LedgerWords
from .ledger_write import HEAD, Book, LedgerContent, set_height, table_sheet

#: Columns of the tables shown as they are.
TABLES: Final = {
    "gaps": ("rank", "id", "place_name", "type", "residents", "minutes", "priority", "severity",
             "act_level", "district", "street", "clause"),
    "plan": ("rank", "id", "name", "type", "action", "year", "district", "street", "community",
             "address", "count", "within_reach", "newly_covered", "lost_if_dropped", "alternative",
             "alternative_loss"),
    "existing": ("id", "type", "name", "status", "address"),
}  # fmt: skip
#: Changes listed, the latest first; the history file holds all.
_CHANGES: Final = 5000
_FIRST: Final = 4
_GUIDE_WIDTH: Final = 110
_RATE: Final = "0.0%"


def progress_sheet(book: Book, content: LedgerContent) -> None:
    """Write progress by area and type in formulas that follow the sheet of sites as it is edited.

    A year can be chosen at the top. Values are written beside the formulas, so that a reader that
    computes nothing shows them too.
    """
    sheet, say = book.sheet("progress"), content.words.say
    book.text(sheet, 0, 0, content.title, bold=True, font_size=14, bottom=0)
    sheet.set_row(0, 26)
    sheet.set_row(1, 20)
    book.text(sheet, 1, 0, say("progress.year"), bold=True, bottom=0)
    every = say("progress.every_year")
    book.text(sheet, 1, 1, every, bg_color="#FFF9E5", border=1, bold=True)
    sheet.data_validation(1, 1, 1, 1, {"validate": "list", "source": "=list_progress_year"})
    book.text(sheet, 1, 2, say("progress.hint"), italic=True, font_color="#595959", bottom=0)
    area = say(f"column.{content.level}.title")
    titles = [area, say("column.type.title"), *(say(f"progress.{c}") for c in COUNTS),
              say("progress.rate"), say("progress.sentence")]  # fmt: skip
    book.head(sheet, _FIRST - 1, titles)
    for position, title in enumerate(titles[2:-1], start=2):
        book.text(sheet, _FIRST - 1, position, title, **HEAD, align="right")
    for number, row in enumerate(content.progress.to_dict("records"), start=_FIRST):
        _progress_row(book, sheet, number, row, content)
    widths = (18, 16, *([9] * len(COUNTS)), 10, 40)
    for position, width in enumerate(widths):
        sheet.set_column(position, position, width)
    sheet.freeze_panes(_FIRST, 2)
    sheet.autofilter(_FIRST - 1, 0, _FIRST - 1 + len(content.progress), len(titles) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_FIRST - 1)


def _progress_row(
    book: Book, sheet: Any, number: int, row: Mapping[Any, Any], content: LedgerContent
) -> None:
    words, excel = content.words, number + 1
    look: dict[str, object] = {"bold": not row["type"]}
    if not row["type"]:
        look["bg_color"] = "#E3EFED"
    named = words.show(content.level, row["area"]) or words.say("progress.no_area")
    area = words.say("progress.city") if row["whole"] else named
    every = words.say("progress.every_type")
    book.text(sheet, number, 0, area, **look)
    book.text(sheet, number, 1, words.show("type", row["type"]) or every, **look)
    for position, count in enumerate(COUNTS, start=2):
        formula = f"={xl_col_to_name(3)}{excel}+{xl_col_to_name(4)}{excel}"
        if count != "done":
            formula = _count_formula(count, row, content, excel)
        look_here = {**look, "num_format": "#,##0"}
        sheet.write_formula(number, position, formula, book.format(**look_here), row[count])
    rate, shown = row["rate"], row["rate"] == row["rate"]
    done, target = f"F{excel}", f"C{excel}"
    last = 2 + len(COUNTS)
    sheet.write_formula(
        number, last, f'=IF({target}>0,{done}/{target},"–")',
        book.format(**look, num_format=_RATE), rate if shown else "–",
    )  # fmt: skip
    sheet.write_formula(
        number, last + 1, _sentence_formula(words, done, target), book.format(**look, indent=1),
        sentence(words, row["done"], row["target"]),
    )  # fmt: skip


def sentence(words: LedgerWords, done: int, target: int) -> str:
    """Return "1,132 of 1,000 = 113.2 %" in the language of the workbook."""
    if not target:
        return words.say("progress.no_target", done=f"{done:,}")
    rate = f"{done / target * 100:.1f}"
    return words.say("progress.of", done=f"{done:,}", target=f"{target:,}", rate=rate)


def _sentence_formula(words: LedgerWords, done: str, target: str) -> str:
    """Return the formula that writes the sentence, made of the catalogue's words."""
    cells = {
        "done": f'TEXT({done},"#,##0")',
        "target": f'TEXT({target},"#,##0")',
        "rate": f'TEXT({done}/{target}*100,"0.0")',
    }
    with_target, without = (
        _joined(words.say(f"progress.{key}", **{n: f"{{{n}}}" for n in cells}), cells)
        for key in ("of", "no_target")
    )
    return f"=IF({target}>0,{with_target},{without})"


def _joined(template: str, cells: Mapping[str, str]) -> str:
    parts = []
    for text, name, _, _ in Formatter().parse(template):
        if text:
            parts.append('"' + text.replace('"', '""') + '"')
        if name:
            parts.append(cells[name])
    return "&".join(parts)


def _count_formula(count: str, row: Mapping[Any, Any], content: LedgerContent, excel: int) -> str:
    """Return the formula that counts outlets; areas and types are compared cell by cell.

    No text of the user's stands in a formula, and ``=`` knows no wildcards, as COUNTIFS would.
    """
    shown = content.words.show
    every = content.words.say("progress.every_year").replace('"', '""')
    parts = ['(L_id<>"")', f'((L_year=$B$2)+($B$2="{every}")>0)']
    if not row["whole"]:
        parts.append(f"(L_{content.level}=" + (f"$A{excel})" if row["area"] else '"")'))
    if row["type"]:
        parts.append(f"(L_type=$B{excel})")
    accepted, dropped = (f'"{shown("status", code)}"' for code in ("accepted", "dropped"))
    upgrade = f'"{shown("action", "upgrade")}"'
    planned = f'(L_in_plan="{shown("in_plan", "yes")}")'
    parts += {
        "target": [f'({planned}+(L_candidate<>"")*(L_status={accepted})>0)'],
        "new": [f"(L_status={accepted})", f"(L_action<>{upgrade})"],
        "upgraded": [f"(L_status={accepted})", f"(L_action={upgrade})"],
        "late": [f"(L_status<>{accepted})", f"(L_status<>{dropped})", '(L_due<>"")',
                 "(L_due<TODAY())"],
    }.get(count, [f'(L_status="{shown("status", count)}")'])  # fmt: skip
    # An outlet counts once where nobody says how many there are.
    parts.append('(1+(L_count<>"")*(L_count-1))')
    return "=SUMPRODUCT(" + "*".join(parts) + ")"


def table_sheets(book: Book, content: LedgerContent) -> None:
    """Write the sheets of gaps, plan and existing outlets, with headers and types in words."""
    for name in TABLES:
        frame = content.tables.get(name)
        if frame is not None:
            columns = [column for column in TABLES[name] if column in frame]
            titles = [content.words.say(f"column.{_head(name, c)}.title") for c in columns]
            rows = [
                [_shown(content.words, name, c, value)
                 for c, value in zip(columns, row, strict=True)]
                for row in frame[columns].itertuples(index=False, name=None)
            ]  # fmt: skip
            table_sheet(book, name, titles, rows)


def _head(sheet: str, column: str) -> str:
    """Return the word of a column: some mean another thing in another sheet."""
    if sheet == "existing" and column == "status":
        return "outlet_status"
    return f"gap_{column}" if sheet == "gaps" and column in {"id", "rank"} else column


def _shown(words: LedgerWords, sheet: str, column: str, value: Any) -> object:
    if pd.isna(value):
        return None
    if sheet == "existing" and column == "status":
        return words.say(f"outlet.{value}") if value in {"open", "substandard"} else str(value)
    if column == "act_level":
        return words.show("level", str(value))
    if column in BY_NAME and isinstance(value, str):
        return words.show(column, value)
    return value.item() if hasattr(value, "item") else value


def conflict_sheet(book: Book, content: LedgerContent) -> None:
    """Write what somebody must decide: every value brought, and a cell for the decision."""
    found, words = content.conflicts, content.words
    if found.empty:
        return
    names = ("row", "id", "name", "column", "recorded", "value", "source", "time", "chosen")
    titles = [words.say(f"conflict.{name}") for name in names]
    order = {key: number for number, key in enumerate(content.records, start=2)}
    rows = []
    for event in found.to_dict("records"):
        record = content.records.get(event["id"], {})
        column = event["column"]
        values = [words.show(column, text) for text in (record.get(column, ""), event["new"])]
        where = [order.get(event["id"]), event["id"], record.get("name", ""), words.title(column)]
        rows.append([*where, *values, event["source"], _minute(event["time"]), ""])
    sheet = table_sheet(book, "conflicts", titles, rows)
    sheet.set_column(len(titles) - 1, len(titles) - 1, 24, book.format(bg_color="#FFF9E5"))
    sheet.set_tab_color("#B3261E")


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")


def change_sheet(book: Book, content: LedgerContent) -> None:
    """Write what people changed, the latest first."""
    words = content.words
    titles = [words.say(f"conflict.{name}") for name in
              ("time", "id", "column", "old", "value", "source", "event")]  # fmt: skip
    rows = [
        [_minute(event["time"]), event["id"], words.title(event["column"]),
         *(words.show(event["column"], event[side]) for side in ("old", "new")),
         event["source"], words.say(f"event.{event['event']}")]
        for event in content.changes.iloc[::-1].head(_CHANGES).to_dict("records")
    ]  # fmt: skip
    table_sheet(book, "changes", titles, rows)


def dictionary_sheet(book: Book, content: LedgerContent) -> None:
    """Write what every column means: of the ledger, then of the tables."""
    words = content.words
    titles = [words.say(f"dictionary.{name}") for name in ("column", "who", "meaning")]
    rows = [
        [words.title(name), words.say(f"owner.{column.owner}"), words.say(f"column.{name}.meaning")]
        for name, column in BY_NAME.items()
    ]
    shown = {c for columns in TABLES.values() for c in columns} - set(BY_NAME)
    rows += [[words.say(f"column.{name}.title"), words.say("owner.program"),
              words.say(f"column.{name}.meaning")] for name in sorted(shown)]  # fmt: skip
    rows += [[words.say(f"progress.{name}"), words.say("owner.formula"),
              words.say(f"progress_meaning.{name}")] for name in (*COUNTS, "rate")]  # fmt: skip
    table_sheet(book, "dictionary", titles, rows)


def guide_sheet(book: Book, content: LedgerContent) -> None:
    """Write how to work with the ledger, in a few sentences."""
    sheet, say = book.sheet("guide"), content.words.say
    book.text(sheet, 0, 0, content.title, bold=True, font_size=14, bottom=0)
    stamp = say("guide.stamp", stamp=content.stamp, date=content.today.isoformat())
    book.text(sheet, 1, 0, stamp, font_color="#595959", bottom=0)
    for number in range(1, 9):
        line = say(f"guide.line{number}")
        book.text(sheet, number + 2, 0, line, text_wrap=True, bottom=0)
        set_height(sheet, number + 2, [(line, _GUIDE_WIDTH)])
    sheet.set_column(0, 0, _GUIDE_WIDTH)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.hide_gridlines(2)


def list_sheet(book: Book, content: LedgerContent) -> None:
    """Write the words to choose from, hidden, and name each list."""
    sheet, words = book.sheet("lists"), content.words
    lists = {name: list(codes.values()) for name, codes in words.choices.items() if codes}
    years = sorted({row["year"] for row in content.records.values() if row.get("year")})
    lists["progress_year"] = [words.say("progress.every_year"), *years]
    title = words.say("sheet.lists").replace("'", "''")
    for position, (name, entries) in enumerate(lists.items()):
        heading = name if name == "progress_year" else words.title(name)
        book.text(sheet, 0, position, heading, bold=True)
        for number, entry in enumerate(entries, start=1):
            value: object = int(entry) if name == "progress_year" and entry.isdigit() else entry
            book.value(sheet, number, position, value)
        letter = xl_col_to_name(position)
        place = f"='{title}'!${letter}$2:${letter}${len(entries) + 1}"
        book.file.define_name(f"list_{name}", place)
    sheet.hide()


def kept_sheets(book: Book, content: LedgerContent) -> None:
    """Write the sheets that people added: their values; formats stay in the backup."""
    for title, rows in content.sheets.items():
        sheet = book.file.add_worksheet(title)
        for number, row in enumerate(rows):
            for position, value in enumerate(row):
                if value is not None:
                    book.value(sheet, number, position, value)


#: All further sheets, in order.
ALL_SHEETS: Final = (
    progress_sheet, table_sheets, conflict_sheet, change_sheet, dictionary_sheet, guide_sheet,
    list_sheet, kept_sheets,
)  # fmt: skip
