"""Publishing into, and reading from, a real PostGIS."""

import re
import tomllib
from urllib.parse import quote

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import sqlalchemy

from quarterhour.cli.app import run as command
from quarterhour.cli.console import Screen
from quarterhour.cli.pipeline import run_stages
from quarterhour.cli.publish import publish
from quarterhour.data import postgis
from quarterhour.data.faults import FaultLog, InputFaults
from quarterhour.data.outlet_types import load_mapping
from quarterhour.data.postgis_write import Publication, write_database
from quarterhour.data.secrets import take_password, without_password

from .conftest import add_options

HOSTILE = ["=1+1", '"; drop table x; --', "\\N", "a,b\nc", "汉字 %s :name", "", "x\0y"]


def ask(address, statement):
    """Return all rows of a query, independently of the code under test."""
    log = FaultLog()
    with postgis.connection(address, log=log) as opened:
        assert opened is not None, [fault.line() for fault in log]
        found = opened.execute(sqlalchemy.text(statement))
        return found.all() if found.returns_rows else []


def publication(key="k", study="s", **tables):
    return Publication(study=study, key=key, version="0", facts={"a": 1}, tables=tables)


def put(address, found, schema="quarterhour"):
    log = FaultLog()
    number = write_database(address, found, schema=schema, log=log)
    log.raise_if_any()
    return number


def test_results_of_the_demo_arrive_whole_and_twice_is_once(demo_run, database):
    for _ in range(2):
        publish(demo_run, Screen("en", quiet=True), to=database)
    assert ask(database, "select count(*) from quarterhour.runs") == [(1,)]
    for name in ("points", "sites", "summary"):
        table = pd.read_parquet(demo_run / "results" / f"{name}.parquet")
        assert ask(database, f"select count(*) from quarterhour.latest_{name}") == [(len(table),)]
    points = gpd.read_parquet(demo_run / "results" / "points.parquet").set_index("id")
    columns = "id, residents, ST_AsText(geometry), ST_SRID(geometry)"
    rows = ask(database, f"select {columns} from quarterhour.points")
    for name, residents, text, srid in rows:
        expected = points.loc[name]
        assert srid == 4326
        assert shapely.from_wkt(text).equals_exact(expected.geometry, 1e-12)
        assert (residents is None) == bool(np.isnan(expected["residents"]))
        assert residents is None or residents == expected["residents"]


def test_text_numbers_and_gaps_survive(database):
    table = pd.DataFrame({
        "text": HOSTILE, "Große Spalte: %d": range(7), "flag": [True, False] * 3 + [True],
        "number": [0.1, np.nan, np.inf, -1e300, 5e-324, 1.0, 2.0],
    })  # fmt: skip
    put(database, publication(strange=table))
    rows = ask(database, "select * from quarterhour.strange order by fid")
    assert [row[2] for row in rows] == [text.replace("\0", "") for text in HOSTILE]
    assert [row[3] for row in rows] == list(range(7))
    assert [row[4] for row in rows] == list(table["flag"])
    numbers = [None if not np.isfinite(value) else value for value in table["number"]]
    assert [row[5] for row in rows] == numbers


def test_a_later_version_adds_columns_and_keeps_the_runs_before(database):
    first = put(database, publication("one", t=pd.DataFrame({"a": [1]})))
    second = put(database, publication("two", t=pd.DataFrame({"b": ["x"], "a": [2]})))
    rows = ask(database, "select run, a, b from quarterhour.t order by fid")
    assert rows == [(first, 1, None), (second, 2, "x")]
    assert ask(database, "select a, b from quarterhour.latest_t") == [(2, "x")]


def test_the_newest_run_of_each_study_is_shown(database):
    put(database, publication("one", study="A", t=pd.DataFrame({"a": [1]})))
    put(database, publication("two", study="B", t=pd.DataFrame({"a": [2]})))
    put(database, publication("three", study="A", t=pd.DataFrame({"a": [3]})))
    rows = ask(database, "select study, a from quarterhour.latest_t order by study")
    assert rows == [("A", 3), ("B", 2)]


def test_a_failure_in_the_middle_changes_nothing(database):
    put(database, publication("one", t=pd.DataFrame({"a": [1]}), u=pd.DataFrame({"a": [1]})))
    wrong = publication("two", t=pd.DataFrame({"a": [2]}), u=pd.DataFrame({"a": ["no number"]}))
    with pytest.raises(InputFaults) as found:
        put(database, wrong)
    assert [fault.code for fault in found.value.faults] == ["database_refused"]
    assert ask(database, "select count(*) from quarterhour.runs") == [(1,)]
    assert ask(database, "select a from quarterhour.t") == [(1,)]


def test_private_tables_and_columns_stay_inside(demo_study, database):
    file = demo_study / "study.toml"
    text = file.read_text(encoding="utf-8")
    private = 'private = ["sites", "points.residents"]'
    file.write_text(add_options(text, "publish", private), encoding="utf-8")
    publish(demo_study, Screen("en", quiet=True), to=database)
    tables = {name for (name,) in ask(database, "select table_name from information_schema.tables")}
    assert "points" in tables
    assert "sites" not in tables
    columns = "select column_name from information_schema.columns where table_name = 'points'"
    assert "residents" not in {name for (name,) in ask(database, columns)}


def test_an_unknown_private_table_is_named(demo_study, database):
    file = demo_study / "study.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(add_options(text, "publish", 'private = ["sitez"]'), encoding="utf-8")
    with pytest.raises(InputFaults) as found:
        publish(demo_study, Screen("en", quiet=True), to=database)
    (fault,) = found.value.faults
    assert (fault.code, fault.value) == ("publish_unknown_private", "sitez")


def test_a_study_read_from_the_database_gives_the_same_coverage(demo_study, demo_run, database):
    """Demand with its geometry and outlets as plain columns come from tables."""
    options = tomllib.loads((demo_study / "study.toml").read_text(encoding="utf-8"))
    demand = options["demand"]["file"]
    frame = _table(demo_study / demand)
    put(database, publication(homes=frame), schema="town")
    password = postgis._engine_url(sqlalchemy, database).password
    host = database.partition("@")[2]
    open_address = f"postgresql://postgres:{_quoted(password)}@{host}"
    text = (demo_study / "study.toml").read_text(encoding="utf-8")
    text = re.sub(
        rf'(\[demand\](?:\n.*)*?)\nfile = "{re.escape(demand)}"',
        rf'\1\nfile = "{open_address}"\nlayer = "town.homes"', text, count=1,
    )  # fmt: skip
    assert "town.homes" in text
    (demo_study / "study.toml").write_text(text, encoding="utf-8")
    run_stages(demo_study, ("measure",), Screen("en", quiet=True))
    was, now = (
        pd.read_parquet(folder / "results" / "summary.parquet") for folder in (demo_run, demo_study)
    )
    pd.testing.assert_frame_equal(was, now)
    for path in (demo_study / "results").iterdir():
        if path.is_file():
            assert password.encode() not in path.read_bytes(), path.name
            assert _quoted(password).encode() not in path.read_bytes(), path.name


def test_a_changed_row_makes_the_study_measure_again(database):
    put(database, publication("one", t=pd.DataFrame({"a": [1, 2]})))
    mark = postgis.fingerprint(database, "quarterhour.t")
    assert postgis.fingerprint(database, "quarterhour.t") == mark != ""
    put(database, publication("two", t=pd.DataFrame({"a": [3]})))
    assert postgis.fingerprint(database, "quarterhour.t") != mark


@pytest.mark.parametrize(
    ("table", "code"),
    [("", "database_choose_table"), ("nowhere", "database_no_table")],
)
def test_a_table_that_is_not_there_is_named_with_those_that_are(database, table, code):
    put(database, publication(t=pd.DataFrame({"a": [1]})))
    log = FaultLog()
    assert postgis.read_database(database, table, log=log, file="db") is None
    (fault,) = log.faults
    assert fault.code == code
    assert "quarterhour.t" in fault.expected("zh")


def test_an_option_without_a_layer_names_its_table_behind_the_address(database):
    put(database, publication(words=pd.DataFrame({"code": ["131100"], "type": ["convenience"]})))
    log = FaultLog()
    secret = postgis._engine_url(sqlalchemy, database).password
    open_address = database.replace("postgres@", f"postgres:{_quoted(secret)}@")
    address = take_password(f"{open_address}#quarterhour.words")
    assert secret not in address
    mapping = load_mapping(address, folder=None, log=log)
    assert not log.faults
    assert [(rule.code, rule.type) for rule in mapping.rules] == [("131100", "convenience")]
    assert postgis.fingerprint(address, "") == postgis.fingerprint(database, "quarterhour.words")


def test_two_coordinate_systems_in_one_table_are_a_fault(database):
    points = "select ST_SetSRID(ST_Point(1, 1), s) g from (values (4326), (3857)) v (s)"
    ask(database, f"create table mixed as {points}")
    log = FaultLog()
    assert postgis.read_database(database, "mixed", log=log, file="db") is None
    assert [fault.code for fault in log.faults] == ["database_mixed_srid"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_wrong_password_is_refused_without_being_shown(demo_run, database, language, capsys):
    address = database.replace("postgres@", "postgres:seCret77@")
    with pytest.raises(SystemExit) as left:
        command(["publish", str(demo_run), "--to", address, "--lang", language])
    shown = "".join(capsys.readouterr())
    assert left.value.code == 1
    assert "seCret77" not in shown
    assert "Traceback" not in shown


def test_no_server_is_a_fault_in_words(demo_run):
    with pytest.raises(InputFaults) as found:
        publish(demo_run, Screen("en", quiet=True), to="postgresql://u:pw@127.0.0.1:1/none")
    (fault,) = found.value.faults
    assert fault.code == "database_unreachable"
    assert "pw@" not in fault.line()


def test_a_schema_cannot_be_any_text(database):
    log = FaultLog()
    found = write_database(database, publication(), schema='x"; drop schema public', log=log)
    assert found is None
    assert [fault.code for fault in log.faults] == ["publish_no_schema_name"]


def test_the_password_file_is_read_as_libpq_reads_it(monkeypatch, tmp_path):
    file = tmp_path / "pgpass"
    file.write_text("other:*:*:*:no\nhost:5432:*:me:a\\:b\n", encoding="utf-8")
    monkeypatch.setenv("PGPASSFILE", str(file))
    monkeypatch.delenv("PGPASSWORD", raising=False)
    assert postgis._engine_url(sqlalchemy, "postgresql://me@host/db").password == "a:b"


def test_passwords_are_taken_out_of_addresses():
    assert take_password("postgresql://u:p%40w@h:1/d") == "postgresql://u@h:1/d"
    assert postgis._engine_url(sqlalchemy, "postgresql://u@h:1/d").password == "p@w"
    assert without_password("at postgres://u:p@h/d?password=x&y=1") == (
        "at postgres://u:***@h/d?password=***&y=1"
    )


def _table(path):
    if path.suffix == ".csv":
        return pd.read_csv(path)
    return gpd.read_file(path)


def _quoted(password):
    return quote(password, safe="")
