"""Random knowledge-base events, preferences and messages to customers."""

from datetime import timedelta

from oracle.company_histories import Company
from oracle.draw import Draw
from oracle.rows import History

CHANNELS = ("email", "chat", "phone")


def knowledge(draw: Draw, crew: Company, history: History, ticket_ids: list[str]) -> None:
    """Fill the tables of section 10."""
    items = [f"{draw.source}.item{n}" for n in range(draw.rng.randrange(4))]
    for item in items:
        more = {"category": draw.one((None, "billing", "login")), "title": draw.one((None, f"{item} title"))}
        history["kb_item"].append(draw.row(item, **more))
        at = draw.begin() - timedelta(days=draw.one((0, 0, 170, 180, 400)))
        for kind in draw.one(((), ("published",), ("published", "updated"), ("published", "archived", "published"))):
            history["kb_event"].append(draw.row(draw.id("kb"), item=item, kind=kind, at=at))
            at = draw.later(at) + timedelta(days=draw.one((0, 0, 100)))
    for _ in range(draw.rng.randrange(4)):
        _session(draw, crew, history, items, ticket_ids)
    for _ in range(draw.rng.randrange(3)):
        kind = draw.one(("view", "vote", "search", "resolved"))
        _event(draw, crew, history, items, kind, None, ticket_ids)


def _session(draw: Draw, crew: Company, history: History, items: list[str], ticket_ids: list[str]) -> None:
    session, at = draw.id("sess"), draw.begin()
    person = draw.one([None, *crew.customers])
    created = [row["at"] for row in history["event"] if row["kind"] == "created"]
    if created and draw.chance(0.5):
        at = draw.one(created) - timedelta(seconds=draw.one((0, 60, 86399, 86400, 86401, -1)))
    marked = False
    for _ in range(draw.rng.randrange(1, 7)):
        kind = draw.one(("session", "view", "vote", "search", "search", "click", "resolved"))
        if kind == "resolved" and marked:
            continue
        marked = marked or kind == "resolved"
        who = person if draw.chance(0.8) else None
        row: dict[str, object] = {"session": session, "person": who, "at": at}
        _event(draw, crew, history, items, kind, row, ticket_ids)
        at = at + timedelta(seconds=draw.one((0, 5, 60, 600)))


def _event(
    draw: Draw,
    crew: Company,
    history: History,
    items: list[str],
    kind: str,
    known: dict[str, object] | None,
    ticket_ids: list[str],
) -> None:
    known = known or {"session": None, "person": draw.one([None, *crew.customers]), "at": draw.begin()}
    if kind in ("view", "vote", "click") and not items:
        return
    item = draw.one(items) if kind in ("view", "vote", "click") else None
    row = draw.row(draw.id("kb"), kind=kind, item=item, **known)
    if kind == "vote":
        row["is_helpful"] = draw.chance(0.5)
    elif kind == "search":
        row["words"] = draw.one(("Refund", " refund ", "reset  password", "Reset password", None))
    elif kind == "resolved":
        row["ticket"] = draw.one([None, *ticket_ids])
    history["kb_event"].append(row)


def preferences(draw: Draw, crew: Company, history: History, ticket_ids: list[str]) -> None:
    """Fill the tables of preferences and messages."""
    for person in crew.customers:
        for _ in range(draw.rng.randrange(3)):
            start = None if draw.chance(0.2) else draw.begin()
            end = None if start is None or draw.chance(0.5) else start + timedelta(seconds=draw.one((1, 86400, 900000)))
            row = draw.row(
                draw.id("pref"),
                person=person,
                channel=draw.one(CHANNELS),
                is_preferred=draw.one((None, True, True, False)),
                is_opted_out=draw.one((None, True, False)),
                from_at=start,
                to_at=end,
            )
            history["preference_span"].append(row)
        starts = [row["from_at"] for row in history["preference_span"] if row["from_at"] is not None]
        for _ in range(draw.rng.randrange(3)):
            at = draw.one(starts) if starts and draw.chance(0.4) else draw.begin()
            row = draw.row(
                draw.id("mo"),
                person=person,
                at=at,
                channel=draw.one(CHANNELS),
                author=draw.one([None, *crew.agents, *crew.bots]),
                author_kind=draw.one((None, None, "system")),
                ticket=draw.one([None, *ticket_ids]),
            )
            history["message_out"].append(row)
