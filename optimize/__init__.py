"""Where to open outlets: siting problems, their models, solvers and proofs.

The rooms, in the order in which data passes through them:

==========================================  ======================================================
`rules`, `problem`, `problem_checks`        what is asked, as validated arrays
`sites`, `from_circles`, `existing`         candidates; problems from measured circles
`conflicts`, `explain`                      rules that contradict one another, in words
`openings`, `year_chains`                   flattened: a column each (candidate, type, year)
`limits`, `spacing`, `row_rules`            quotas, budget, distances; floors, circles
`reduce`, `reduce_rows`, `dominance`        exact reductions of the flattened problem
`greedy`, `swaps`, `cover_state`            a good plan in a moment: the floor under every solver
`bounds`, `relaxation`                      upper bounds: at once, and of the relaxation
`annealing`, `core`, `large_search`         city size: search and bound side by side
`components`, `decompose`                   independent parts, common quotas kept exactly
`model`, `solvers`, `highs`, `cbc`          the PuLP model by named functions; solvers
`solve_openings`, `solve`, `plan`           the door: `plan_max_coverage`, and `Plan`, what came out
`covering`, `cover_reduce`                  what the fewest outlets must cover, reduced exactly
`cover_search`, `cover_anneal`              walks to cheap covers, full and partial
`fewest_bound`, `fewest_large`              its bounds; bound, walks and solver together
`fewest`, `capacitated`, `backup`           other objectives (`objectives` lists them)
`attendance`, `market_share`, `dispersion`  as above
`median`, `center`                          least walking: p-median and p-center
`covered`, `evidence`, `plan_changes`       who is covered, why this site, what changed
`baselines`, `price_curve`, `shadow_price`  simpler plans, coverage against outlets, prices
==========================================  ======================================================

A module is the API: ``from quarterhour.optimize.solve import plan_max_coverage``.
"""
