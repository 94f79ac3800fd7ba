"""The same answers as every class of spopt; skipped where it is not installed."""

import numpy as np
import pytest
from scipy import sparse

from quarterhour.optimize.backup import plan_fewest_backup
from quarterhour.optimize.capacitated import plan_fewest_capacitated
from quarterhour.optimize.center import plan_center
from quarterhour.optimize.dispersion import plan_dispersion
from quarterhour.optimize.fewest import plan_fewest
from quarterhour.optimize.median import plan_least_walking
from quarterhour.optimize.problem import siting_problem
from quarterhour.optimize.solve import plan_max_coverage

locate = pytest.importorskip("spopt.locate", reason="spopt is not installed (extra: bench)")
gpd = pytest.importorskip("geopandas")
pulp = pytest.importorskip("pulp")

#: spopt makes its variables, and asks for CBC, as PuLP 4 no longer will.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulp")

P = 4


class Town:
    """Sixty homes, twenty sites, and what both programs are told of them.

    ``fixed`` are spopt's predefined facilities: sites that must open.
    """

    def __init__(self, seed, *, predefined):
        rng = np.random.default_rng(seed)
        self.homes, self.sites = rng.random((60, 2)), rng.random((20, 2))
        self.walks = np.hypot(*(self.homes[:, None] - self.sites).transpose(2, 0, 1))
        self.between = np.hypot(*(self.sites[:, None] - self.sites).transpose(2, 0, 1))
        self.reach = float(np.sort(self.walks, axis=1)[:, 2].max())
        self.persons = rng.integers(1, 20, 60).astype(float)
        self.holds = rng.integers(150, 400, 20).astype(float)
        self.fixed = np.zeros(20, dtype=int)
        self.fixed[rng.choice(20, 2, replace=False)] = predefined
        self.given = {"predefined_facilities_arr": self.fixed} if predefined else {}

    def problem(self, reach=np.inf, **more):
        near = self.walks <= reach
        return siting_problem(
            types=["shop"],
            residents=self.persons,
            covers=[sparse.csr_array(near)],
            impedance=[sparse.csr_array(np.where(near, self.walks, 0.0))],
            fixed=self.fixed[:, None],
            **more,
        )


@pytest.fixture(params=[(0, 0), (1, 0), (2, 1), (3, 1)], ids=["0", "1", "2 fixed", "3 fixed"])
def town(request):
    seed, predefined = request.param
    return Town(seed, predefined=predefined)


def value(model):
    return model.solve(pulp.PULP_CBC_CMD(msg=False)).problem.objective.value()


def test_set_cover(town):
    theirs = locate.LSCP.from_cost_matrix(town.walks, town.reach, **town.given)
    ours = plan_fewest(town.problem(town.reach), each="point", gap=0.0)
    assert ours.objective == value(theirs)


def test_set_cover_with_capacities(town):
    room = {"demand_quantity_arr": town.persons, "facility_capacity_arr": town.holds}
    theirs = locate.LSCP.from_cost_matrix(town.walks, town.reach, **room, **town.given)
    ours = plan_fewest_capacitated(town.problem(town.reach), town.holds, gap=0.0)
    assert ours.objective == value(theirs)


def test_backup(town):
    solver = pulp.PULP_CBC_CMD(msg=False)
    theirs = locate.LSCPB.from_cost_matrix(town.walks, town.reach, solver, **town.given)
    counted = town.problem(town.reach, weights=1.0)  # spopt counts homes, not persons
    ours = plan_fewest_backup(counted, gap=0.0)
    assert ours.figures["covered_twice"] == value(theirs)


def test_most_coverage(town):
    reach = town.reach / 2
    theirs = locate.MCLP.from_cost_matrix(town.walks, town.persons, reach, P, **town.given)
    ours = plan_max_coverage(town.problem(reach, total=P), gap=0.0)
    assert ours.objective == value(theirs)


def test_median(town):
    theirs = locate.PMedian.from_cost_matrix(town.walks, town.persons, P, **town.given)
    ours = plan_least_walking(town.problem(), p=P, gap=0.0)
    assert ours.objective == pytest.approx(value(theirs))


def test_median_with_capacities(town):
    theirs = locate.PMedian.from_cost_matrix(
        town.walks, town.persons, P, facility_capacities=town.holds, **town.given
    )
    ours = plan_least_walking(
        town.problem(), p=P, persons=town.holds, must_reach=True, split=False, gap=1e-6
    )
    assert ours.objective == pytest.approx(value(theirs))


def test_median_among_the_nearest(town):
    # What spopt looks for among the k nearest of each home is what lies within reach here.
    k = 12
    homes, sites = (
        gpd.GeoDataFrame(geometry=gpd.points_from_xy(*of.T), crs=32650)
        for of in (town.homes, town.sites)
    )
    homes["persons"] = town.persons
    theirs = locate.KNearestPMedian.from_geodataframe(
        *(homes, sites, "geometry", "geometry", "persons"), P, k_array=np.full(60, k)
    )
    far = np.sort(town.walks, axis=1)[:, [k - 1]]
    near = sparse.csr_array(np.where(town.walks <= far, town.walks, 0.0))
    problem = siting_problem(
        types=["shop"], residents=town.persons, covers=[near], impedance=[near]
    )
    ours = plan_least_walking(problem, p=P, must_reach=True, gap=0.0)
    assert ours.objective == pytest.approx(value(theirs))


def test_center(town):
    theirs = locate.PCenter.from_cost_matrix(town.walks, P, **town.given)
    ours = plan_center(town.problem(), p=P, gap=0.0)
    assert ours.objective == pytest.approx(value(theirs))


def test_dispersion(town):
    theirs = locate.PDispersion.from_cost_matrix(town.between, P, **town.given)
    ours = plan_dispersion(town.problem(), P, distance=town.between, gap=0.0)
    assert ours.objective == pytest.approx(value(theirs))
