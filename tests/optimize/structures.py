"""Random small problems with every rule of the thousand-shop plan, and every plan of them.

Written without the code under test; read by the fixture `structures`.
"""

from itertools import combinations, product

import numpy as np
from scipy import sparse

from quarterhour.optimize.problem import Floor, Quota, siting_problem

TYPES = ("shop", "parcel", "repair")

RULES = (
    "years", "fixed", "upgrades", "spacing", "exclusive", "floors", "circles", "keep", "budget",
    "communities", "capacity", "required",
)  # fmt: skip


def years(rng, given):
    count = int(rng.integers(2, 4)) if len(given["types"]) == 1 else 2
    labels = [str(2026 + t) for t in range(count)]
    discount = rng.choice([1.0, 0.9, 0.5])
    given |= {"years": labels, "year_weight": discount ** np.arange(count)}
    given["quotas"] += [
        Quota(int(rng.integers(0, 2)), int(rng.integers(1, 3)), year=label)
        for label in labels
        if rng.random() < 0.7
    ]


def fixed(rng, given):
    shape = given["allowed"].shape
    given["fixed"] = given["allowed"] & (rng.random(shape) < 0.25)
    given["fixed_year"] = rng.integers(-1, len(given.get("years", [""])), shape)


def upgrades(rng, given):
    m, kinds = given["allowed"].shape
    given["upgrade"] = rng.random(m) < 0.5
    given["cost"] = np.where(given["upgrade"], 1.0, 3.0)[:, None] * np.ones(kinds)
    given["budget"] = float(rng.integers(2, 9))
    given["quotas"] += [
        Quota(0, int(rng.integers(0, 3)), action="new"),
        Quota(int(rng.integers(0, 2)), None, action="upgrade"),
    ]


def spacing(rng, given):
    given["xy"] = rng.integers(0, 5, (len(given["allowed"]), 2)).astype(float)
    given["spacing"] = {kind: float(rng.choice([1, 2, np.sqrt(5)])) for kind in given["types"][:2]}


def exclusive(rng, given):
    m = len(given["allowed"])
    given["exclusive"] = [rng.permutation(m)[:3] for _ in range(2)]


def floors(rng, given):
    n = len(given["residents"])
    given["demand_groups"] = {"district": rng.choice(["A", "B"], n)}
    given["floors"] = [
        Floor(float(rng.uniform(0, 0.7)), level="district", group="A"),
        Floor(float(rng.uniform(0, 0.5)), level="district", group="B", type=given["types"][0]),
        Floor(float(rng.uniform(0, 0.3)), year=given.get("years", [""])[0]),
    ]
    if rng.random() < 0.5:  # what a floor counts need not be worth anything
        given["weights"] = given["residents"] * rng.integers(0, 2, n)


def circles(rng, given):
    given["circle_weight"] = given["residents"] * rng.choice([0, 1, 3], len(given["residents"]))
    if rng.random() < 0.3:
        given["weights"] = np.zeros(len(given["residents"]))


def keep(rng, given):
    given["previous"] = rng.random(given["allowed"].shape) < 0.4
    given["keep_weight"] = float(rng.choice([0.5, 5.0, 50.0]))


def budget(rng, given):
    given["cost"] = rng.integers(0, 5, given["allowed"].shape).astype(float)
    given["budget"] = float(rng.integers(2, 9))


def communities(rng, given):
    given["groups"] = {"community": rng.choice(["a", "b", ""], len(given["allowed"]))}
    given["quotas"] += [
        Quota(1, None, type=given["types"][0], level="community", group="a"),
        Quota(0, 1, level="community", group="b"),
    ]


def capacity(rng, given):
    given["capacity"] = rng.integers(1, 3, len(given["allowed"]))


def required(rng, given):
    given["required"] = (rng.random(len(given["allowed"])) < 0.3) & given["allowed"].any(axis=1)


def draw(seed, rules):
    rng = np.random.default_rng(seed)
    kinds = 2 if "circles" in rules else int(rng.integers(1, 3))
    kinds = 3 if len(rules) == 1 and seed % 5 == 0 and "years" not in rules else kinds
    m = {1: 5, 2: 4, 3: 3}[kinds] if "years" in rules else {1: 9, 2: 5, 3: 3}[kinds]
    n = int(rng.integers(4, 12))
    given = {
        "types": TYPES[:kinds],
        "residents": rng.integers(0, 20, n).astype(float),
        "covers": [sparse.csr_array(rng.random((n, m)) < 0.35) for _ in range(kinds)],
        "covered": rng.random((n, kinds)) < 0.2,
        "unknown": rng.random((n, kinds)) < 0.1,
        "allowed": rng.random((m, kinds)) < 0.9,
        "capacity": kinds,
        "total": int(rng.integers(1, 5)),
        "quotas": [],
    }
    for rule in RULES:
        if rule in rules:
            globals()[rule](rng, given)
    return siting_problem(**given)


def every_plan(problem):
    """Yield every choice of a year (or none) for each allowed pair."""
    pairs = [tuple(pair) for pair in np.argwhere(problem.allowed).tolist()]
    for when in product((None, *range(len(problem.years))), repeat=len(pairs)):
        plan = {pair: t for pair, t in zip(pairs, when, strict=True) if t is not None}
        if keeps_rules(problem, plan):
            yield plan


def counts(problem, plan, quota):
    return sum(
        quota.type in {"", problem.types[k]}
        and (not quota.level or problem.groups[quota.level][j] == quota.group)
        and quota.year in {"", problem.years[t]}
        and (not quota.action or (quota.action == "upgrade") == problem.upgrade[j])
        for (j, k), t in plan.items()
    )


def keeps_rules(problem, plan):
    if not quotas_kept(problem, plan):
        return False
    sites = [j for j, _ in plan]
    if any(sites.count(j) > problem.capacity[j] for j in set(sites)):
        return False
    cost = sum(problem.cost[pair] for pair in plan)
    if problem.budget is not None and cost > problem.budget + 1e-9:
        return False
    if any(j not in sites for j in np.flatnonzero(problem.required)):
        return False
    for pair in map(tuple, np.argwhere(problem.fixed).tolist()):
        if pair not in plan or problem.fixed_year[pair] not in {-1, plan[pair]}:
            return False
    if any(len(set(sites) & set(some.tolist())) > 1 for some in problem.exclusive):
        return False
    return far_enough(problem, plan) and all(floor_kept(problem, plan, f) for f in problem.floors)


def quotas_kept(problem, plan):
    for quota in problem.quotas:
        count = counts(problem, plan, quota)
        if count < quota.minimum or (quota.maximum is not None and count > quota.maximum):
            return False
    return True


def far_enough(problem, plan):
    for (i, k), (j, other) in combinations(plan, 2):
        metres = problem.spacing.get(problem.types[k], 0)
        new = not problem.upgrade[i] and not problem.upgrade[j]
        if k == other and new and np.hypot(*(problem.xy[i] - problem.xy[j])) < metres - 1e-12:
            return False
    return True


def served(problem, plan, year):
    """Return who is covered at the end of a year, by existing or new outlets."""
    covered = problem.covered.copy()
    for (j, k), t in plan.items():
        if t <= year:
            covered[:, k] |= problem.covers[k].toarray()[:, j] > 0
    return covered & ~problem.unknown


def floor_kept(problem, plan, floor):
    year = problem.years.index(floor.year) if floor.year else len(problem.years) - 1
    known = ~problem.unknown & np.array([floor.type in {"", kind} for kind in problem.types])
    if floor.level:
        known &= (problem.demand_groups[floor.level] == floor.group)[:, None]
    persons = problem.residents[:, None] * known
    return (persons * served(problem, plan, year)).sum() >= floor.share * persons.sum() - 1e-9


def worth(problem, plan):
    total = problem.keep_weight * sum(bool(problem.previous[pair]) for pair in plan)
    for year, weight in enumerate(problem.year_weight):
        after = served(problem, plan, year)
        newly = after & ~problem.covered
        done = after.all(axis=1) & ~problem.covered.all(axis=1)
        total += weight * (problem.weights[newly].sum() + problem.circle_weight[done].sum())
    return float(total)


def mixture(seed):
    """Return some of the rules."""
    rng = np.random.default_rng(seed)
    return {rule for rule in RULES if rng.random() < 0.4}


def best(problem):
    """Return the best worth, or None where no plan keeps the rules."""
    return max((worth(problem, plan) for plan in every_plan(problem)), default=None)
