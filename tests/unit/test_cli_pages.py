"""The other screens say what they must, in 80 columns."""

import dataclasses
import io
from datetime import UTC, datetime, timedelta

from rich.console import Console, RenderableType

from deskmeter.cli.pages import catalogue_page, doctor_page, import_page, metric_page, proposal_page, story_page
from deskmeter.query.reports import (
    DoctorReport,
    ImportReport,
    LeftOut,
    MetricEntry,
    Oddity,
    Proposal,
    SourceBalance,
)
from deskmeter.query.story import ClockEffect, StoryLine, StoryMetric, TicketStory

AT = datetime(2026, 5, 4, 8, 0, 5, tzinfo=UTC)
ENTRY = MetricEntry(
    id="first_reply_time", label="First reply time", family="Speed", definition="Creation to the first human reply.",
    formula="replied_at - created_at", unit="seconds", date_basis="replied", clocks=("calendar", "business"),
    credit="author", leaves_out="tickets without a reply", good="down", dimensions=("team", "channel"),
    sources=("KPI8",), version="1", statistics=("median", "mean"), golden=("night_reply: 0 business seconds",),
)  # fmt: skip


def shown(thing: RenderableType, width: int = 80) -> str:
    out = io.StringIO()
    Console(file=out, width=width, markup=False, highlight=False, emoji=False).print(thing)
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= width
    return text


def test_a_story_tells_what_each_event_did_to_the_clocks_and_where_the_ticket_counts() -> None:
    story = TicketStory(
        ticket="T-1", source="helpdesk", as_of=AT + timedelta(days=2), zone="Europe/London",
        header=(("Status", "solved"), ("Team", "Billing")),
        lines=(
            StoryLine(AT, AT, "created", "Ada", "customer", "created by mail",
                      (ClockEffect("first_reply_time", "starts"),)),
            StoryLine(AT - timedelta(hours=9), AT, "status", None, "bot", "status new -> open"),
            StoryLine(AT, AT + timedelta(hours=16), "message", "Ben", "staff", "public reply",
                      (ClockEffect("first_reply_time", "stops", 57_600, 3_600),)),
        ),
        metrics=(
            StoryMetric("csat", False, None, "no survey was answered"),
            StoryMetric("first_reply_time", True, "16 h", "replied on 2026-05-05"),
        ),
        notes=("one time was corrected",),
    )  # fmt: skip
    text = shown(story_page(story, 80))
    assert "2026-05-04 09:00:05" in text
    assert "starts first_reply_time" in text
    assert "stops first_reply_time at 16 h, 1 h business" in text
    assert "(the source says 2026-05-04 00:00)" in " ".join(text.split())
    assert text.index("first_reply_time  yes") < text.index("csat              no")
    assert "no survey was answered" in text
    left = shown(story_page(dataclasses.replace(story, left_out="spam"), 80))
    assert "Left out of every metric: spam" in left


def test_the_catalogue_is_listed_by_family_and_a_metric_told_in_full() -> None:
    own = dataclasses.replace(ENTRY, id="refund_share", family="Own", is_own=True)
    text = shown(catalogue_page((ENTRY, own), 80))
    assert text.index("Speed") < text.index("first_reply_time") < text.index("Own") < text.index("refund_share *")
    full = shown(metric_page(ENTRY))
    for part in ("replied_at - created_at", "calendar, business", "tickets without a reply", "night_reply", "KPI8"):
        assert part in full


def test_the_doctor_shows_balances_reasons_and_problems() -> None:
    report = DoctorReport(
        desk="demo", as_of=AT, zone="Europe/London", versions=(("deskmeter", "0.1.0"), ("duckdb", "1.5.5")),
        sources=(SourceBalance("helpdesk", 10, 7, 1, 1, 1, AT), SourceBalance("phone", 5, 3, 1, 0, 0)),
        tables=(("event", 7), ("call", 0)),
        set_aside=(Oddity("rating off the scale", "helpdesk", "answers.csv:17", "score 12 on 0-10", 1),),
        oddities=tuple(Oddity(f"kind {n}", "helpdesk", "a.csv:1", "x", n) for n in range(1, 15)),
        left_out=(LeftOut("helpdesk", "spam", 3),),
    )  # fmt: skip
    text = shown(doctor_page(report, 80))
    assert "Healthy" in text
    assert "answers.csv:17 score 12 on 0-10" in text
    assert "and 2 more kinds" in text
    assert next(line.split()[-3] for line in text.splitlines() if line.startswith("helpdesk")) == "yes"
    assert "NO" in next(line for line in text.splitlines() if line.startswith("phone"))
    assert "call" not in text
    ill = shown(doctor_page(dataclasses.replace(report, problems=("no data yet",)), 80))
    assert "Problem: no data yet" in ill
    assert "Healthy" not in ill


def test_an_import_says_what_became_of_every_row() -> None:
    text = shown(import_page(ImportReport("helpdesk", 10, 7, 1, 2, 0, {"event": 7, "call": 0}, ("a note",)), 80))
    assert "received 10 = stored 7 + again 1 + set aside 2 + rejected 0" in " ".join(text.split())
    assert "deskmeter doctor" in text
    assert "deskmeter doctor" not in shown(import_page(ImportReport("helpdesk", 1, 1, 0, 0, 0, {}), 80))


def test_a_proposal_shows_five_rows_and_the_doubts_also_of_a_wide_file() -> None:
    narrow = Proposal("map", ("Which zone?",), ("id", "at"), (("1", "2026-01-01"),), "one row a ticket")
    text = shown(proposal_page(narrow, 80))
    assert "It looks like one row a ticket." in text
    assert "1. Which zone?" in text
    names = tuple(f"column_{n}" for n in range(12))
    wide = Proposal("map", (), names, tuple(tuple(f"{r}.{c}" for c in range(12)) for r in range(5)), "an event log")
    turned = shown(proposal_page(wide, 80))
    assert "row 5" in turned
    assert next(line for line in turned.splitlines() if line.startswith("column_11")).split()[1:] == [
        f"{row}.11" for row in range(5)
    ]
