"""Random calls, with and without tickets, some of which a ticket was born from; and availability."""

from datetime import datetime, timedelta

from oracle.company_histories import Company
from oracle.draw import Draw
from oracle.rows import History, Row


def calls(draw: Draw, crew: Company, history: History, ticket_ids: list[str]) -> None:
    """Fill the tables of calls and availability."""
    for _ in range(draw.rng.randrange(5)):
        history["call"].append(_call(draw, crew, ticket_ids))
    for row in history["ticket"]:
        own = [call["id"] for call in history["call"] if call["ticket"] == row["id"]]
        row["call"] = draw.one(own) if own and draw.chance(0.5) else None
    for agent in crew.agents:
        _availability(draw, history, agent)


def _call(draw: Draw, crew: Company, ticket_ids: list[str]) -> Row:
    ringing = draw.begin()
    waited = draw.one((0, 4, 5, 19, 20, 21, 300))
    outcome = draw.one(("answered", "answered", "answered", "abandoned", "flowed_out", None))
    row = draw.row(
        draw.id("call"),
        ticket=draw.one([None, *ticket_ids]),
        person=draw.one([None, *crew.customers]),
        direction=draw.one(("in", "in", "in", "out", None)),
        queue=draw.one((None, "sales", "help")),
        ringing_at=ringing,
        queue_s=draw.one((None, waited, waited + 1)),
        outcome=outcome,
        is_transferred=draw.one((None, True, False)),
    )
    if outcome is None:
        row["queue_s"], row["is_transferred"] = None, None
        return row
    row["ended_at"] = ringing + timedelta(seconds=waited)
    if outcome == "answered":
        _answered(draw, crew, row, ringing + timedelta(seconds=waited))
    return row


def _answered(draw: Draw, crew: Company, row: Row, answered: datetime) -> None:
    talk, hold = draw.one((0, 60, 600)), draw.one((0, 30))
    row.update(
        answered_at=answered,
        ended_at=answered + timedelta(seconds=talk + hold),
        talk_s=None if draw.chance(0.1) else talk,
        hold_s=None if draw.chance(0.1) else hold,
        wrap_s=draw.one((None, 0, 45, 90)),
        agent=draw.one([None, *crew.agents, *crew.agents]),
    )


def _availability(draw: Draw, history: History, agent: str) -> None:
    at = draw.begin()
    for _ in range(draw.rng.randrange(4)):
        end = draw.later(draw.later(at))
        state = draw.one(("available", "on_contact", "away"))
        until = None if draw.chance(0.1) else end
        more = {"person": agent, "state": state, "from_at": at, "to_at": until}
        if until is None or until > at:
            history["availability_span"].append(draw.row(draw.id("av"), **more))
        if until is None:
            return
        at = end
