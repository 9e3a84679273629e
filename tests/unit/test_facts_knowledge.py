from collections.abc import Iterator

import pytest
from hand_desk import HandRow, at, cells, hand_desk, request, values

from deskmeter.base.errors import AskerError
from deskmeter.query.access import Access
from deskmeter.query.request import Filter

MARCH = ("2026-03-01", "2026-04-01")
AS_OF = "2026-03-20 12:00"


def event(kind: str, when: str, **columns: object) -> HandRow:
    return {"kind": kind, "at": at(when), **columns}


KB: dict[str, list[HandRow]] = {
    "kb_item": [
        {"id": "pay", "category": "Invoices", "title": "Paying by card"},
        {"id": "old", "category": "Invoices", "title": "Paying by cheque"},
        {"id": "key", "category": "Access", "title": "A lost password"},
        {"id": "api", "category": "Interfaces"},
        {"id": "tw1", "category": "Twins", "title": "Twin"},
        {"id": "tw2", "category": "Twins", "title": "Twin"},
        {"id": "bare", "title": "Without a category"},
    ],
    "kb_event": [
        # pay: live since March 1st, updated once in March; archived and published again is no new item
        event("published", "2026-03-01 00:00", item="pay"),
        event("archived", "2026-03-02 00:00", item="pay"),
        event("published", "2026-03-03 00:00", item="pay"),
        event("updated", "2026-03-10 00:00", item="pay"),
        # old: published exactly 180 days before as_of and never touched again: stale
        event("published", "2025-09-21 12:00", item="old"),
        # key: published a year ago, updated one microsecond less than 180 days before as_of: fresh
        event("published", "2025-03-01 00:00", item="key"),
        event("updated", "2025-09-21 12:00:00.000001", item="key"),
        # tw1: archived in March, so it is not live; tw2: published after as_of, so nobody knows of it
        event("published", "2026-01-01 00:00", item="tw1"),
        event("updated", "2026-03-04 00:00", item="tw1"),
        event("archived", "2026-03-05 00:00", item="tw1"),
        event("published", "2026-03-25 00:00", item="tw2"),
        # bare was updated but never published
        event("updated", "2026-03-06 00:00", item="bare"),
        # session v1 of cleo, who is known from its second event on: two searches, the first fails
        event("session", "2026-03-05 09:00", session="v1"),
        event("search", "2026-03-05 09:01", session="v1", person="cleo", words="  Reset   PASSWORD "),
        event("search", "2026-03-05 09:02", session="v1", words="password"),
        event("view", "2026-03-05 09:03", session="v1", item="key"),
        event("click", "2026-03-05 09:03", session="v1", item="key"),
        event("vote", "2026-03-05 09:04", session="v1", person="cleo", item="key", is_helpful=False),
        event("resolved", "2026-03-05 09:05", session="v1", item="key"),
        event("resolved", "2026-03-05 09:06", session="v1", item="key"),
        # v2 of dan: a search without a click, and a ticket exactly 24 hours after the start
        event("search", "2026-03-06 09:00", session="v2", person="dan", words="reset password"),
        event("resolved", "2026-03-06 09:10", session="v2", ticket="T2"),
        # v3 of nobody, v4 of dan exactly 24 hours before as_of: both in no deflection
        event("search", "2026-03-07 09:00", session="v3", words="Straße"),
        event("view", "2026-03-19 12:00", session="v4", person="dan", item="pay"),
        # outside a session: neither failed nor not; a mark with neither session nor ticket
        event("search", "2026-03-08 09:00", words="lost"),
        event("resolved", "2026-03-08 09:00", item="pay"),
        # cleo votes again in another session and changes her mind; a session's vote; a vote of nobody
        event("vote", "2026-03-09 09:00", session="v5", person="cleo", item="key", is_helpful=True),
        event("vote", "2026-03-09 09:05", session="v6", item="key", is_helpful=True),
        event("vote", "2026-03-09 09:06", session="v6", item="key", is_helpful=False),
        event("vote", "2026-03-09 09:07", item="key", is_helpful=False),
        event("vote", "2026-03-09 09:08", session="v6", item="pay", is_helpful=True),
        event("view", "2026-03-25 09:00", session="v9", person="dan", item="api"),
    ],
    "person": [{"id": "cleo", "name": "Cleo", "country": "DE"}, {"id": "dan", "name": "Dan"}],
    "ticket": [{"id": "T1", "requester": "cleo"}, {"id": "T2", "requester": "dan"}, {"id": "T3", "requester": "cleo"}],
    "event": [
        # before the session's start: it deflects all the same
        {"ticket": "T1", "kind": "created", "at": at("2026-03-05 08:59:59")},
        {"ticket": "T2", "kind": "created", "at": at("2026-03-07 09:00")},
        {"ticket": "T3", "kind": "created", "at": at("2026-03-05 10:00")},
        {"ticket": "T3", "kind": "spam", "at": at("2026-03-05 11:00")},
    ],
}


@pytest.fixture(scope="module")
def desk() -> Iterator[Access]:
    access = hand_desk(KB, AS_OF)
    yield access
    access.engine.close()


def test_only_the_first_publication_makes_a_new_item(desk: Access) -> None:
    assert values(desk, request("kb_new_items", MARCH, ("item",))) == {("Paying by card",): (1, 1)}
    assert values(desk, request("kb_new_items", ("2026-01-01", "2026-04-01"), ("category",))) == {
        ("Invoices",): (1, 1),
        ("Twins",): (1, 1),
    }


def test_items_that_share_a_title_show_their_ids(desk: Access) -> None:
    assert set(values(desk, request("kb_new_items", ("2026-01-01", "2026-02-01"), ("item",)))) == {("Twin (tw1)",)}


def test_updated_share_looks_at_items_live_at_the_end(desk: Access) -> None:
    # live at as_of: pay, old, key; of them pay was updated in March
    assert values(desk, request("kb_updated_share", MARCH)) == {(): (1 / 3, 3)}
    # on 2 March pay was archived; at its end old, key and tw1 are live
    assert values(desk, request("kb_updated_share", ("2026-03-01", "2026-03-03"))) == {(): (0, 3)}


def test_stale_is_180_days_or_more_without_publication_or_update(desk: Access) -> None:
    assert values(desk, request("kb_stale_share", MARCH, ("item",))) == {
        ("Paying by card",): (0, 1),
        ("Paying by cheque",): (1, 1),
        ("A lost password",): (0, 1),
    }


def test_categories_without_a_view_are_rows_with_0(desk: Access) -> None:
    assert values(desk, request("kb_views", MARCH, ("category",))) == {
        ("Invoices",): (1, 1),
        ("Access",): (1, 1),
        ("Interfaces",): (0, 0),
        ("Twins",): (0, 0),
    }
    assert values(desk, request("kb_views", MARCH, ("category", "item"))) == {
        ("Invoices", "Paying by card"): (1, 1),
        ("Access", "A lost password"): (1, 1),
    }
    assert values(desk, request("kb_views", MARCH)) == {(): (2, 2)}


def test_the_last_vote_of_a_person_else_of_a_session_counts(desk: Access) -> None:
    # key: cleo's later yes, the session's later no, the no of nobody; pay: the session's yes
    found = cells(desk, request("kb_rating", MARCH, ("item",)))
    assert (found[("A lost password",)].numerator, found[("A lost password",)].denominator) == (1, 3)
    assert (found[("Paying by card",)].numerator, found[("Paying by card",)].denominator) == (1, 1)


def test_a_vote_is_filed_by_its_own_time(desk: Access) -> None:
    # cleo's first vote of 5 March has been replaced, so that day has none
    assert values(desk, request("kb_rating", ("2026-03-05", "2026-03-06"))) == {(): (None, 0)}


def test_issues_resolved_by_an_item(desk: Access) -> None:
    # by an item: session v1 (two marks, one issue) and ticket T2; besides them T1, but not T3, which is spam
    found = cells(desk, request("kb_resolution_share", MARCH))[()]
    assert (found.numerator, found.denominator) == (2, 3)


def test_sessions_are_filed_at_their_first_event(desk: Access) -> None:
    assert values(desk, request("self_service_sessions", MARCH)) == {(): (6, 6)}
    assert values(desk, request("self_service_sessions", MARCH, ("country",))) == {("DE",): (2, 2), ("(none)",): (4, 4)}


def test_deflected_means_no_ticket_of_the_person_within_24_hours(desk: Access) -> None:
    # v1: cleo's T1 came before and T3 is spam: deflected. v2: dan's T2 came at 24 h: not. v5 of cleo: deflected.
    # v3, v6: nobody known. v4: exactly 24 h old.
    found = cells(desk, request("deflection_rate", MARCH))[()]
    assert (found.numerator, found.denominator) == (2, 3)


def test_failed_searches_by_words(desk: Access) -> None:
    assert values(desk, request("kb_failed_searches", MARCH, ("words",))) == {
        ("reset password",): (2, 2),
        ("strasse",): (1, 1),
    }


def test_searches_belong_to_the_person_of_their_session(desk: Access) -> None:
    german = Filter("country", "=", ("DE",))
    assert values(desk, request("kb_failed_searches", MARCH, ("words",), (german,))) == {("reset password",): (1, 1)}


def test_what_has_no_agent_says_so(desk: Access) -> None:
    with pytest.raises(AskerError, match="`kb_views` cannot be split by `agent`"):
        cells(desk, request("kb_views", MARCH, ("agent",)))
