"""Writes calls: legs of tickets, and inbound and outbound calls without a ticket."""

from dataclasses import dataclass
from random import Random

from deskmeter.connectors.demo.customers import Base
from deskmeter.connectors.demo.roster import PHONE_DESK
from deskmeter.connectors.demo.sheet import Sheet, text
from deskmeter.connectors.demo.staff import Agent, Staff
from deskmeter.connectors.demo.world import HOUR, World, spread

FREE_CALLS = 4_600
QUEUES = ("general", "billing", "technical")


@dataclass(frozen=True)
class Leg:
    """How a call ended: `answered_at` None if nobody answered, `over_at` with after-call work."""

    id: str
    answered_at: int | None
    ended_at: int
    over_at: int


@dataclass(frozen=True)
class Line:
    """Who calls whom: `queue` None for an outbound call."""

    direction: str
    person: str | None
    ticket: str | None
    queue: str | None


def answered(
    sheets: dict[str, Sheet], line: Line, ringing: int, agent: Agent, dice: Random, transferred: bool = False
) -> Leg:
    """One leg that `agent` answered."""
    sheet = sheets["call"]
    ident = f"K-{len(sheet) + 1:06}"
    queue = min(spread(dice, 13, 1.0), 900) if line.direction == "in" else None
    answer = ringing + (queue if queue is not None else spread(dice, 11, 0.4))
    talk = spread(dice, 230, 0.7)
    hold = spread(dice, 45, 0.7) if dice.random() < 0.28 else 0
    wrap = None if dice.random() < 0.01 else spread(dice, 48, 0.6)
    sheet.add(
        id=ident, ticket=line.ticket, person=line.person, direction=line.direction, queue=line.queue,
        ringing_at=ringing, answered_at=answer, ended_at=answer + talk + hold, outcome="answered", queue_s=queue,
        talk_s=talk, hold_s=hold, wrap_s=wrap, agent=agent.id, is_transferred=transferred,
    )  # fmt: skip
    return Leg(ident, answer, answer + talk + hold, answer + talk + hold + (wrap or 0))


def unanswered(sheets: dict[str, Sheet], line: Line, ringing: int, outcome: str, dice: Random) -> Leg:
    """One leg that nobody answered; a fifth of the abandoned ones hang up within five seconds."""
    sheet = sheets["call"]
    ident = f"K-{len(sheet) + 1:06}"
    queue = dice.randint(1, 4) if outcome == "abandoned" and dice.random() < 0.2 else spread(dice, 55, 0.8) + 4
    sheet.add(
        id=ident, ticket=line.ticket, person=line.person, direction=line.direction, queue=line.queue,
        ringing_at=ringing, ended_at=ringing + queue, outcome=outcome,
        queue_s=queue if line.direction == "in" and dice.random() < 0.9 else None,
    )  # fmt: skip
    return Leg(ident, None, ringing + queue, ringing + queue)


def inbound(sheets: dict[str, Sheet], line: Line, ringing: int, staff: Staff, dice: Random) -> tuple[Leg, Agent | None]:
    """A customer calls: answered (perhaps passed on), abandoned or flowed out; the last agent comes with it."""
    luck = dice.random()
    if luck > 0.9 or not staff.hours["S-EU"].is_open(ringing):
        outcome = "abandoned" if luck < 0.975 else "flowed_out"
        return unanswered(sheets, line, ringing, outcome, dice), None
    agent = staff.pick(dice, PHONE_DESK, ringing)
    passed_on = dice.random() < 0.07
    leg = answered(sheets, line, ringing, agent, dice, passed_on)
    if not passed_on:
        return leg, agent
    other = staff.pick(dice, PHONE_DESK, leg.ended_at, agent.id)
    second = answered(sheets, line, leg.ended_at, other, dice)
    return Leg(leg.id, leg.answered_at, second.ended_at, second.over_at), other


def invent_free_calls(world: World, base: Base, staff: Staff, sheets: dict[str, Sheet]) -> None:
    """Calls without a ticket: questions answered at once, and calls by staff."""
    dice = world.dice("calls")
    hours = staff.hours["S-EU"]
    open_s = hours.worked(world.end) - hours.worked(world.start)
    for _ in range(world.sized(FREE_CALLS, 60)):
        ringing = hours.advance(world.start, dice.randrange(open_s)) or world.start
        if dice.random() < 0.04:
            ringing += 10 * HOUR  # after hours: the answering machine
        customer = dice.choice(base.customers)
        person = text(customer.people[0]) if customer.is_customer(ringing) and dice.random() < 0.8 else None
        if dice.random() < 0.84:
            inbound(sheets, Line("in", person, None, dice.choice(QUEUES)), ringing, staff, dice)
        else:
            line = Line("out", person, None, None)
            if dice.random() < 0.7 and hours.is_open(ringing):
                answered(sheets, line, ringing, staff.pick(dice, PHONE_DESK, ringing), dice)
            else:
                unanswered(sheets, line, ringing, "abandoned", dice)
