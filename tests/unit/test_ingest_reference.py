"""The example mappings give the numbers of the data sheet, counted here from the events by hand."""

from collections import defaultdict
from datetime import datetime
from statistics import mean, median

import pytest
from ingest_rows import EXAMPLES, SHARED, Outcome, read_file

from deskmeter.ingest.mapping_text import load_mapping

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the third-party data are not beside this checkout")

Stamp = tuple[int, datetime, str]


def outcome(example: str, file: str) -> Outcome:
    return read_file(SHARED / file, load_mapping(EXAMPLES / f"{example}.yml"))


@pytest.fixture(scope="module")
def log() -> Outcome:
    return outcome("servicenow_events", "servicenow_incidents.csv.gz")


def hours(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() / 3600


def test_the_log_gives_resolutions_reopens_and_resolution_times(log: Outcome):
    created: dict[object, datetime] = {}
    changes: dict[object, list[Stamp]] = defaultdict(list)
    events = (
        log.tables["event"].select(["ticket", "at", "kind", "sequence", "id", "to_value", "first_status"]).to_pylist()
    )
    for row in sorted(events, key=lambda row: (row["ticket"], row["sequence"], row["at"], row["id"])):
        if row["kind"] == "created":
            created[row["ticket"]] = row["at"]
        value = row["first_status"] if row["kind"] == "created" else row["to_value"]
        if row["kind"] in ("created", "status") and value is not None:
            changes[row["ticket"]].append((row["sequence"], row["at"], value))
    resolutions = reopens = 0
    reopened, firsts, lasts = set(), [], []
    for ticket, steps in changes.items():
        now, is_done, done_at, first = created[ticket], False, None, None
        for _, at, status in steps:
            now = max(now, at)
            if status == "-100":
                continue
            if status in ("Resolved", "Closed"):
                if not is_done:
                    resolutions, is_done, done_at = resolutions + 1, True, now
                    first = first or now
            elif is_done:
                reopens, is_done = reopens + 1, False
                reopened.add(ticket)
        assert is_done
        assert done_at is not None
        assert first is not None
        lasts.append(hours(created[ticket], done_at))
        firsts.append(hours(created[ticket], first))
    assert (len(created), resolutions, reopens, len(reopened)) == (24_918, 25_249, 331, 275)
    assert sum(at.year == 2016 and at.month == 3 for at in created.values()) == 8_995
    assert (round(mean(lasts), 4), round(median(lasts), 4)) == (165.3259, 15.1167)
    assert (round(mean(firsts), 4), round(median(firsts), 4)) == (162.8420, 13.8167)


def test_the_log_keeps_the_vendors_own_fields(log: Outcome):
    last: dict[tuple[object, object], tuple[int, object]] = {}
    priority: dict[object, tuple[int, object]] = {}
    for row in (
        log.tables["event"].select(["ticket", "kind", "field", "sequence", "to_value", "first_priority"]).to_pylist()
    ):
        if row["kind"] == "field":
            key = (row["ticket"], row["field"])
            last[key] = max(last.get(key, (-1, None)), (row["sequence"], row["to_value"]))
        if row["kind"] == "priority" or row["first_priority"]:
            value = row["first_priority"] or row["to_value"]
            priority[row["ticket"]] = max(priority.get(row["ticket"], (-1, None)), (row["sequence"], value))
    made = {ticket: value for (ticket, field), (_, value) in last.items() if field == "made_sla"}
    assert round(100 * mean(value == "true" for value in made.values()), 2) == 63.42
    by_priority = [
        round(100 * mean(value == "true" for ticket, value in made.items() if priority[ticket][1] == level), 2)
        for level in ("1", "2", "3", "4")
    ]
    assert by_priority == [1.85, 0.49, 64.54, 84.11]
    assert sum(field == "reassignment_count" and value == "0" for (_, field), (_, value) in last.items()) == 13_549


def test_the_unmapped_state_is_noted_with_its_five_rows(log: Outcome):
    assert log.odd() == {"status without stage": 5, "before its creation": 5}
    assert any(odd.text == "status `-100` has no stage; it leaves the stage unchanged" for odd in log.oddities)
    assert log.understood == 141_712
    assert log.set_aside == []


def test_the_stamps_of_the_last_row_give_the_other_resolution_time():
    found = outcome("servicenow_stamps", "servicenow_incidents.csv.gz")
    created, ends, stamped = {}, defaultdict(list), set()
    for row in found.tables["event"].select(["ticket", "at", "kind", "field"]).to_pylist():
        if row["kind"] == "created":
            created[row["ticket"]] = row["at"]
        if row["kind"] == "status":
            ends[row["ticket"]].append(row["at"])
        if row["field"] == "resolved_stamp":
            stamped.add(row["ticket"])
    lengths = [hours(created[ticket], min(ends[ticket])) for ticket in stamped]
    assert (len(created), len(ends), len(lengths)) == (24_918, 24_918, 23_362)
    assert (round(mean(lengths), 4), round(median(lengths), 4)) == (178.1716, 22.1)


def test_support_tickets_give_ratings_and_the_durations_that_can_be():
    found = outcome("support_tickets", "support_tickets_8469.csv.gz")
    at = {
        (row["ticket"], row["kind"]): row["at"] for row in found.rows("event") if row["kind"] in ("message", "status")
    }
    lengths = [hours(at[ticket, "message"], end) for (ticket, kind), end in at.items() if kind == "status"]
    scores = [row["score"] for row in found.rows("survey_answer")]
    assert (len(lengths), round(mean(lengths), 4)) == (1_404, 7.5779)
    assert (len(scores), round(mean(scores), 6)) == (2_769, 2.991333)
    assert round(100 * mean(score >= 4 for score in scores), 3) == 39.256
    assert found.odd() == {"resolved before first reply": 1_365, "ticket without a time": 2_819}
    assert len(found.rows("ticket")) == 8_469
    assert not any("@" in str(row) for row in found.rows("ticket") + found.rows("event"))


def test_the_telephone_company_gives_churn_and_revenue():
    found = outcome("telco", "telco_customers.csv")
    left = {row["account"] for row in found.rows("customer_span") if "left_at" in row}
    mrr = {row["account"]: row["mrr_micros"] for row in found.rows("subscription_span")}
    monthly = [row["account"] in left for row in found.rows("subscription_span") if row["plan"] == "Month-to-month"]
    assert (len(left), len(mrr), round(100 * len(left) / len(mrr), 4)) == (1_869, 7_043, 26.5370)
    assert round(100 * sum(mrr[account] for account in left) / sum(mrr.values()), 4) == 30.5034
    assert round(sum(mrr.values()) / len(mrr) / 1e6, 6) == 64.761692
    assert round(100 * mean(monthly), 4) == 42.7097
    assert found.odd() == {"age rounded up": 11, "empty": 11}
    for months, expected in ((12, 0.8432), (24, 0.7887), (60, 0.6644)):
        assert survival(found, months) == expected


def survival(found: Outcome, months: int) -> float:
    """Kaplan-Meier by hand, in months of 30.4375 days."""
    anchor = datetime(2020, 1, 1)
    spans = [
        ((anchor - row["joined_at"]).total_seconds() / 2_629_800, "left_at" in row)
        for row in found.rows("customer_span")
    ]
    share = 1.0
    for at in sorted({length for length, gone in spans if gone and length <= months}):
        share *= 1 - sum(gone and length == at for length, gone in spans) / sum(length >= at for length, _ in spans)
    return round(share, 4)


def test_the_conference_gives_its_promoter_score():
    found = outcome("nps_conference", "nps_conference_39.csv")
    scores = [row["score"] for row in found.rows("survey_answer") if row["question"] == "Sudzilla"]
    high, low = sum(score >= 9 for score in scores), sum(score <= 6 for score in scores)
    assert (len(scores), high, len(scores) - high - low, low) == (39, 8, 9, 22)
    assert round(100 * (high - low) / len(scores), 4) == -35.8974
    assert found.set_aside == []
