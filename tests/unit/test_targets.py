"""Targets held against numbers that were counted by hand."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hand_desk import HandRow, at, cells, hand_desk, request, values

from deskmeter.base.errors import AskerError
from deskmeter.metrics.catalogue import BUILT_IN
from deskmeter.metrics.userdefined import load_own
from deskmeter.query.access import Access
from deskmeter.query.answer import answer, info
from deskmeter.query.drill import drill
from deskmeter.query.request import Filter, MetricAsk, Request
from deskmeter.query.run import measure
from deskmeter.query.targets import propose

TARGETS = """
targets:
  - name: two a month
    metric: tickets_created
    at_least: 2
    from: 2026-02-01
  - name: three a month from May
    metric: tickets_created
    at_least: 3
    from: 2026-05-01
  - name: Billing answers all
    metric: resolution_rate
    team: Billing
    at_least: 100%
    grain: month
  - name: one or two a week
    metric: tickets_created
    between: [1, 2]
    grain: week
    until: 2026-03-08
"""
# tickets created: January 3, February 1, March 2, April 0, May 2, June 4 by the 15th
CREATED = (
    "01-05", "01-06", "01-07", "02-10", "03-02", "03-31", "05-04", "05-31", "06-01", "06-02", "06-03", "06-04",
)  # fmt: skip
SPRING = ("2026-01-01", "2026-07-01")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Access]:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "targets.yml").write_text(TARGETS, encoding="utf-8")
    events: list[HandRow] = []
    for day in CREATED:
        # of Billing: all of January and of March; those of March are solved, one of January is not
        team = "billing" if day[:2] in ("01", "03") else None
        events.append({"ticket": day, "kind": "created", "at": at(f"2026-{day} 12:00"), "first_team": team})
        if day[:2] == "03" or day == "01-05":
            events.append({"ticket": day, "kind": "status", "at": at(f"2026-{day} 13:00"), "to_value": "solved"})
    tables: dict[str, list[HandRow]] = {
        "event": events,
        "team": [{"id": "billing", "name": "Billing"}],
        "status_stage": [{"status": "solved", "stage": "solved"}],
    }
    access = hand_desk(tables, "2026-06-15 12:00")
    yield replace(access, targets=load_own(folder, BUILT_IN).targets)
    access.engine.close()


def parts(access: Access, asked: Request) -> dict[tuple[str, ...], tuple[float | None, float | None]]:
    return {key: (cell.numerator, cell.denominator) for key, cell in cells(access, asked).items()}


def test_each_target_by_its_own_periods(desk: Access) -> None:
    # two a month: of February (1), March (2), April (0) met in March; May belongs to its successor: 2 < 3.
    # June is not over. Billing: January 1 of 3, March 2 of 2, else no tickets, so no value.
    # Weeks that begin in January to 8 March, wholly inside: 9 whole weeks from 5 January to 2 March (that of 2 March
    # begins before the last day). 5 January: 3 tickets; 9 February: 1; 2 March: 1; the others 0.
    assert parts(desk, request("target_attainment", SPRING, ("target",))) == {
        ("two a month",): (1, 3),
        ("three a month from May",): (0, 1),
        ("Billing answers all",): (1, 2),
        ("one or two a week",): (2, 9),
    }


def test_all_targets_pool(desk: Access) -> None:
    assert parts(desk, request("target_attainment", SPRING)) == {(): (4, 15)}
    assert cells(desk, request("target_attainment", SPRING))[()].low is not None


def test_equality_meets(desk: Access) -> None:
    march = ("2026-03-01", "2026-04-01")
    mine = (Filter("target", "=", ("two a month",)),)
    assert values(desk, request("target_attainment", march, (), mine)) == {(): (1, 1)}


def test_only_whole_periods_that_have_ended_count(desk: Access) -> None:
    mine = (Filter("target", "=", ("two a month",)),)
    assert values(desk, request("target_attainment", ("2026-02-15", "2026-03-31"), (), mine)) == {(): (None, 0)}
    later = (Filter("target", "=", ("three a month from May",)),)
    assert parts(desk, request("target_attainment", ("2026-05-01", "2026-08-01"), (), later)) == {(): (0, 1)}


def test_targets_split_by_team_and_metric(desk: Access) -> None:
    assert parts(desk, request("target_attainment", SPRING, ("team",))) == {
        ("Billing",): (1, 2),
        ("(unattributed)",): (3, 13),
    }
    assert parts(desk, request("target_attainment", SPRING, ("target_metric",))) == {
        ("resolution_rate",): (1, 2),
        ("tickets_created",): (3, 13),
    }


def test_a_bucket_is_the_answer_for_that_bucket_alone(desk: Access) -> None:
    asked = replace(
        request("target_attainment", SPRING, (), (Filter("target_metric", "=", ("tickets_created",)),)), grain="month"
    )
    result = answer(desk, asked)
    found = {row.period.month: row.cells["target_attainment"] for row in result.rows if row.period}
    # March: its month, and the week of 2 March, all of which lies inside it
    assert (found[3].numerator, found[3].denominator) == (2, 2)
    # the week from 26 January to 2 February lies in neither January nor February
    assert (found[1].numerator, found[1].denominator) == (0, 3)


def test_other_dimensions_say_so(desk: Access) -> None:
    with pytest.raises(AskerError, match="`target_attainment` cannot be split by `channel`"):
        cells(desk, request("target_attainment", SPRING, ("channel",)))


def test_the_periods_behind_add_up(desk: Access) -> None:
    asked = request("target_attainment", SPRING)
    metric = desk.metrics["target_attainment"]
    rows = drill(desk, asked, info(metric, asked.metrics[0], asked, metric.id))
    assert (sum(row[-2] for row in rows.rows), sum(row[-1] for row in rows.rows)) == (4, 15)  # type: ignore[misc]
    assert (rows.numerator, rows.denominator) == (4, 15)
    # February, April and May have no tickets of Billing
    assert [row[4] for row in rows.rows if row[0] == "Billing answers all"] == [
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 3, 1, tzinfo=UTC),
    ]


def test_a_desk_without_targets_says_so(desk: Access) -> None:
    bare = replace(desk, targets=())
    cell = cells(bare, request("target_attainment", SPRING))[()]
    assert (cell.value, cell.n) == (None, 0)
    assert cell.notes == ("this desk has no targets; write them into targets.yml",)


def test_a_proposal_is_the_75th_percentile_in_the_good_direction(desk: Access) -> None:
    asked = request("resolution_rate", SPRING)
    # the last 8 complete months: January 1/3, February 0, March 1, May 0; the rest without tickets
    found = propose(desk, asked, MetricAsk("resolution_rate"), "month", measure)
    assert (found.value, found.n, found.periods_n, found.is_least) == (0.5, 4, 8, True)
    # backlog: lower is better. October to May: 0, 0, 0, 2, 3, 3, 3, 5; the 25th percentile lies at 1.75 between 0 and 2
    found = propose(desk, asked, MetricAsk("backlog"), "month", measure)
    assert (found.value, found.n, found.is_least) == (0.0, 8, False)


def test_a_proposal_needs_four_values_and_a_good_direction(desk: Access) -> None:
    asked = request("resolution_rate", SPRING, (), (Filter("team", "=", ("Billing",)),))
    assert propose(desk, asked, MetricAsk("resolution_rate"), "month", measure).value is None
    with pytest.raises(AskerError, match="no good direction"):
        propose(desk, asked, MetricAsk("tickets_created"), "month", measure)


def test_periods_are_those_of_the_viewers_zone(desk: Access) -> None:
    # 31 May 12:00 UTC is 1 June in Kiritimati (UTC+14): May then holds one ticket, June five
    march = replace(
        request("target_attainment", SPRING, (), (Filter("target", "=", ("three a month from May",)),)),
        zone="Pacific/Kiritimati",
    )
    metric = march.metrics[0]
    rows = drill(desk, march, info(desk.metrics[metric.id], metric, march, metric.id)).rows
    assert [(row[4], row[6]) for row in rows] == [(datetime(2026, 4, 30, 10, tzinfo=UTC), 1.0)]


def test_a_target_for_what_cannot_be_split_names_the_target(desk: Access, tmp_path: Path) -> None:
    text = "targets:\n  - {metric: kb_new_items, team: Billing, at_least: 1, name: write}\n"
    (tmp_path / "targets.yml").write_text(text, encoding="utf-8")
    access = replace(desk, targets=load_own(tmp_path, BUILT_IN).targets)
    with pytest.raises(AskerError, match="target `write`: `kb_new_items` cannot be split by `team`"):
        cells(access, request("target_attainment", SPRING))
