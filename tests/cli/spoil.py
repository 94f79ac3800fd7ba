"""Ways to spoil the demo study, each with the faults a user must then read."""

import csv
import io
import json
from dataclasses import dataclass

import openpyxl
import osmium

RESIDENCES, OUTLETS, CANDIDATES = "residences.csv", "outlets.csv", "candidates.csv"
ENTRANCES, AREAS, STUDY = "entrances.csv", "areas.geojson", "study.toml"
TYPES = "vegetable, convenience, breakfast, housekeeping, hair_beauty, parcel, laundry, repair"


@dataclass(frozen=True)
class Case:
    """A spoiled study: what is done to it, and every fault as (code, file, row, column, value)."""

    name: str
    spoil: object
    faults: list
    said: tuple = ()


CASES = []


def case(*faults, said=()):
    """Register a function that spoils the folder of a study."""

    def register(spoil):
        CASES.append(Case(spoil.__name__, spoil, list(faults), said))
        return spoil

    return register


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new, 1), "utf-8")


def option(study, old, new):
    edit(study / STUDY, old, new)


def plan(study, lines):
    option(study, "outlets = 40", lines)


def read_rows(path):
    encoding = "gb18030" if path.name == OUTLETS else "utf-8-sig"
    return list(csv.reader(io.StringIO(path.read_bytes().decode(encoding))))


def write_rows(path, rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8-sig", newline="")


def change(study, file, **cells):
    """Set cells: a row as a spreadsheet counts it (``r5``) to {column: text}."""
    rows = read_rows(study / file)
    for row, texts in cells.items():
        for column, text in texts.items():
            rows[int(row[1:]) - 1][rows[0].index(column)] = text
    write_rows(study / file, rows)


def fill(study, file, column, text):
    rows = read_rows(study / file)
    place = rows[0].index(column)
    write_rows(study / file, [rows[0], *([*r[:place], text, *r[place + 1 :]] for r in rows[1:])])


def rename(study, file, **columns):
    rows = read_rows(study / file)
    write_rows(study / file, [[columns.get(name, name) for name in rows[0]], *rows[1:]])


# --- streets ---


@case(("streets_damaged", "streets.osm", None, None, ...))
def truncated_osm(study):
    path = study / "streets.osm"
    path.write_bytes(path.read_bytes()[:300_000])


def to_pbf(study):
    path = study / "streets.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        for item in osmium.FileProcessor(str(study / "streets.osm")):
            writer.add(item)
    option(study, '"streets.osm"', '"streets.osm.pbf"')
    return path


@case(("streets_damaged", "streets.osm.pbf", None, None, ...))
def truncated_pbf(study):
    path = to_pbf(study)
    path.write_bytes(path.read_bytes()[:-2000])


@case(("streets_damaged", "streets.osm.pbf", None, None, ...))
def text_named_pbf(study):
    to_pbf(study).write_text("北京的街道\n", "utf-8")


def graphml(study, crs, corners):
    key = '<key id="{0}" for="{1}" attr.name="{2}" attr.type="string"/>'
    keys = [key.format(*k) for k in (("x", "node", "x"), ("y", "node", "y"), ("c", "graph", "crs"))]
    data = f'<data key="c">{crs}</data>' if crs else ""
    nodes = [
        f'<node id="{n}"><data key="x">{x}</data><data key="y">{y}</data></node>'
        for n, (x, y) in enumerate(corners)
    ]
    edges = [f'<edge source="{n}" target="{n + 1}"/>' for n in range(len(corners) - 1)]
    graph = f'<graph edgedefault="directed">{data}{"".join(nodes + edges)}</graph>'
    text = (
        f'<graphml xmlns="http://graphml.graphdrawing.org/xmlns">{"".join(keys)}{graph}</graphml>'
    )
    (study / "streets.graphml").write_text(text, "utf-8")
    option(study, '"streets.osm"', '"streets.graphml"')


DEGREES = [(117.03, 38.11), (117.05, 38.11), (117.05, 38.13)]
METRES = [(502_600, 4_218_000), (504_400, 4_218_000), (504_400, 4_220_200)]


@case(("streets_crs", "streets.graphml", None, None, "–"))
def graphml_without_crs(study):
    graphml(study, "", DEGREES)


@case(("streets_lonlat", "streets.graphml", None, None, ...))
def graphml_in_metres_called_degrees(study):
    graphml(study, "EPSG:4326", METRES)


@case(
    *[
        ("points_elsewhere", f, None, None, ...)
        for f in (RESIDENCES, ENTRANCES, OUTLETS, CANDIDATES)
    ]
)
def graphml_of_another_zone(study):
    graphml(study, "EPSG:32649", METRES)  # the city lies in zone 50: 530 km farther east


@case(("file_missing", "streets.osm", None, None, None))
def streets_missing(study):
    (study / "streets.osm").unlink()


@case(("is_folder", "results", None, None, None))
def folder_for_streets(study):
    option(study, '"streets.osm"', '"results"')


@case(("streets_format", RESIDENCES, None, None, ".csv"))
def table_for_streets(study):
    option(study, '"streets.osm"', f'"{RESIDENCES}"')


@case(("corrupt_file", "background.geojson", 1, None, None))
def background_broken(study):
    (study / "background.geojson").write_text('{"type": "FeatureColl', "utf-8")


@case(("file_missing", "background.geojson", None, None, None))
def background_missing(study):
    (study / "background.geojson").unlink()


# --- tables as files ---


@case(("empty_file", OUTLETS, None, None, None))
def empty_file(study):
    (study / OUTLETS).write_bytes(b"")


@case(("header_only", CANDIDATES, None, None, None))
def header_only(study):
    write_rows(study / CANDIDATES, read_rows(study / CANDIDATES)[:1])


@case(("file_missing", OUTLETS, None, None, None))
def file_missing(study):
    (study / OUTLETS).unlink()


@case(("is_folder", "results", None, None, None))
def folder_for_table(study):
    option(study, f'"{RESIDENCES}"', '"results"')


@case(("unreadable", ..., None, None, None))
def name_too_long(study):
    option(study, f'"{RESIDENCES}"', f'"{"x" * 300}.csv"')


@case(("old_excel", "outlets.xls", None, None, None))
def old_excel(study):
    (study / "outlets.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    option(study, f'"{OUTLETS}"', '"outlets.xls"')


def workbook(study, *titles):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title in titles:
        sheet = book.create_sheet(title)
        for row in read_rows(study / OUTLETS):
            sheet.append(row)
    book.save(study / "outlets.xlsx")
    option(study, f'"{OUTLETS}"', '"outlets.xlsx"')


@case(("choose_sheet", "outlets.xlsx", None, None, None), said=("网点", "旧网点"))
def several_sheets(study):
    workbook(study, "网点", "旧网点")


@case(("corrupt_file", "outlets.xlsx", None, None, None))
def workbook_cut_short(study):
    workbook(study, "网点")
    path = study / "outlets.xlsx"
    path.write_bytes(path.read_bytes()[:5000])


@case(("foreign_bytes", RESIDENCES, 3, "名称", "D7 CF CC D9 C0 EF"), said=("紫藤里",))
def gbk_bytes_in_utf8(study):
    path = study / RESIDENCES
    data = path.read_bytes()
    wrong = data.replace("紫藤里1号楼".encode(), "紫藤里1号楼".encode("gbk"), 1)
    assert wrong != data
    path.write_bytes(wrong)


@case(("not_text", RESIDENCES, None, None, None))
def zero_bytes(study):
    path = study / RESIDENCES
    path.write_bytes(path.read_bytes() + b"\0\0\0")


# --- columns and cells ---


@case(("missing_column", RESIDENCES, None, "居民人数", "residents"), said=("常住人口",))
def column_renamed(study):
    rename(study, RESIDENCES, 居民人数="常住人口")


@case(("coordinate_not_a_number", RESIDENCES, 7, "经度", "117.0x"))
def letters_in_a_coordinate(study):
    change(study, RESIDENCES, r7={"经度": "117.0x"})


@case(
    ("coordinates_exchanged", RESIDENCES, 5, "经度, 纬度", "38.112, 117.04"),
    ("coordinates_exchanged", RESIDENCES, 8, "经度, 纬度", "38.113, 117.041"),
)
def some_rows_exchanged(study):
    change(
        study, RESIDENCES, r5={"经度": "38.112", "纬度": "117.04"},
        r8={"经度": "38.113", "纬度": "117.041"},
    )  # fmt: skip


@case(("columns_exchanged", OUTLETS, None, "经度, 纬度", "38.113528, 117.054369"), said=("389",))
def columns_exchanged(study):
    rename(study, OUTLETS, 经度="纬度", 纬度="经度")


@case(("coordinate_zero", OUTLETS, 4, "经度, 纬度", "0, 0"))
def position_zero(study):
    change(study, OUTLETS, r4={"经度": "0", "纬度": "0"})


@case(("duplicate_id", RESIDENCES, 9, "编号", "R0001"), said=("2",))
def duplicate_id(study):
    change(study, RESIDENCES, r9={"编号": "R0001"})


@case(("number_too_small", RESIDENCES, 4, "居民人数", "-5"))
def negative_residents(study):
    change(study, RESIDENCES, r4={"居民人数": "-5"})


@case(("number_with_unit", RESIDENCES, 4, "居民人数", "1.2万人"))
def residents_with_unit(study):
    change(study, RESIDENCES, r4={"居民人数": "1.2万人"})


@case(("no_residents", RESIDENCES, None, None, None), said=("1073",))
def residents_all_empty(study):
    fill(study, RESIDENCES, "居民人数", "")


@case(("no_residents", RESIDENCES, None, None, None))
def residents_all_zero(study):
    fill(study, RESIDENCES, "居民人数", "0")


@case(("unknown_type", OUTLETS, 4, "业态", "麻将馆"), said=(TYPES,))
def unknown_outlet_type(study):
    change(study, OUTLETS, r4={"业态": "麻将馆"})


@case(("unknown_status", OUTLETS, 4, "状态", "也许"), said=("停业",))
def unknown_status(study):
    change(study, OUTLETS, r4={"状态": "也许"})


@case(("unknown_type", CANDIDATES, 4, "可设业态", "赌场"))
def candidate_of_unknown_type(study):
    change(study, CANDIDATES, r4={"可设业态": "赌场"})


@case(("number_too_small", CANDIDATES, 5, "可容纳网点数", "0"))
def candidate_without_capacity(study):
    change(study, CANDIDATES, r5={"可容纳网点数": "0"})


@case(("candidate_elsewhere", CANDIDATES, 2, None, "H001"), said=("200",))
def candidate_in_the_sea(study):
    change(study, CANDIDATES, r2={"经度": "119.5"})


@case(("points_elsewhere", CANDIDATES, None, None, ...), said=("330",))
def candidates_all_elsewhere(study):
    fill(study, CANDIDATES, "经度", "119.5")


@case(("unknown_demand", ENTRANCES, 3, "居民点编号", "R9999"))
def entrance_of_nobody(study):
    change(study, ENTRANCES, r3={"居民点编号": "R9999"})


@case(("coordinate_not_a_number", RESIDENCES, 2, "经度", "?"))
def one_cause_is_one_fault(study):
    change(study, RESIDENCES, r2={"经度": "?"})  # its entrances are no fault of their own


@case(("coordinate_range", RESIDENCES, 4, "经度, 纬度", "1170.4, 38.11"))
def decimal_point_slipped(study):
    change(study, RESIDENCES, r4={"经度": "1170.4", "纬度": "38.11"})


@case(("unknown_datum", RESIDENCES, None, None, "mars"))
def unknown_datum(study):
    option(study, "[demand]\n", '[demand]\ndatum = "mars"\n')


# --- areas, extent, population ---


def features(study, do):
    content = json.loads((study / AREAS).read_text("utf-8"))
    do(content["features"])
    (study / AREAS).write_text(json.dumps(content, ensure_ascii=False), "utf-8")


@case(("duplicate_id", AREAS, 50, "id", "C2307"))
def area_twice(study):
    features(study, lambda found: found.append(found[-1]))


@case(("area_kind", AREAS, 49, None, "LineString"))
def area_that_is_a_line(study):
    line = {"type": "LineString", "coordinates": [[117.03, 38.1], [117.04, 38.11]]}
    features(study, lambda found: found[-1].update(geometry=line))


@case(("area_beyond_repair", AREAS, 49, None, ...))
def area_without_ground(study):
    there_and_back = [[117.03, 38.1], [117.04, 38.1], [117.03, 38.1], [117.03, 38.1]]
    flat = {"type": "Polygon", "coordinates": [there_and_back]}
    features(study, lambda found: found[-1].update(geometry=flat))


@case(("no_candidates", CANDIDATES, None, None, None))
def extent_without_candidates(study):
    places = read_rows(study / CANDIDATES)
    lon = places[0].index("经度")
    west = [row for row in places[1:] if float(row[lon]) < 117.045]
    write_rows(study / CANDIDATES, [places[0], *west])
    option(study, "[streets]\n", "[extent]\nbbox = [117.045, 38.1, 117.1, 38.2]\n[streets]\n")


@case(("no_demand", RESIDENCES, None, None, None))
def extent_without_residences(study):
    option(study, "[streets]\n", "[extent]\nbbox = [10, 10, 11, 11]\n[streets]\n")


@case(("option_bbox", STUDY, None, "extent", ...))
def extent_upside_down(study):
    option(study, "[streets]\n", "[extent]\nbbox = [117.1, 38.2, 117.0, 38.1]\n[streets]\n")


@case(("no_polygons", RESIDENCES, None, None, None))
def extent_that_is_no_area(study):
    option(study, "[streets]\n", f'[extent]\nfile = "{RESIDENCES}"\n[streets]\n')


@case(("no_totals", "population.geojson", None, None, None), said=("name",))
def population_without_totals(study):
    content = json.loads((study / AREAS).read_text("utf-8"))
    for feature in content["features"]:
        feature["properties"] = {"name": feature["properties"]["id"]}
    (study / "population.geojson").write_text(json.dumps(content), "utf-8")
    option(study, "[[facilities]]", '[population]\nfile = "population.geojson"\n\n[[facilities]]')


# --- study.toml ---


@case(("option_unknown", STUDY, None, "plan.outlet", "40"), said=("outlets, types, per_type",))
def unknown_option(study):
    plan(study, "outlet = 40")


@case(("option_whole_number", STUDY, None, "plan.outlets", "forty"))
def option_of_wrong_type(study):
    plan(study, 'outlets = "forty"')


@case(("option_not_allowed", STUDY, None, "measure.criterion", "miles"), said=("metres, minutes",))
def option_not_among_the_allowed(study):
    plan(study, 'outlets = 40\n[measure]\ncriterion = "miles"')


@case(("option_range", STUDY, None, "plan.gap", "1.5"), said=("< 1",))
def option_out_of_range(study):
    plan(study, "gap = 1.5")


@case(("option_max_below_min", STUDY, None, "plan.per_type.laundry", "{min = 3, max = 1}"))
def quota_upside_down(study):
    plan(study, "per_type = {laundry = {min = 3, max = 1}}")


@case(("option_missing", STUDY, None, "facilities", None))
def no_outlets_named(study):
    text = (study / STUDY).read_text("utf-8")
    head, _, rest = text.partition("[[facilities]]")
    (study / STUDY).write_text(head + rest[rest.index("[candidates]") :], "utf-8")


@case(("study_not_toml", STUDY, ..., None, "outlets ="))
def broken_toml(study):
    plan(study, "outlets =")


@case(("study_not_utf8", STUDY, 1, None, "BF CC D6 D3"))
def toml_in_gbk(study):
    text = (study / STUDY).read_text("utf-8")
    assert text.startswith("# 一刻钟")
    (study / STUDY).write_bytes(text.replace("·", "-").encode("gbk"))


@case(("no_such_pack", STUDY, None, "study.standards", "beijing-9"), said=("beijing-8, gb50180",))
def unknown_pack(study):
    option(study, '"beijing-8"', '"beijing-9"')


PACK = """
id = "own"
version = "1"
criterion = "metres"
{extra}
[name]
zh = "本区标准"
en = "Own standards"
[[tiers]]
id = "basic"
name = {{zh = "基本", en = "basic"}}
"""


@case(
    ("pack_unknown_key", "own.toml", None, "colour", None),
    *[
        ("pack_missing", "own.toml", None, column, None)
        for column in ("types", "profiles", "tiers[basic].minutes", "tiers[basic].metres")
    ],
)
def own_pack_with_faults(study):
    (study / "own.toml").write_text(PACK.format(extra='colour = "red"'), "utf-8")
    option(study, '"beijing-8"', '"own.toml"')


@case(("option_no_such_id", STUDY, None, "plan.per_district", "D9"), said=("D1, D2",))
def quota_of_unknown_district(study):
    plan(study, "outlets = 40\nper_district = {D9 = {min = 1}}")


@case(("option_no_such_id", STUDY, None, "plan.per_type", "cinema"))
def quota_of_unknown_type(study):
    plan(study, "outlets = 40\nper_type = {cinema = {min = 1}}")


@case(
    ("siting_sum_over_maximum", STUDY, None, "plan.outlets", None),
    said=("plan.per_type.laundry ≥ 3", "plan.per_type.parcel ≥ 2", "5", "4"),
)
def minima_above_the_total(study):
    plan(study, "outlets = 4\nper_type = {laundry = {min = 3}, parcel = {min = 2}}")


@case(("siting_over_held", STUDY, None, "plan.per_type.laundry", None), said=("999",))
def more_than_the_candidates_hold(study):
    plan(study, "outlets = 1000\nper_type = {laundry = {min = 999}}")


@case(("siting_over_budget", STUDY, None, "plan.per_type.laundry", None))
def budget_too_small(study):
    plan(study, "outlets = 4\nbudget = 1\nper_type = {laundry = {min = 3}}")


@case(("budget_without_cost", CANDIDATES, None, None, "H002"))
def budget_without_costs(study):
    change(study, CANDIDATES, r3={"年成本": ""})
    plan(study, "outlets = 4\nbudget = 1000000")


@case(("solver_unknown", STUDY, None, "plan.solver", "magic"), said=("highs",))
def unknown_solver(study):
    plan(study, 'outlets = 40\nsolver = "magic"')


@case(("option_no_such_id", STUDY, None, "measure.profile", "robot"), said=("adult, elderly",))
def unknown_profile(study):
    plan(study, 'outlets = 40\n[measure]\nprofile = "robot"')


@case(("option_crs", STUDY, None, "study.crs", "EPSG:4326"))
def degrees_for_metres(study):
    option(study, 'standards = "beijing-8"', 'standards = "beijing-8"\ncrs = "EPSG:4326"')


@case(
    ("unknown_demand", ENTRANCES, 3, "居民点编号", "R9999"),
    ("coordinate_not_a_number", RESIDENCES, 7, "经度", "117.0x"),
    ("number_too_small", RESIDENCES, 8, "居民人数", "-1"),
    ("file_missing", OUTLETS, None, None, None),
    ("number_too_small", CANDIDATES, 5, "可容纳网点数", "0"),
    ("streets_damaged", "streets.osm", None, None, ...),
    ("option_no_such_id", STUDY, None, "plan.types", "cinema"),
    ("solver_unknown", STUDY, None, "plan.solver", "magic"),
)
def everything_at_once(study):
    truncated_osm(study)
    entrance_of_nobody(study)
    letters_in_a_coordinate(study)
    change(study, RESIDENCES, r8={"居民人数": "-1"})
    file_missing(study)
    candidate_without_capacity(study)
    plan(study, 'outlets = 40\nsolver = "magic"\ntypes = ["cinema"]')
