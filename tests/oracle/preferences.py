"""Section 11, preferences and consent."""

from collections.abc import Callable
from datetime import datetime

from oracle.asked import Ask
from oracle.customer_book import holds
from oracle.desk import Desk, World
from oracle.numbers_of import count, share
from oracle.records import Cell, Outcome, Parts, Rec, Window, cell
from oracle.rows import Row


def _open(world: World, at: datetime, inclusive: bool) -> list[Row]:
    rows = world.tables["preference_span"]
    return [r for r in rows if holds(r.get("from_at") or datetime.min, r.get("to_at"), at, inclusive)]


def _preferred(world: World, at: datetime, inclusive: bool) -> dict[str, Row]:
    """Person -> the preference that holds: of several open ones that begun last (ruling 51)."""
    out: dict[str, Row] = {}
    stated = [row for row in _open(world, at, inclusive) if row.get("is_preferred")]
    for row in sorted(stated, key=lambda row: (row.get("from_at") or datetime.min, row["id"])):
        out[row["person"]] = row
    return out


def channel_preference(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Customers by preferred channel."""
    recs = [
        Rec(
            world,
            window.stock_at,
            person=person,
            channel=row["channel"],
            key=(world.source, person),
            is_just_before=not window.inclusive,
        )
        for world in desk.worlds
        for person, row in _preferred(world, window.stock_at, window.inclusive).items()
    ]
    return Outcome({"rows": recs}, count, every_bucket=True, is_filed=False)


def preference_match_rate(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Messages by the preferred channel / messages to customers with a preference, automated ones too."""
    recs = []
    for world in desk.worlds:
        for row in world.tables["message_out"]:
            preference = _preferred(world, row["at"], True).get(row["person"])
            if preference is None:
                continue
            ticket = world.by_id.get(world.home.get(row.get("ticket") or "", ""))
            author = row.get("author")
            rec = Rec(world, row["at"], ticket, agent=author, person=row["person"])
            rec.value = preference["channel"] == row["channel"]
            if ticket is None:
                rec.team = world.people.team(author, row["at"])
            else:
                rec.state = ticket.state_then(row["at"])
            rec.more["message_channel"] = row["channel"]
            rec.more["author_kind"] = world.people.kind({}, author, row.get("author_kind"), row["at"])
            recs.append(rec)
    return share(recs, lambda rec: rec.value)


def opt_out_rate(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Persons opted out of at least one channel (by channel: of it) / persons with anything ever recorded."""
    num, den = [], []
    at = window.stock_at
    for world in desk.worlds:
        for row in _open(world, at, window.inclusive):
            if row.get("is_opted_out"):
                key = (world.source, row["person"])
                num.append(Rec(world, at, person=row["person"], channel=row["channel"], key=key))
                num[-1].is_just_before = not window.inclusive
        begun = [
            row["person"]
            for row in world.tables["preference_span"]
            if row.get("from_at") is None or window.before_end(row["from_at"])
        ]
        for person in sorted({*begun}):
            den.append(Rec(world, at, person=person, channel=None, key=(world.source, person)))
            den[-1].is_just_before = not window.inclusive

    def aggregate(parts: Parts) -> Cell:
        top, bottom = len({rec.key for rec in parts["num"]}), len(parts["den"])
        return cell(top / bottom if bottom else None, bottom, top, bottom)

    broadcast = {"den": frozenset({"channel"})} if "channel" in ask.by else {}
    return Outcome({"num": num, "den": den}, aggregate, every_bucket=True, broadcast=broadcast, is_filed=False)


METRICS: dict[str, Callable[[Desk, Window, Ask], Outcome]] = {
    "channel_preference": channel_preference,
    "preference_match_rate": preference_match_rate,
    "opt_out_rate": opt_out_rate,
}
