"""The same answers as spopt where it can answer; skipped where it is not installed."""

import numpy as np
import pytest
from scipy import sparse

from quarterhour.optimize.backup import plan_fewest_backup
from quarterhour.optimize.capacitated import plan_fewest_capacitated
from quarterhour.optimize.dispersion import plan_dispersion
from quarterhour.optimize.fewest import plan_fewest
from quarterhour.optimize.problem import siting_problem

locate = pytest.importorskip("spopt.locate", reason="spopt is not installed (extra: bench)")
pulp = pytest.importorskip("pulp")


@pytest.mark.parametrize("seed", range(3))
def test_set_cover_backup_capacity_and_dispersion(seed):
    rng = np.random.default_rng(seed)
    homes, sites = rng.random((60, 2)), rng.random((20, 2))
    walks = np.hypot(*(homes[:, None] - sites).transpose(2, 0, 1))
    between = np.hypot(*(sites[:, None] - sites).transpose(2, 0, 1))
    reach = float(np.sort(walks, axis=1)[:, 2].max())
    persons = rng.integers(1, 20, 60).astype(float)
    holds = rng.integers(150, 400, 20).astype(float)
    given = {"types": ["shop"], "residents": persons, "covers": [sparse.csr_array(walks <= reach)]}
    problem, counted = siting_problem(**given), siting_problem(**given, weights=1.0)

    def value(model):
        return model.solve(pulp.PULP_CBC_CMD(msg=False)).problem.objective.value()

    cover = locate.LSCP.from_cost_matrix(walks, reach)
    assert plan_fewest(problem, each="point", gap=0.0).objective == value(cover)
    backup = locate.LSCPB.from_cost_matrix(walks, reach, pulp.PULP_CBC_CMD(msg=False))
    twice = plan_fewest_backup(counted, gap=0.0).figures["covered_twice"]
    assert twice == value(backup)
    room = {"demand_quantity_arr": persons, "facility_capacity_arr": holds}
    held = locate.LSCP.from_cost_matrix(walks, reach, **room)
    assert plan_fewest_capacitated(problem, holds, gap=0.0).objective == value(held)
    apart = locate.PDispersion.from_cost_matrix(between, 5)
    spread = plan_dispersion(problem, 5, distance=between, gap=0.0).objective
    assert spread == pytest.approx(value(apart))
