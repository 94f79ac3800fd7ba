"""Copies brought together: every value ends in the state, in the history, or was there before."""

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterhour.data.faults import FaultLog
from quarterhour.data.ledger_history import HISTORY_FILE, read_history
from quarterhour.data.ledger_merge import merge
from quarterhour.data.ledger_read import Ledger

from .ledgers import NOW, Edit, history_of, read, site, three_sites, write

LATER = NOW + dt.timedelta(days=1)


def copy_of(state, name, stamp, decisions=None, **changes):
    """A copy as read: ``changes`` are ``{id: {column: value}}``; None takes the row away."""
    records = {key: dict(row) for key, row in state.items()}
    for key, row in changes.items():
        if row is None:
            del records[key]
        else:
            records.setdefault(key, {}).update(row)
    return Ledger(name, f"hash of {name} {changes}", stamp, records, {}, decisions or {})


@pytest.fixture
def history():
    return history_of({"A": site("A"), "B": site("B"), "C": site("C")})


def after(history, *copies, own=""):
    merged = merge(history, copies, own=own)
    return merged, history.add(merged.events, LATER)


def test_edits_of_different_cells_are_all_taken(history):
    state = history.state()
    ann = copy_of(state, "ann", 1, A={"status": "approved"}, own={"type": "parcel"})
    bob = copy_of(state, "bob", 1, A={"notes": "x"}, B={"status": "building"})
    merged, history = after(history, ann, bob)
    assert merged.conflicts == ()
    now = history.state()
    assert (now["A"]["status"], now["A"]["notes"]) == ("approved", "x")
    assert now["B"]["status"] == "building"
    assert now["own"]["type"] == "parcel"


def test_the_same_edit_twice_is_no_conflict(history):
    state = history.state()
    copies = [copy_of(state, name, 1, A={"status": "approved"}) for name in ("ann", "bob")]
    merged, _ = after(history, *copies)
    assert merged.conflicts == ()
    assert merged.records["A"]["status"] == "approved"


def test_a_conflict_keeps_both_values_until_it_is_decided(history):
    state = history.state()
    ann = copy_of(state, "ann", 1, A={"status": "approved"})
    bob = copy_of(state, "bob", 1, A={"status": "dropped"})
    merged, history = after(history, ann, bob)
    (conflict,) = merged.conflicts
    assert (conflict.id, conflict.column, conflict.recorded) == ("A", "status", "proposed")
    assert set(conflict.brought) == {("ann", "approved"), ("bob", "dropped")}
    assert history.state()["A"]["status"] == "proposed"
    assert set(history.conflicts()["new"]) == {"approved", "dropped"}

    same_again, history = after(history, ann, bob)
    assert (same_again.conflicts, same_again.events) == ((), ())

    spot = {("A", "status"): "dropped"}
    decided = copy_of(history.state(), "ledger", 2, spot)
    merged, history = after(history, decided)
    assert merged.conflicts == ()
    assert history.state()["A"]["status"] == "dropped"
    assert history.conflicts().empty

    unchanged = copy_of(history.state(2), "ledger", 2, spot)
    merged, history = after(history, unchanged)
    assert (merged.conflicts, merged.events) == ((), ()), "the cell itself is still the old one"

    edited = copy_of(history.state(2), "ledger", 2, spot, A={"status": "building"})
    merged, history = after(history, edited)
    assert history.state()["A"]["status"] == "building", "a decision counts once"


def test_editing_the_cell_itself_decides_too(history):
    state = history.state()
    _, history = after(
        history,
        copy_of(state, "ann", 1, A={"status": "approved"}),
        copy_of(state, "bob", 1, A={"status": "dropped"}),
    )
    _, history = after(history, copy_of(history.state(), "ledger", 2, A={"status": "accepted"}))
    assert history.conflicts().empty
    assert history.state()["A"]["status"] == "accepted"


def test_a_decision_against_an_edit_of_the_same_copy_is_a_conflict(history):
    state = history.state()
    _, history = after(
        history,
        copy_of(state, "ann", 1, A={"notes": "x"}, B={"status": "approved"}),
        copy_of(state, "bob", 1, B={"status": "dropped"}),
    )
    both = copy_of(
        history.state(), "ledger", 2, {("B", "status"): "approved"}, B={"status": "building"}
    )
    merged, _ = after(history, both)
    assert {value for _, value in merged.conflicts[0].brought} == {"approved", "building"}


def test_an_older_copy_does_not_undo_newer_edits(history):
    old = history.state()
    _, history = after(history, copy_of(old, "ann", 1, A={"status": "approved"}))
    late = copy_of(old, "bob", 1, B={"status": "building"})
    merged, history = after(history, late)
    assert merged.conflicts == ()
    assert merged.stale == {"bob": 1}
    assert history.state()["A"]["status"] == "approved"
    assert history.state()["B"]["status"] == "building"


def test_an_older_copy_that_contradicts_a_newer_edit_is_a_conflict(history):
    old = history.state()
    _, history = after(history, copy_of(old, "ann", 1, A={"status": "approved"}))
    merged, _ = after(history, copy_of(old, "bob", 1, A={"status": "dropped"}))
    (conflict,) = merged.conflicts
    assert (conflict.recorded, conflict.brought) == ("approved", (("bob", "dropped"),))


def test_the_same_workbook_edited_on_goes_on_without_conflict(history):
    old = history.state()
    for status in ("approved", "building", "accepted"):
        edited = copy_of(old, "ann", 1, A={"status": status}, B={"notes": "x"})
        merged, history = after(history, edited)
        assert merged.conflicts == ()
    assert history.state()["A"]["status"] == "accepted"


def test_the_studys_own_workbook_is_known_by_its_place(history):
    old = history.state()
    for status in ("approved", "building"):
        edited = copy_of(old, "ledger.xlsx", 1, A={"status": status})
        merged, history = after(history, edited, own="ledger.xlsx")
        assert merged.conflicts == ()
    assert history.state()["A"]["status"] == "building"
    merged, _ = after(history, copy_of(old, "ann", 1, A={"status": "dropped"}))
    assert len(merged.conflicts) == 1, "any other one contradicts it"


def test_a_value_put_back_is_asked_about(history):
    old = history.state()
    edits = {"A": {"status": "approved"}, "B": {"notes": "x"}, "C": {"notes": "y"}}
    _, history = after(history, copy_of(old, "ann", 1, **edits))
    back = copy_of(old, "ann", 1, **(edits | {"A": {}}))
    merged, _ = after(history, back)
    assert [c.brought for c in merged.conflicts] == [(("ann", "proposed"),)]


def test_another_workbook_of_the_same_name_is_not_taken_for_it(history):
    """Two people mail their ledger.xlsx: the second must not silently undo or replace the first."""
    old = history.state()
    first = copy_of(old, "ledger.xlsx", 1, A={"status": "approved"}, B={"notes": "x"})
    _, history = after(history, first)
    merged, history = after(history, copy_of(old, "ledger.xlsx", 1, A={"status": "dropped"}))
    assert len(merged.conflicts) == 1
    assert history.state()["A"]["status"] == "approved"
    assert history.state()["B"]["notes"] == "x"


def test_missing_rows_are_reported_and_stay(history):
    merged, later = after(history, copy_of(history.state(), "ann", 1, B=None))
    assert merged.missing == (("ann", "B"),)
    assert later.state()["B"] == history.state()["B"]
    again, _ = after(later, copy_of(history.state(), "ann", 1, B=None))
    assert again.missing == (("ann", "B"),)
    assert again.events == (), "told once in the history"


def test_computed_columns_are_not_taken(history):
    merged, _ = after(history, copy_of(history.state(), "ann", 1, A={"newly_covered": "1"}))
    assert merged.records == history.state()


VALUES = st.sampled_from(["", "proposed", "approved", "building", "x"])
EDITS = st.dictionaries(
    st.tuples(st.sampled_from(["A", "B", "own"]), st.sampled_from(["status", "notes", "+mine"])),
    VALUES,
    max_size=5,
)


COPIES = st.lists(
    st.tuples(st.sampled_from(["ann", "bob"]), EDITS),
    min_size=1,
    max_size=2,
    unique_by=lambda copy: copy[0],
)


@settings(max_examples=80, deadline=None)
@given(st.lists(COPIES, min_size=1, max_size=3), st.data())
def test_nothing_is_lost(rounds, data):
    """Whatever copies come in whatever order: their edits are in the state or in the history, the
    history only grows, and what was recorded is never silently replaced by an older value."""
    history = history_of({"A": site("A"), "B": site("B")})
    origins = [history.state()]
    for copies in rounds:
        before = history
        ledgers = []
        for name, edits in copies:
            stamp = data.draw(st.integers(1, history.entry))
            copy = copy_of(origins[stamp - 1], name, stamp)
            for (key, column), value in edits.items():
                copy.records.setdefault(key, {})[column] = value
            ledgers.append(copy)
        merged = merge(history, ledgers, own="ann")
        history = history.add(merged.events, LATER)
        pd.testing.assert_frame_equal(history.table.iloc[: len(before.table)], before.table)
        known = set(
            zip(history.table["id"], history.table["column"], history.table["new"], strict=True)
        )
        now = history.state()
        assert now == {key: row for key, row in merged.records.items() if row}
        for copy in ledgers:
            origin = origins[copy.stamp - 1]
            for key, row in copy.records.items():
                for column, value in row.items():
                    was = origin.get(key, {}).get(column, "")
                    held = now.get(key, {}).get(column, "")
                    assert value in {was, held} or (key, column, value) in known
        for key, row in before.state().items():
            for column, value in row.items():
                if now[key].get(column, "") != value:
                    brought = {copy.records.get(key, {}).get(column, "") for copy in ledgers}
                    assert now[key][column] in brought
        if history.entry > before.entry:
            origins.append(now)


def test_history_is_kept_in_its_file(tmp_path, history):
    history.write(tmp_path / HISTORY_FILE)
    log = FaultLog()
    again = read_history(tmp_path, log)
    pd.testing.assert_frame_equal(again.table, history.table)
    assert again.entry == 1
    (tmp_path / HISTORY_FILE).write_bytes(b"torn")
    read_history(tmp_path, log)
    assert [fault.code for fault in log] == ["ledger_history"]
    assert read_history(tmp_path / "nowhere", FaultLog()).entry == 0


def test_decisions_are_read_from_the_sheet_of_conflicts(tmp_path):
    """The whole way: two workbooks, a conflict, the decision written into the merged workbook."""
    history = history_of(three_sites())
    path = write(history, tmp_path / "ledger.xlsx")
    for name, status in (("ann.xlsx", "已批准"), ("bob.xlsx", "已取消")):
        with Edit(path, tmp_path / name) as edit:
            edit.set("A:breakfast", 状态=status)
    copies = [read(tmp_path / name, history.state())[0] for name in ("ann.xlsx", "bob.xlsx")]
    merged, history = after(history, *copies)
    assert len(merged.conflicts) == 1
    write(history, path)
    with Edit(path) as edit:
        sheet = edit.book["待裁定冲突"]
        assert [cell.value for cell in sheet[2]][1:7] == [
            "A:breakfast", "A", "状态", "建议", "已批准", "ann.xlsx",
        ]  # fmt: skip
        sheet.cell(3, 9).value = "已取消"
    found, log = read(path, history.state())
    assert list(log) == []
    _, history = after(history, found)
    assert history.state()["A:breakfast"]["status"] == "dropped"
    assert history.conflicts().empty
