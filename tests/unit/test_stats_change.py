"""Changes of counts and of values: against a fitted model, tables, and plain resampling."""

from math import exp, log

import numpy as np
import pytest
from numpy.typing import NDArray

from deskmeter.base.errors import BugError
from deskmeter.stats.change import CountChange, count_change, value_change
from deskmeter.stats.intervals import NO_INTERVAL, Interval
from deskmeter.stats.student import central_probability, student_quantile


# Table of Student's t, two-sided 5 % (Fisher and Yates, Statistical Tables, table III).
@pytest.mark.parametrize(
    ("freedom", "t"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (5, 2.571), (10, 2.228), (12, 2.179), (30, 2.042), (60, 2.000), (120, 1.980)],
)
def test_t_quantiles_stand_in_the_table(freedom: int, t: float) -> None:
    assert round(student_quantile(0.95, freedom), 3) == t


def test_t_goes_over_into_the_normal() -> None:
    assert student_quantile(0.95, 19_999) == pytest.approx(student_quantile(0.95, 20_000), abs=2e-4)
    assert central_probability(student_quantile(0.9, 7), 7) == pytest.approx(0.9, abs=1e-12)


def fitted(earlier: list[int], later: list[int]) -> tuple[float, float, float]:
    """(log ratio, its standard error, dispersion) of a quasi-Poisson regression, by iterated least squares."""
    y = np.array([*earlier, *later], dtype=np.float64)
    x = np.column_stack([np.ones(y.size), np.repeat([0.0, 1.0], [len(earlier), len(later)])])
    beta = np.array([log(y.mean()), 0.0])
    for _ in range(50):
        mu = np.exp(x @ beta)
        information = x.T @ (x * mu[:, None])
        beta = beta + np.linalg.solve(information, x.T @ (y - mu))
    mu = np.exp(x @ beta)
    dispersion = float(((y - mu) ** 2 / mu).sum() / (y.size - 2))
    error = float(np.sqrt(dispersion * np.linalg.inv(x.T @ (x * mu[:, None]))[1, 1]))
    return float(beta[1]), error, dispersion


def test_change_of_a_count_equals_the_fitted_regression() -> None:
    earlier, later = [31, 44, 52, 29, 40, 8, 6, 38, 51, 47, 30, 35, 9, 4], [40, 61, 58, 35, 52, 11, 5]
    slope, error, dispersion = fitted(earlier, later)
    half = student_quantile(0.95, 19) * error
    change = count_change(earlier, later)
    assert change.relative == pytest.approx(exp(slope) - 1)
    assert change.dispersion == pytest.approx(dispersion)
    assert dispersion > 1
    assert change.interval.low == pytest.approx(exp(slope - half) - 1)
    assert change.interval.high == pytest.approx(exp(slope + half) - 1)
    assert not change.is_clear


def test_equal_days_are_no_proof_of_a_change() -> None:
    change = count_change([3, 3, 3], [4, 4, 4])
    assert change.dispersion == 0
    assert not change.is_clear


def test_a_doubled_count_is_a_clear_change_and_turns_round() -> None:
    quiet, busy = [40, 44, 38, 41, 39, 43, 42], [80, 85, 77, 84, 79, 82, 81]
    up, down = count_change(quiet, busy), count_change(busy, quiet)
    assert up.is_clear
    assert down.is_clear
    assert up.interval.low is not None
    assert down.interval.high is not None
    assert 1 + up.interval.low == pytest.approx(1 / (1 + down.interval.high))


def test_counts_of_nothing_give_no_verdict() -> None:
    assert count_change([], [1, 2]) == CountChange(None, NO_INTERVAL, None)
    assert count_change([0, 0], [1, 2]) == CountChange(None, NO_INTERVAL, None)
    assert count_change([1, 2], [0, 0]) == CountChange(-1.0, NO_INTERVAL, None)
    assert count_change([5], [9]) == CountChange(0.8, NO_INTERVAL, None)
    with pytest.raises(BugError):
        count_change([-1], [2])


def test_count_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(11)
    held, runs = 0, 1500
    for _ in range(runs):
        # Variance three times the mean, the later rate a quarter higher.
        earlier, later = (rng.negative_binomial(mean / 2, 1 / 3, 14) for mean in (20, 25))
        interval = count_change(earlier, later).interval
        assert interval.low is not None
        assert interval.high is not None
        held += interval.low <= 0.25 <= interval.high
    assert 0.93 < held / runs < 0.97


def plain_bootstrap(before: NDArray[np.float64], after: NDArray[np.float64], is_mean: bool) -> Interval:
    """The same interval by drawing whole samples, with another seed."""
    rng = np.random.default_rng(99)
    draws = []
    for _ in range(20_000 // 10):
        one, other = (rng.choice(values, (10, values.size)) for values in (before, after))
        draws.append(other.mean(axis=1) - one.mean(axis=1) if is_mean else np.median(other, 1) - np.median(one, 1))
    low, high = np.quantile(np.concatenate(draws), [0.025, 0.975])
    return Interval(float(low), float(high))


@pytest.mark.parametrize(("n", "other_n"), [(15, 22), (60, 61), (6_000, 7_001)])
@pytest.mark.parametrize("is_mean", [True, False])
def test_intervals_agree_with_plain_resampling(n: int, other_n: int, is_mean: bool) -> None:
    rng = np.random.default_rng(n)
    before, after = rng.lognormal(3, 1.2, n), rng.lognormal(3.2, 1.2, other_n)
    mine = value_change(before, after, "mean" if is_mean else "median").interval
    if n > 1000 and not is_mean:
        # Whole samples would take long: a median's redrawn spread is that of its binomial rank.
        rng = np.random.default_rng(7)
        ranks = [rng.binomial(values.size, 0.5, 20_000) for values in (before, after)]
        medians = [
            np.sort(values)[np.clip(rank, 0, values.size - 1)]
            for values, rank in zip((before, after), ranks, strict=True)
        ]
        low, high = np.quantile(medians[1] - medians[0], [0.025, 0.975])
        plain = Interval(float(low), float(high))
    else:
        plain = plain_bootstrap(before, after, is_mean)
    assert plain.low is not None
    assert plain.high is not None
    width = plain.high - plain.low
    assert mine.low == pytest.approx(plain.low, abs=0.06 * width)
    assert mine.high == pytest.approx(plain.high, abs=0.06 * width)


def test_the_same_values_in_another_order_give_the_same_interval() -> None:
    rng = np.random.default_rng(8)
    before, after = rng.exponential(60, 300), rng.exponential(90, 300)
    for statistic in ("mean", "median"):
        one = value_change(before, after, statistic)
        assert one == value_change(before[::-1], rng.permutation(after), statistic)
        assert one.is_clear


def test_few_values_have_a_difference_and_no_interval() -> None:
    change = value_change([1, 2, 3, 4, 5], [11, 12, 13, 14, 15, 16], "median")
    assert (change.earlier, change.later, change.difference) == (3, 13.5, 10.5)
    assert change.interval == change.relative_interval == NO_INTERVAL
    assert not change.is_clear


def test_nothing_has_no_change() -> None:
    change = value_change([], [1.0], "mean")
    assert (change.earlier, change.later, change.difference, change.relative) == (None, 1.0, None, None)


def test_a_share_of_zero_is_null() -> None:
    change = value_change([0.0] * 10, [5.0] * 10, "mean")
    assert (change.difference, change.interval) == (5, Interval(5, 5))
    assert (change.relative, change.relative_interval) == (None, NO_INTERVAL)
