"""Intervals against published tables and a second way of computing them."""

import random
from fractions import Fraction
from math import comb, sqrt

import numpy as np
import pytest

from deskmeter.base.errors import BugError
from deskmeter.stats.intervals import (
    NO_INTERVAL,
    Interval,
    NpsCounts,
    newcombe,
    nps,
    nps_difference,
    order_statistic_ranks,
    wilson,
)
from deskmeter.stats.quantile import quantile, quantile_interval

Z95 = 1.959963984540054


# Newcombe (1998), Statistics in Medicine 17:857-872, the worked examples, method 3.
@pytest.mark.parametrize(
    ("hits_n", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_limits(hits_n: int, n: int, low: float, high: float) -> None:
    assert wilson(hits_n, n).round(4) == Interval(low, high)


# Newcombe (1998), Statistics in Medicine 17:873-890, the worked examples, method 10.
@pytest.mark.parametrize(
    ("hits_n", "n", "other_hits_n", "other_n", "low", "high"),
    [
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (6, 7, 2, 7, 0.0582, 0.8062),
        (5, 56, 0, 29, -0.0381, 0.1926),
        (0, 10, 0, 20, -0.1611, 0.2775),
        (0, 10, 0, 10, -0.2775, 0.2775),
        (10, 10, 0, 20, 0.6791, 1.0),
        (10, 10, 0, 10, 0.6075, 1.0),
    ],
)
def test_newcombe_gives_the_published_limits(
    hits_n: int, n: int, other_hits_n: int, other_n: int, low: float, high: float
) -> None:
    assert newcombe(hits_n, n, other_hits_n, other_n).round(4) == Interval(low, high)


def test_wilson_limits_are_the_shares_whose_score_test_just_fails() -> None:
    for hits_n, n in ((1, 7), (8, 10), (50, 51), (300, 1000)):
        interval = wilson(hits_n, n)
        for limit in (interval.low, interval.high):
            assert limit is not None
            assert abs(hits_n / n - limit) / sqrt(limit * (1 - limit) / n) == pytest.approx(Z95)


def test_wilson_mirrors_and_touches_0_and_1_only_at_the_ends() -> None:
    for n in (1, 2, 9, 1000):
        for hits_n in range(0, n + 1, max(1, n // 9)):
            one, other = wilson(hits_n, n), wilson(n - hits_n, n)
            assert one.low is not None
            assert one.high is not None
            assert other.low is not None
            assert 1 - one.high == pytest.approx(other.low, abs=1e-12)
            assert (one.low == 0) == (hits_n == 0)
            assert (one.high == 1) == (hits_n == n)


def test_an_empty_group_has_no_interval() -> None:
    empty, some = NpsCounts(0, 0, 0), NpsCounts(1, 1, 1)
    assert wilson(0, 0) == newcombe(0, 0, 1, 2) == newcombe(1, 2, 0, 0) == NO_INTERVAL
    assert nps(empty) == nps_difference(empty, some) == nps_difference(some, empty) == NO_INTERVAL
    assert empty.score is None


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(BugError, match="3 hits of 2"):
        wilson(3, 2)
    with pytest.raises(BugError, match="negative"):
        NpsCounts(-1, 0, 0)


def test_nps_is_the_wald_interval_of_the_answers_and_three_more() -> None:
    # Every answer as a value of -1, 0 or 1, weighted; the variance by its definition.
    values, weights = np.array([1.0, 0.0, -1.0]), np.array([5.75, 4.5, 2.75])
    mean = (values * weights).sum() / weights.sum()
    variance = (weights * (values - mean) ** 2).sum() / weights.sum() / weights.sum()
    expected = Interval(100 * (mean - Z95 * sqrt(variance)), 100 * (mean + Z95 * sqrt(variance)))
    assert nps(NpsCounts(5, 3, 2)).round(9) == expected.round(9)


def test_nps_is_clipped_and_may_leave_out_the_raw_score_at_small_n() -> None:
    lone = nps(NpsCounts(1, 0, 0))
    assert lone.high is not None
    assert lone.high < 100
    assert NpsCounts(1, 0, 0).score == 100
    assert nps(NpsCounts(9, 0, 0)).high == 100
    assert nps(NpsCounts(0, 0, 9)).low == -100


def test_nps_difference_turns_round_with_its_sides() -> None:
    one, other = NpsCounts(50, 30, 20), NpsCounts(30, 30, 40)
    forth, back = nps_difference(one, other), nps_difference(other, one)
    assert forth.low is not None
    assert forth.high is not None
    assert back.round(9) == Interval(-forth.high, -forth.low).round(9)
    assert forth.excludes(0)
    assert not nps_difference(one, one).excludes(0)


def exact_ranks(n: int, q: Fraction, tail: Fraction) -> tuple[int, int] | None:
    """The ranks from binomial sums in whole fractions."""
    mass = [comb(n, k) * q**k * (1 - q) ** (n - k) for k in range(n + 1)]
    low = max((k + 1 for k in range(n + 1) if sum(mass[: k + 1]) <= tail), default=0)
    high = min((k for k in range(n + 1) if sum(mass[k:]) <= tail), default=n + 1)
    return (low, high) if low >= 1 and high <= n else None


@pytest.mark.parametrize("q", [Fraction(1, 2), Fraction(1, 4), Fraction(3, 4), Fraction(9, 10), Fraction(19, 20)])
def test_ranks_equal_exact_binomial_sums(q: Fraction) -> None:
    for n in [*range(35), 59, 60, 72, 73, 74, 100]:
        assert order_statistic_ranks(n, float(q)) == exact_ranks(n, q, Fraction(25, 1000)), n


def test_ranks_on_the_very_edge_of_a_tail_count() -> None:
    assert order_statistic_ranks(2, 0.5, 0.5) == (1, 2)
    assert order_statistic_ranks(1, 0.5, 0.5) is None


# The usual tables of the sign test (as in Conover, 1999, Practical Nonparametric Statistics): median at 95 %.
@pytest.mark.parametrize(
    ("n", "ranks"),
    [(5, None), (6, (1, 6)), (8, (1, 8)), (9, (2, 8)), (10, (2, 9)), (12, (3, 10)), (15, (4, 12)), (20, (6, 15)),
     (25, (8, 18)), (50, (18, 33)), (100, (40, 61))],
)  # fmt: skip
def test_ranks_of_a_median_stand_in_the_tables(n: int, ranks: tuple[int, int] | None) -> None:
    assert order_statistic_ranks(n, 0.5) == ranks


def test_fewest_values_for_an_interval_of_a_high_percentile() -> None:
    # The upper rank exists from the first n with q ** n <= 0.025.
    assert order_statistic_ranks(35, 0.9) is None
    assert order_statistic_ranks(36, 0.9) is not None
    assert order_statistic_ranks(71, 0.95) is None
    assert order_statistic_ranks(72, 0.95) is not None


def test_ranks_of_ten_million_values_are_those_of_the_normal_law() -> None:
    n = 10_000_000
    ranks = order_statistic_ranks(n, 0.9)
    assert ranks is not None
    half = Z95 * sqrt(n * 0.9 * 0.1)
    assert ranks[0] == pytest.approx(0.9 * n - half, abs=3)
    assert ranks[1] == pytest.approx(0.9 * n + half, abs=3)


def test_ranks_hold_the_median_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    draws = np.sort(rng.exponential(size=(20_000, 25)), axis=1)
    ranks = order_statistic_ranks(25, 0.5)
    assert ranks is not None
    held = ((draws[:, ranks[0] - 1] <= np.log(2)) & (np.log(2) <= draws[:, ranks[1] - 1])).mean()
    assert held == pytest.approx(0.9567, abs=0.006)  # 1 - 2 P(B(25, 1/2) <= 7)


def test_quantile_interpolates_between_the_two_values_around_it() -> None:
    rnd = random.Random(3)
    for n in (1, 2, 3, 10, 11, 100):
        values = [rnd.randrange(1000) for _ in range(n)]
        for q in (0.0, 0.25, 0.5, 0.9, 0.95, 1.0):
            assert quantile(values, q) == pytest.approx(float(np.quantile(values, q)))
    assert quantile([], 0.9) is None


def test_quantile_interval_is_made_of_values_and_null_below_six() -> None:
    assert quantile_interval([7, 1, 5, 3, 9], 0.5) == NO_INTERVAL
    assert quantile_interval([7, 1, 5, 3, 9, 2, 8, 4, 6], 0.5) == Interval(2.0, 8.0)
    with pytest.raises(BugError):
        quantile([1], 1.5)
