"""Where to open outlets: siting problems, their models, solvers and proofs.

The rooms, in the order in which data passes through them:

===========================================  ===========================================================
`rules`, `problem`, `problem_checks`         what is asked, as validated arrays: `SitingProblem`, `Quota`
`sites`, `from_circles`, `existing`          candidates along streets; problems from measured circles
`conflicts`, `explain`                       rules that contradict one another, in words
`openings`, `year_chains`                    the problem flattened: a column for each (candidate, type,
                                             year) that may open
`limits`, `spacing`, `row_rules`             quotas, capacities, budget, distances; floors and circles
`reduce`, `reduce_rows`, `dominance`         exact reductions of the flattened problem
`greedy`, `swaps`, `cover_state`             a good plan in a moment: the floor under every solver
`bounds`, `relaxation`                       upper bounds: in a moment, and of the linear relaxation
`annealing`, `core`, `large_search`          city size: search and bound side by side, exact fixing
`components`, `decompose`                    independent parts, solved side by side, quotas kept exactly
`model`, `solvers`, `highs`, `cbc`           the PuLP model, one function a constraint family; solvers
`solve_openings`, `solve`, `plan`            the door: `plan_max_coverage`, and `Plan`, what came out
`fewest`, `capacitated`, `backup`            other objectives on the same problem (`objectives` lists them)
`attendance`, `market_share`, `dispersion`   as above
`median`, `center`                           least walking: p-median and p-center
`covered`, `evidence`, `plan_changes`        who is covered, why each site was chosen, what changed
`baselines`, `price_curve`, `shadow_price`   simpler plans beside it, coverage against outlets, prices
===========================================  ===========================================================

A module is the API: ``from quarterhour.optimize.solve import plan_max_coverage``.
"""
