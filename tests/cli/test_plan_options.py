"""Every option of the plan, end to end, on a city whose best plans are found in the head."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from quarterhour.cli.console import Screen
from quarterhour.cli.pipeline import run_stages
from quarterhour.coverage.decay import LinearDecay
from quarterhour.data.faults import InputFaults
from quarterhour.data.study_plan import OBJECTIVES as NAMES
from quarterhour.data.text import tr
from quarterhour.optimize.objectives import OBJECTIVES, solve_objective
from quarterhour.optimize.problem import siting_problem

from .tiny_city import write_city

SHOP = 'types = ["convenience"]\n'


def planned(folder, plan="", **city):
    """Plan the tiny city; return the table of sites and the facts."""
    write_city(folder, plan, **city)
    record = run_stages(folder, ("measure", "plan"), Screen("en", quiet=True))["plan"]
    return gpd.read_parquet(folder / "results" / "sites.parquet"), record.facts


def chosen(sites):
    return {
        (row.candidate, row.type) + ((row.year,) if row.year else ()) for row in sites.itertuples()
    }


def shops(letters):
    return {(letter, "convenience") for letter in letters}


# Without rules two shops go to the largest homes that have none: A (100) and B (60); D has one.
CASES = {
    "plain": ("outlets = 2", "AB", 160),
    "a community must get one": ("outlets = 2\nper_community = {K3 = {min = 1}}", "AC", 140),
    "a district may get one": ("outlets = 2\nper_district = {D1 = {max = 1}}", "AC", 140),
    "a street may get one": ("outlets = 2\nper_street = {S1 = {max = 1}}", "A", 100),
    "forbidden": ('outlets = 2\nforbidden = ["A"]', "BC", 100),
    "required though it helps nobody": ('outlets = 2\nrequired = ["D"]', "AD", 100),
    "exclusive": ('outlets = 2\nexclusive = [["A", "B"]]', "AC", 140),
    "2 km apart": ("outlets = 2\nspacing = {convenience = 1500}", "AC", 140),
    "exactly 1 km apart is far enough": ("outlets = 2\nspacing = {convenience = 999}", "AB", 160),
    "away from existing shops too": (
        "outlets = 3\nspacing = {convenience = 1001}\nspacing_existing = true", "A", 100
    ),
    # D2 has 70 residents, 30 of them served: C must be served to reach a half.
    "district floor": ('outlets = 2\nfloor = [{share = 0.5, area = "D2"}]', "AC", 140),
    "floor of every district": ("outlets = 3\nfloor = [{share = 0.5}]", "ABC", 200),
    "community standard": ("outlets = 3\ncommunity_standard = true", "ABC", 200),
    "one in each community, D has its own": (
        "outlets = 3\ncommunity_min = {convenience = 1}", "ABC", 200
    ),
    "budget": ("outlets = 3\nbudget = 25", "AB", 160),
}  # fmt: skip


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """One folder for all plans that change nothing but the plan: it is measured once."""
    return tmp_path_factory.mktemp("plans") / "city"


@pytest.mark.parametrize(("plan", "sites", "newly"), CASES.values(), ids=CASES)
def test_a_plan_found_in_the_head(city, plan, sites, newly):
    table, facts = planned(city, SHOP + plan + "\ncurve_points = 0")
    assert chosen(table) == shops(sites)
    assert sum(facts["newly_covered"].values()) == newly
    assert (facts["status"], facts["gap"]) == ("optimal", 0)


def test_upgrading_is_cheaper_than_building(city):
    plan = SHOP + "outlets = 3\nbudget = 21\nupgrades = {enabled = true, cost = 1}"
    table, facts = planned(city, plan)
    assert chosen(table) == shops(["A", "B", "upgrade-F1"])
    assert table.set_index("candidate")["action"].to_dict() == {
        "A": "new", "B": "new", "upgrade-F1": "upgrade",
    }  # fmt: skip
    # Before its upgrade the substandard shop serves nobody: the 30 of D are newly covered.
    assert facts["before"]["types"]["convenience"]["covered"] == 0
    assert facts["types"]["convenience"]["covered"] == 190
    assert (facts["new"], facts["upgraded"], facts["cost"]) == (2, 1, 21)


def test_upgrades_have_a_maximum_of_their_own(city):
    plan = SHOP + "outlets = 4\nupgrades = {enabled = true, cost = 1, max = 0}"
    table, _ = planned(city, plan)
    assert chosen(table) == shops("ABCD")  # D gets a new shop instead


def test_years_serve_the_most_people_first(city):
    plan = SHOP + 'outlets = 3\nyears = ["2026", "2027"]\nper_year = [1, 2]\ndiscount = 0.5'
    table, facts = planned(city, plan)
    assert chosen(table) == {
        ("A", "convenience", "2026"), ("B", "convenience", "2027"), ("C", "convenience", "2027"),
    }  # fmt: skip
    # 100 at the end of 2026, and half of the 200 at the end of 2027.
    assert facts["objective"] == 100 + 0.5 * 200
    assert [one["newly_covered"] for one in facts["by_year"]] == [100, 200]
    summary = pd.read_parquet(city / "results" / "summary_after.parquet")
    whole = summary[(summary["level"] == "city") & (summary["type"] == "convenience")]
    assert whole.set_index("year")["covered"].to_dict() == {"2026": 130, "2027": 230}
    points = gpd.read_parquet(city / "results" / "points_after.parquet")
    states = points.set_index("id")[["convenience_state_2026", "convenience_state_2027"]]
    assert states.loc["HB"].tolist() == ["gap", "covered"]
    assert (points["convenience_state"] == points["convenience_state_2027"]).all()


# 100 at the end of 2026, 200 at the end of 2027: the objective is 280, the residents are 200.
@pytest.mark.parametrize(
    ("plan", "objective", "covered"),
    [
        ('outlets = 3\nyears = ["1", "2"]\nper_year = [1, 2]\ndiscount = 0.9', 280, 200),
        ('outlets = 4\nobjective = "fewest"\nobjective_options = {share = 0.9}', 3, 200),
    ],
    ids=["years", "fewest"],
)
def test_findings_speak_of_residents_whatever_the_objective(tmp_path, plan, objective, covered):
    folder = write_city(tmp_path / "city", SHOP + plan + "\n[map]\nsheet = false")
    records = run_stages(folder, ("measure", "plan", "map"), Screen("en", quiet=True))
    assert records["plan"].facts["objective"] == pytest.approx(objective)
    finding = records["map"].facts["findings_en"][-1]
    assert finding.startswith(
        f"The plan opens 3 outlet(s). They give {covered} more residents a service"
    )
    assert finding.endswith("no plan under the same rules does better.")


def test_shares_of_the_years_add_up(city):
    plan = SHOP + 'outlets = 3\nyears = ["1", "2", "3"]\nper_year = [0.4, 0.3, 0.3]'
    table, _ = planned(city, plan)
    assert table.groupby("year")["id"].count().to_dict() == {"1": 1, "2": 1, "3": 1}


# B holds two outlets, A one: 100 + 60 = 160 split, 120 at B alone, but 60 more for its circles.
@pytest.mark.parametrize(("reward", "sites"), [(0, "AB"), (1, "BB")])
def test_full_circles_may_count_more(city, reward, sites):
    plan = f"outlets = 2\nforbidden = ['D', 'C']\ncircle_reward = {reward}"
    plan += '\ntypes = ["convenience", "breakfast"]'
    table, facts = planned(city, plan, capacity={"A": 1, "B": 2})
    assert sorted(table["candidate"]) == list(sites)
    assert facts["objective"] == (160 if reward == 0 else 180)


# C of the earlier plan serves 40, B 60: it stays if keeping is worth more than the 20 between.
@pytest.mark.parametrize(("keep", "sites"), [(15, "AB"), (25, "AC")])
def test_an_earlier_plan_is_kept_for_what_it_is_worth(city, keep, sites):
    city.mkdir(exist_ok=True)
    (city / "old.csv").write_text("candidate,type\nC,convenience\n", "utf-8")
    table, _ = planned(city, SHOP + f'outlets = 2\nprevious = "old.csv"\nkeep = {keep}')
    assert chosen(table) == shops(sites)
    assert table.loc[table["kept"], "candidate"].tolist() == (["C"] if "C" in sites else [])


def test_outlets_of_the_earlier_plan_that_stand_nowhere_are_named(city):
    city.mkdir(exist_ok=True)
    (city / "old.csv").write_text("candidate,type\nC,convenience\nZ,convenience\n", "utf-8")
    _, facts = planned(city, SHOP + 'outlets = 2\nprevious = "old.csv"\nkeep = 1')
    (note,) = facts["notes"]["en"]
    assert "1 of 2" in note
    assert "Z" in note


def test_priority_weighs_residents_by_their_gap(city):
    _, facts = planned(city, SHOP + "outlets = 2\npriority = true")
    gaps = gpd.read_parquet(city / "results" / "gaps.parquet")
    gaps = gaps[gaps["type"] == "convenience"].set_index("place")
    two = gaps.loc[["K1", "K2"]]
    assert facts["objective"] == pytest.approx((two["residents"] * two["priority"]).sum())
    assert facts["objective"] > 160


def test_evidence_by_hand(city):
    table, facts = planned(city, SHOP + "outlets = 2")
    a, b = (row for row in table.itertuples())
    assert (a.candidate, a.newly_covered, a.lost_if_dropped, a.within_reach) == ("A", 100, 100, 100)
    assert (a.alternative, a.alternative_loss) == ("C", 60)
    assert (a.worst_point, a.worst_place, a.worst_minutes) == ("HA", "K1", pytest.approx(45, 0.01))
    assert (b.alternative, b.alternative_loss) == ("C", 20)
    assert b.binding == "plan.outlets"
    gaps = gpd.read_parquet(city / "results" / "gaps.parquet")
    ids = gaps[gaps["type"] == "convenience"].set_index("place")["id"]
    assert (a.gaps_closed, b.gaps_closed) == (ids["K1"], ids["K2"])
    assert facts["baselines"]["nearest"]["objective"] == 160
    prices = pd.read_parquet(city / "results" / "shadow_prices.parquet")
    # One outlet more would go to C: 40 in D2; in D1 everyone is served.
    assert prices.set_index("district")["next_gain"].to_dict() == {"D1": 0, "D2": 40}
    assert prices.set_index("district")["shadow_price"].to_dict() == pytest.approx(
        {"D1": 40, "D2": 40}
    )


WRONG = {
    'years = ["1", "1"]': [("option_year_twice", "plan.years")],
    'types = ["convenience", "convenience"]': [("option_type_twice", "plan.types")],
    "seed = -1": [("option_range", "plan.seed")],
    "budget = inf": [("option_range", "plan.budget")],
    'previous = "homes.csv"\nkeep = inf': [("option_range", "plan.keep")],
    "time_limit = inf": [("option_range", "plan.time_limit")],
    "outlets = 100000000000": [("option_range", "plan.outlets")],
    'years = ["1", "2"]\nper_year = [inf, 1]': [("option_range", "plan.per_year[1]")],
    "per_year = [1, 2]": [("option_per_year_count", "plan.per_year")],
    'years = ["1", "2"]\nper_year = [0.4, 0.3]': [("option_per_year_sum", "plan.per_year")],
    'required = ["A"]\nforbidden = ["A"]': [("option_required_and_forbidden", "plan.forbidden")],
    'exclusive = [["A"]]': [("option_exclusive_alone", "plan.exclusive")],
    "keep = 5": [("option_keep_without_previous", "plan.keep")],
    "budget = 5\nupgrades = {enabled = true}": [("option_upgrade_cost", "plan.upgrades.cost")],
    "discount = 0": [("option_range", "plan.discount")],
    "floor = [{share = 2}]": [("option_range", "plan.floor[1].share")],
    "floor = [{level = 'district'}]": [("option_missing", "plan.floor[1].share")],
    'floor = [{share = 0.5, level = "city", area = "D1"}]': [
        ("option_city_area", "plan.floor[1].area")
    ],
    "upgrades = {min = 2, max = 1}": [("option_max_below_min", "plan.upgrades")],
    "upgrades = {enable = true}": [("option_unknown", "plan.upgrades.enable")],
    "spacing = {convenience = -1}": [("option_range", "plan.spacing.convenience")],
    "spacing = {nothing = 100}": [("option_no_such_id", "plan.spacing")],
    "community_min = {nothing = 1}": [("option_no_such_id", "plan.community_min")],
    "per_community = {K9 = {max = 1}}": [("option_no_such_id", "plan.per_community")],
    'floor = [{share = 0.5, area = "D9"}]': [("option_no_such_id", "plan.floor.area")],
    'floor = [{share = 0.5, type = "x"}]': [("option_no_such_id", "plan.floor.type")],
    'floor = [{share = 0.5, year = "2030"}]': [("option_no_such_id", "plan.floor.year")],
    'required = ["Z"]\nforbidden = ["Y"]\nexclusive = [["A", "X"]]': [
        ("plan_no_such_candidate", "plan.required"),
        ("plan_no_such_candidate", "plan.forbidden"),
        ("plan_no_such_candidate", "plan.exclusive"),
    ],
    'types = ["breakfast"]\nupgrades = {enabled = true}': [("plan_no_upgrades", "plan.upgrades")],
    'previous = "nowhere"': [("previous_missing", "plan.previous")],
    'previous = "homes.csv"': [("previous_columns", "candidate"), ("previous_columns", "type")],
    "objective = 'wealth'": [("option_no_such_id", "plan.objective")],
    "objective_options = {share = 1}": [("siting_objective_option", "plan.objective_options")],
    "objective = 'attendance'": [("siting_objective_needs", "plan.objective_options.decay")],
    "objective = 'fewest'\nobjective_options = {share = '90%'}": [
        ("siting_option_kind", "plan.objective_options.share")
    ],
    "objective = 'attendance'\nobjective_options = {decay = ['linear', 1, 2]}": [
        ("siting_decay_numbers", "plan.decay")
    ],
}


@pytest.mark.parametrize(("plan", "faults"), WRONG.items(), ids=range(len(WRONG)))
def test_wrong_options_are_faults_in_words(tmp_path, plan, faults):
    with pytest.raises(InputFaults) as wrong:
        planned(tmp_path / "city", plan)
    assert [(fault.code, fault.column) for fault in wrong.value.faults] == faults
    for fault in wrong.value.faults:
        for language in ("en", "zh"):
            assert fault.message(language)
            assert fault.remedy(language)
    assert not (tmp_path / "city" / "results").exists()


def test_candidates_that_may_hold_nothing_planned_are_a_fault(tmp_path):
    folder = write_city(tmp_path / "city", SHOP + "outlets = 2")
    text = (folder / "premises.csv").read_text("utf-8")
    (folder / "premises.csv").write_text(text.replace(",,50,", ",breakfast,50,"), "utf-8")
    with pytest.raises(InputFaults) as wrong:
        run_stages(folder, ("measure", "plan"), Screen("en", quiet=True))
    (fault,) = wrong.value.faults
    assert (fault.code, fault.file, fault.column) == (
        "plan_nothing_allowed", "premises.csv", "types",
    )  # fmt: skip
    assert "4 candidates" in fault.message("en")
    assert not (folder / "results").exists()


def test_a_plan_does_not_feed_on_itself(city):
    planned(city, "outlets = 2")
    with pytest.raises(InputFaults) as wrong:
        planned(city, 'outlets = 2\nprevious = "results"')
    assert [fault.code for fault in wrong.value.faults] == ["previous_own"]


# All four need a shop of their own, D has one: 90 % of 230 is 207, so A, B and C must open.
def test_the_fewest_shops_for_nine_tenths_of_the_residents(city):
    plan = SHOP + 'outlets = 4\nobjective = "fewest"\nobjective_options = {share = 0.9}'
    table, facts = planned(city, plan)
    assert chosen(table) == shops("ABC")
    assert (facts["status"], facts["objective"]) == ("optimal", 3)
    report = (city / "results" / "plan_report.html").read_text("utf-8")
    for said in ("share = 0.9", "下界", "Lower bound", "no plan under the same rules does better"):
        assert said in report
    # 200 of 230 at the doors of A, B and C, and D's own 30: everybody.
    assert facts["figures"]["share_of_residents"] == 1.0
    assert "Residents covered, of all known" in report
    for left_out in ("Upper bound", "Model solved", "Price curve"):
        assert left_out not in report


def test_least_walking_opens_where_people_live(city):
    plan = SHOP + 'outlets = 2\nobjective = "least_walking"\nobjective_options = {penalty = 900}'
    table, facts = planned(city, plan)
    assert chosen(table) == shops("AB")
    assert facts["objective_kind"] == "least_walking"
    assert facts["figures"]["penalty"] == 900
    report = (city / "results" / "plan_report.html").read_text("utf-8")
    assert all(
        said in report for said in ("Mean walk of those served", "得到服务者的平均步行", "900 m")
    )


def test_every_figure_of_every_objective_has_words():
    near = sparse.csr_array(np.array([[1.0, 0], [1, 1], [0, 1]]))
    problem = siting_problem(
        types=["shop"], residents=[3, 2, 1], covers=[near], impedance=[near], total=2,
        xy=[[0, 0], [9, 0]],
    )  # fmt: skip
    given = {"decay": LinearDecay(9), "share": 0.5, "capacity": 9.0, "outlets": 2}
    for name, objective in OBJECTIVES.items():
        options = {option: given[option] for option in objective.required}
        plan = solve_objective(name, problem, options)
        assert plan.found
        for figure in set(plan.figures) - {"outlets", "cost"}:
            words = [tr(f"report.figure.{figure}", language) for language in ("en", "zh")]
            assert words[0] != words[1]


def test_the_objectives_of_a_study_are_those_of_the_core():
    assert tuple(OBJECTIVES) == NAMES
