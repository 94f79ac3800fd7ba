"""Shading classes: breaks derived by brute force, colours by ColorBrewer's own tables."""

from itertools import combinations

import numpy as np
import pytest

from quarterhour.maps.classes import _fisher_jenks, colours, given, natural


def best_split(values, k):
    """Return the least sum of squared deviations over all ways to cut sorted values in k."""
    rows = np.sort(values)
    splits = combinations(range(1, len(rows)), k - 1)
    return min(
        sum(((part - part.mean()) ** 2).sum() for part in np.split(rows, cut)) for cut in splits
    )


@pytest.mark.parametrize("seed", range(4))
def test_natural_breaks_are_the_best_of_all(seed):
    values = np.random.default_rng(seed).integers(1, 900, 14).astype(float)
    scale = natural(values, "YlOrRd", k=4)
    letters = scale.of(values)
    parts = [values[[one == letter for one in letters]] for letter in "0123"]
    found = sum(((part - part.mean()) ** 2).sum() for part in parts if len(part))
    assert found == pytest.approx(best_split(values, 4))


def squares_within(values, starts):
    """Return the sum of squared deviations of classes that start at these values."""
    rows = np.sort(values)
    parts = np.split(rows, np.searchsorted(rows, starts))
    return sum(((part - part.mean()) ** 2).sum() for part in parts)


@pytest.mark.parametrize("k", [2, 3, 5])
@pytest.mark.parametrize(
    "draw",
    [
        lambda random: random.uniform(0, 1, 15),
        lambda random: random.integers(0, 9, 15).astype(float),  # equal values
        lambda random: 1e6 + random.normal(0, 1e-2, 15),  # far from zero
        lambda random: random.lognormal(5, 2, 15),  # few large ones
    ],
)
def test_breaks_are_the_best_whatever_the_values(draw, k):
    for seed in range(5):
        values = np.sort(draw(np.random.default_rng(seed)))
        starts = _fisher_jenks(values, k)
        assert len(starts) == min(k, len(np.unique(values))) - 1
        assert squares_within(values, starts) == pytest.approx(best_split(values, k), rel=1e-6)


def test_breaks_are_those_of_mapclassify():
    """On a thousand values: as good as mapclassify's, which computes in single precision."""
    mapclassify = pytest.importorskip("mapclassify")
    random = np.random.default_rng(0)
    for values in (random.normal(50, 9, 1000), random.lognormal(3, 1, 1000)):
        rows = np.sort(values)
        tops = mapclassify.FisherJenks(rows, k=5).bins[:-1]
        theirs = rows[np.searchsorted(rows, tops, side="right")]
        ours = _fisher_jenks(rows, 5)
        assert squares_within(rows, ours) <= squares_within(rows, theirs) * (1 + 1e-12)
        assert squares_within(rows, ours) == pytest.approx(squares_within(rows, theirs), rel=1e-5)
        assert ours == pytest.approx(theirs, rel=0.02)


def test_a_class_takes_its_lower_bound_and_the_ends_take_the_rest():
    scale = given((0, 5, 10, np.inf), "viridis")
    assert scale.of([-1, 0, 4.99, 5, 10, 1e9, np.inf, np.nan]) == "0001222-"


def test_few_values():
    assert natural([], "YlOrRd") is None
    assert natural([np.nan], "YlOrRd") is None
    assert natural([7, 7], "YlOrRd").of([7, np.nan]) == "0-"
    assert natural([1, 2], "YlOrRd").of([1, 2]) == "01"


def test_many_values_are_thinned_and_keep_their_ends():
    values = np.arange(100_000.0)
    scale = natural(values, "YlGnBu")
    assert (scale.edges[0], scale.edges[-1], len(scale.colours)) == (0.0, 99_999.0, 5)
    sizes = np.diff([values.searchsorted(edge) for edge in scale.edges])
    assert sizes.min() > 0.9 * sizes.max()  # even values: classes of equal width


def test_colours_are_colorbrewers():
    # colorbrewer2.org, RdYlBu with five classes.
    five = ("#d7191c", "#fdae61", "#ffffbf", "#abd9e9", "#2c7bb6")
    assert colours("RdYlBu", 5) == five
    assert colours("RdYlBu", 5, reverse=True) == five[::-1]
    assert len(set(colours("viridis", 2))) == 2
    with pytest.raises(ValueError, match="nonesuch"):
        colours("nonesuch", 5)


def test_lightness_falls_with_the_class():
    """Grey copies and colour-blind readers still see the order."""

    def lightness(colour):
        red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for scheme in ("YlOrRd", "YlGnBu"):
        shades = [lightness(colour) for colour in colours(scheme, 5)]
        assert shades == sorted(shades, reverse=True)
    depth = [lightness(colour) for colour in colours("viridis", 5)]
    assert depth == sorted(depth)
