from collections.abc import Iterator

import pytest
from hand_desk import HandRow, at, cells, hand_desk, request, values

from deskmeter.query.access import Access

MARCH = ("2026-03-01", "2026-04-01")


def span(person: str, channel: str, begin: str | None = None, finish: str | None = None, **flags: bool) -> HandRow:
    ends = {"from_at": at(begin) if begin else None, "to_at": at(finish) if finish else None}
    return {"person": person, "channel": channel, **ends, **flags}


def message(person: str, when: str, channel: str, **columns: object) -> HandRow:
    return {"person": person, "at": at(when), "channel": channel, **columns}


OUTREACH: dict[str, list[HandRow]] = {
    "person": [
        {"id": "ana", "name": "Ana", "role": "staff"},
        {"id": "bot", "name": "Bot", "role": "bot"},
        {"id": "cleo", "name": "Cleo", "country": "DE"},
    ],
    "preference_span": [
        # cleo has always preferred email, and since 10 March chat as well: the one begun last holds
        span("cleo", "email", is_preferred=True),
        span("cleo", "chat", "2026-03-10 12:00", is_preferred=True),
        # dan preferred the phone until the end of February; his refusal of email goes on
        span("dan", "phone", "2026-01-01", "2026-02-28", is_preferred=True),
        span("dan", "email", "2026-01-01", is_opted_out=True),
        span("dan", "phone", "2026-01-01", is_opted_out=True),
        # eve agreed to email; fay's refusal begins in April
        span("eve", "email", "2026-01-01", is_opted_out=False),
        span("fay", "email", "2026-04-05", is_opted_out=True),
        # gus refused until 31 March: just before April begins he has agreed again
        span("gus", "chat", "2026-01-01", "2026-03-31 23:59:59", is_opted_out=True),
    ],
    "message_out": [
        message("cleo", "2026-03-05 12:00", "email", author="ana"),  # by her preference of then
        message("cleo", "2026-03-10 11:59:59", "chat", author="ana"),  # too early for chat
        message("cleo", "2026-03-10 12:00", "chat", author="bot"),  # begun at this very instant
        message("cleo", "2026-03-11 12:00", "email", author_kind="system"),  # no longer
        message("dan", "2026-03-05 12:00", "phone", author="ana"),  # without a preference by then
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def desk() -> Iterator[Access]:
    access = hand_desk(OUTREACH, "2026-05-01")
    yield access
    access.engine.close()


def test_the_preference_begun_last_holds(desk: Access) -> None:
    assert values(desk, request("channel_preference", MARCH, ("channel",))) == {("chat",): (1, 1)}
    assert values(desk, request("channel_preference", ("2026-02-01", "2026-02-15"), ("channel",))) == {
        ("email",): (1, 1),
        ("phone",): (1, 1),
    }
    assert values(desk, request("channel_preference", MARCH, ("country",))) == {("DE",): (1, 1)}


def test_messages_are_held_against_the_preference_of_their_instant(desk: Access) -> None:
    found = cells(desk, request("preference_match_rate", MARCH))[()]
    assert (found.numerator, found.denominator) == (2, 4)


def test_automated_messages_count_and_can_be_told_apart(desk: Access) -> None:
    assert values(desk, request("preference_match_rate", MARCH, ("author_kind",))) == {
        ("staff",): (0.5, 2),
        ("bot",): (1, 1),
        ("system",): (0, 1),
    }
    assert values(desk, request("preference_match_rate", MARCH, ("message_channel",))) == {
        ("email",): (0.5, 2),
        ("chat",): (0.5, 2),
    }
    assert set(values(desk, request("preference_match_rate", MARCH, ("agent",)))) == {
        ("Ana",),
        ("Bot",),
        ("(unattributed)",),
    }


def test_opted_out_of_at_least_one_channel(desk: Access) -> None:
    # dan, of cleo, dan, eve and gus; nothing is known of fay before April
    found = cells(desk, request("opt_out_rate", MARCH))[()]
    assert (found.numerator, found.denominator) == (1, 4)


def test_by_channel_all_persons_stay_in_the_denominator(desk: Access) -> None:
    assert values(desk, request("opt_out_rate", MARCH, ("channel",))) == {("email",): (0.25, 4), ("phone",): (0.25, 4)}
    assert values(desk, request("opt_out_rate", ("2026-02-01", "2026-03-01"), ("channel",))) == {
        ("email",): (0.25, 4),
        ("phone",): (0.25, 4),
        ("chat",): (0.25, 4),
    }
