"""Preferences and opt-outs of customers, every message sent to them, and what they say elsewhere."""

from random import Random

from deskmeter.connectors.demo.customers import Base
from deskmeter.connectors.demo.sheet import Sheet, text
from deskmeter.connectors.demo.world import DAY, HOUR, World

PREFERRED = (("email", 55), ("chat", 15), ("phone", 14), ("messaging", 11), ("app", 5))
SITES = ("Softlantern", "Toolpeers", "Appstall")
REVIEWS = 340


def invent_outreach(world: World, base: Base, sheets: dict[str, Sheet]) -> None:
    """Fills preference_span, message_out and review."""
    dice = world.dice("outreach")
    _messages_of_tickets(sheets)
    for customer in base.customers:
        for person in customer.people:
            refused = _preferences(world, dice, sheets["preference_span"], person, customer.stays[0][0])
            for quarter in range(4):
                at = world.start + (quarter * 91 + 20) * DAY + 9 * HOUR + dice.randint(0, 3 * HOUR)
                if customer.is_customer(at) and not refused:
                    sheet = sheets["message_out"]
                    sheet.add(id=f"MO-{len(sheet) + 1:06}", person=person, at=at, channel="email", author_kind="system")
    people = [person for customer in base.customers for person in customer.people]
    for index in range(world.sized(REVIEWS, 30)):
        stars = dice.choices((1, 2, 3, 3.5, 4, 4.5, 5), (7, 6, 9, 8, 25, 18, 27))[0]
        sheets["review"].add(
            id=f"RV-{index + 1}", site=dice.choice(SITES), at=dice.randint(world.start, world.end - 1),
            stars_millis=round(stars * 1_000), person=dice.choice(people) if dice.random() < 0.6 else None,
        )  # fmt: skip


def _preferences(world: World, dice: Random, sheet: Sheet, person: str, joined: int) -> bool:
    """A third name a channel, some change it, some refuse one; True if mail is refused."""
    since = max(joined, world.start - 300 * DAY)
    if dice.random() < 0.36:
        at = None if dice.random() < 0.15 else since + dice.randint(0, 200) * DAY
        channel = _channel(dice)
        changed = (at or world.start) + dice.randint(30, 200) * DAY
        changes = dice.random() < 0.18 and changed < world.end
        _span(sheet, person, channel, at, changed if changes else None, is_preferred=True)
        if changes:
            _span(sheet, person, _channel(dice), changed, None, is_preferred=True)
    if dice.random() < 0.09:
        channel = dice.choice(("email", "phone", "messaging"))
        _span(sheet, person, channel, since + dice.randint(0, 250) * DAY, None, is_opted_out=True)
        return channel == "email"
    if dice.random() < 0.2:
        _span(sheet, person, "email", since, None, is_opted_out=False)
    return False


def _channel(dice: Random) -> str:
    return dice.choices([channel for channel, _ in PREFERRED], [weight for _, weight in PREFERRED])[0]


def _span(sheet: Sheet, person: str, channel: str, begin: int | None, finish: int | None, **flags: bool) -> None:
    sheet.add(
        id=f"PS-{len(sheet) + 1:05}", person=person, channel=channel, from_at=begin, to_at=finish, **flags
    )  # fmt: skip


def _messages_of_tickets(sheets: dict[str, Sheet]) -> None:
    """Every public message of staff or bot on a ticket of a known customer is one sent to that customer."""
    requester = {text(row["id"]): (row["requester"], row["channel"]) for row in sheets["ticket"]}
    sheet = sheets["message_out"]
    for event in sheets["event"]:
        if event["kind"] == "message" and event.get("direction") == "out":
            person, channel = requester[text(event["ticket"])]
            if person is not None:
                sheet.add(
                    id=f"MO-{len(sheet) + 1:06}", person=person, at=event["at"],
                    channel=event.get("channel") or channel, author=event["actor"], ticket=event["ticket"],
                )  # fmt: skip
