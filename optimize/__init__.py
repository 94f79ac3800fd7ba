"""Where to open outlets: siting problems, their models, solvers and proofs.

The rooms, in the order in which data passes through them:

===================  ==================================================================
`problem`            `SitingProblem`, `Quota`: what is asked, as validated arrays
`sites`              candidates along streets where the user gives none
`conflicts`          quotas that contradict one another, named before solving
`openings`           the problem flattened: one column for each (candidate, type) pair
`limits`             quotas, capacities, budget and required sites as linear rows
`reduce`             exact reductions of the flattened problem
`greedy`, `swaps`    a good plan in a moment: the floor under every solver
`bounds`             an upper bound in a moment: the fall-back where a solver has none
`model`              the PuLP model, one function for each variable and constraint family
`solvers`            HiGHS, CBC and any other solver PuLP knows, with their true bounds
`plan`               `Plan`: what came out, and how far it is proven
`solve`              `plan_max_coverage`: the door to all of the above
`covered`            who is covered by a choice of outlets
`evidence`           why each site was chosen, what is lost without it
`price_curve`        coverage against the number of outlets, with its knee
===================  ==================================================================

A module is the API: ``from quarterhour.optimize.solve import plan_max_coverage``.
"""
