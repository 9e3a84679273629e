"""Kaplan-Meier against the leukaemia trial of the textbooks and against fractions."""

from fractions import Fraction

import numpy as np
import pytest

from deskmeter.base.errors import BugError
from deskmeter.stats.intervals import NO_INTERVAL, Interval
from deskmeter.stats.survival import SurvivalCurve, kaplan_meier, kaplan_meier_counts

# Weeks in remission under 6-MP: Freireich et al. (1963), Blood 21:699-716; a negative week was censored.
WEEKS = (6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35)


def remission() -> SurvivalCurve:
    return kaplan_meier([abs(week) for week in WEEKS], [week > 0 for week in WEEKS])


def test_the_curve_of_the_leukaemia_trial() -> None:
    # Kleinbaum and Klein (2012), Survival Analysis, 3rd ed., chapter 2, treatment group.
    curve = remission()
    assert curve.times.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve.survival.round(4).tolist() == [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    errors = curve.survival * np.sqrt(curve.variance)
    assert errors.round(4).tolist() == [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]
    assert (curve.n, curve.longest) == (21, 35)


def test_log_log_intervals_of_the_leukaemia_trial() -> None:
    # As printed by the `sts list` of Stata for these data.
    curve = remission()
    assert [curve.interval_at(t).round(4) for t in (6, 7, 10, 13, 16, 22, 23)] == [
        Interval(0.6197, 0.9516),
        Interval(0.5631, 0.9228),
        Interval(0.5032, 0.8894),
        Interval(0.4316, 0.8491),
        Interval(0.3675, 0.8049),
        Interval(0.2678, 0.7468),
        Interval(0.1881, 0.6801),
    ]
    assert curve.interval_at(8) == curve.interval_at(7)


def test_median_of_the_leukaemia_trial_has_no_upper_limit() -> None:
    # Read off the limits above: where a band comes down to one half (three quarters).
    curve = remission()
    assert (curve.quantile(0.5), curve.quantile_interval(0.5)) == (23, Interval(13, None))
    assert (curve.quantile(0.25), curve.quantile_interval(0.25)) == (13, Interval(6, 22))
    assert (curve.quantile(0.75), curve.quantile_interval(0.75).high) == (None, None)


def test_without_censoring_it_is_the_share_still_there() -> None:
    rng = np.random.default_rng(1)
    durations = rng.integers(0, 500, 997)
    curve = kaplan_meier(durations.astype(np.float64), np.ones(997, dtype=bool))
    for t in (0, 17, 250, 499):
        assert curve.at(t) == pytest.approx(float((durations > t).mean()), abs=1e-12)
    for q in (0.1, 0.5, 0.9):
        smallest = min(t for t in durations if (durations > t).mean() <= 1 - q)
        assert curve.quantile(q) == smallest


def test_the_curve_equals_a_product_of_fractions_in_any_order_and_from_counts() -> None:
    rng = np.random.default_rng(2)
    durations, happened = rng.integers(1, 30, 200), rng.random(200) < 0.6
    survival = Fraction(1)
    expected = []
    for t in sorted(set(durations[happened].tolist())):
        at_risk, events = int((durations >= t).sum()), int(((durations == t) & happened).sum())
        survival *= Fraction(at_risk - events, at_risk)
        expected.append(float(survival))
    shuffled = rng.permutation(200)
    one = kaplan_meier(durations.astype(np.float64), happened)
    other = kaplan_meier(durations[shuffled].astype(np.float64), happened[shuffled])
    times = sorted(set(durations.tolist()))
    counted = kaplan_meier_counts(
        times,
        [int(((durations == t) & happened).sum()) for t in times],
        [int(((durations == t) & ~happened).sum()) for t in times],
    )
    for curve in (one, other, counted):
        assert curve.survival.tolist() == pytest.approx(expected, abs=1e-12)
        assert (curve.n, curve.longest) == (200, max(times))


def test_events_come_before_censorings_of_one_time() -> None:
    assert kaplan_meier([5, 5], [True, False]).survival.tolist() == [0.5]


def test_a_quantile_that_is_just_reached_counts() -> None:
    # The steps are products that are not exact in binary.
    curve = kaplan_meier(list(range(1, 11)), [True] * 10)
    assert [curve.quantile(q / 10) for q in range(1, 11)] == list(range(1, 11))


def test_beyond_the_longest_observation_nothing_is_known_unless_all_had_it() -> None:
    open_end = kaplan_meier([1, 4], [True, False])
    closed_end = kaplan_meier([1, 4], [True, True])
    assert (open_end.at(4), open_end.at(4.1), open_end.interval_at(5)) == (0.5, None, NO_INTERVAL)
    assert (closed_end.at(4), closed_end.at(99), closed_end.interval_at(99)) == (0, 0, NO_INTERVAL)


def test_no_subjects_and_no_events_give_nulls_and_no_zeros() -> None:
    nobody, nothing = kaplan_meier([], []), kaplan_meier([3, 4], [False, False])
    assert (nobody.at(0), nobody.quantile(0.5), nobody.quantile_interval(0.5)) == (None, None, NO_INTERVAL)
    assert (nothing.at(4), nothing.quantile(0.5), nothing.interval_at(3)) == (1, None, NO_INTERVAL)
    assert kaplan_meier_counts([7], [0], [0]).longest is None


def test_a_negative_duration_is_refused() -> None:
    with pytest.raises(BugError, match="0 or more"):
        kaplan_meier([-1], [True])


def test_the_median_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(4)
    held, runs = 0, 600
    for _ in range(runs):
        event, watch = rng.exponential(1.0, 80), rng.uniform(0.5, 4.0, 80)
        interval = kaplan_meier(np.minimum(event, watch), event <= watch).quantile_interval(0.5)
        truth = float(np.log(2))
        held += interval.low is not None and interval.low <= truth and (interval.high is None or truth <= interval.high)
    assert 0.92 < held / runs < 0.985
