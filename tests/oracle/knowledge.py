"""Section 10: knowledge base and self-service."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from oracle.asked import Ask
from oracle.demand import at_creation
from oracle.desk import Desk, World
from oracle.numbers_of import count, ratio, share
from oracle.records import Outcome, Rec, Window
from oracle.rows import Row

Metric = Callable[[Desk, Window, Ask], Outcome]
DAY = timedelta(days=1)
STALE = 180 * DAY


def _events(world: World, *kinds: str) -> list[Row]:
    rows = [row for row in world.tables["kb_event"] if not kinds or row["kind"] in kinds]
    return sorted(rows, key=lambda row: (row["at"], row["id"]))


def _rec(desk: Desk, world: World, at: datetime, item: str | None, person: str | None = None) -> Rec:
    known = desk.row("kb_item", world, item)
    title = known.get("title") or item
    return Rec(world, at, person=person, more={"item": title, "category": known.get("category")})


def kb_new_items(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Filed at the first publication ever (ruling 50)."""
    recs = []
    for world in desk.worlds:
        seen = set()
        for row in _events(world, "published"):
            if row.get("item") is not None and row["item"] not in seen:
                seen.add(row["item"])
                recs.append(_rec(desk, world, row["at"], row["item"]))
    return Outcome({"rows": recs}, count)


def _live(desk: Desk, window: Window) -> list[tuple[Rec, list[Row]]]:
    """(row, its published and updated events so far) of each item live at the end."""
    out = []
    for world in desk.worlds:
        events: dict[str, list[Row]] = {}
        for row in _events(world, "published", "updated", "archived"):
            if row.get("item") is not None and window.before_end(row["at"]):
                events.setdefault(row["item"], []).append(row)
        for item, rows in sorted(events.items()):
            last = [row for row in rows if row["kind"] != "updated"]
            if last and last[-1]["kind"] == "published":
                work = [row for row in rows if row["kind"] != "archived"]
                rec = _rec(desk, world, window.stock_at, item)
                rec.is_just_before = not window.inclusive
                out.append((rec, work))
    return out


def _of_live(desk: Desk, window: Window, hit: Callable[[list[Row]], bool]) -> Outcome:
    recs = []
    for rec, work in _live(desk, window):
        rec.value = hit(work)
        recs.append(rec)
    outcome = share(recs, lambda rec: rec.value)
    outcome.every_bucket, outcome.is_filed = True, False
    return outcome


def kb_updated_share(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Live items updated in the period / items live at its end."""
    return _of_live(desk, window, lambda work: any(r["kind"] == "updated" and window.holds(r["at"]) for r in work))


def kb_stale_share(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Published or updated last 180 x 24 h or more before the end."""
    return _of_live(desk, window, lambda work: window.stock_at - max(row["at"] for row in work) >= STALE)


def kb_views(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Views."""
    recs = [
        _rec(desk, world, row["at"], row.get("item"), row.get("person"))
        for world in desk.worlds
        for row in _events(world, "view")
    ]
    return Outcome({"rows": recs}, count)


def kb_rating(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Helpful votes / votes; the last vote of one person, else session, on one item counts (ruling 57)."""
    recs = []
    for world in desk.worlds:
        last: dict[Any, Row] = {}
        for row in _events(world, "vote"):
            who = ("person", row.get("person")) if row.get("person") else ("session", row.get("session"))
            if who[1] is None:
                who = ("alone", row["id"])
            last[row.get("item"), who] = row
        for row in last.values():
            rec = _rec(desk, world, row["at"], row.get("item"), row.get("person"))
            rec.value = bool(row.get("is_helpful"))
            recs.append(rec)
    return share(recs, lambda rec: rec.value)


def sessions(world: World) -> dict[str, list[Row]]:
    """The events of each session in order (ruling 48)."""
    out: dict[str, list[Row]] = {}
    for row in _events(world):
        if row.get("session") is not None:
            out.setdefault(row["session"], []).append(row)
    return out


def _session_recs(desk: Desk) -> list[tuple[Rec, list[Row]]]:
    """Filed at its first event; its person is the first known."""
    out = []
    for world in desk.worlds:
        for rows in sessions(world).values():
            person = next((row["person"] for row in rows if row.get("person") is not None), None)
            out.append((Rec(world, rows[0]["at"], person=person), rows))
    return out


def self_service_sessions(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Help-centre sessions."""
    return Outcome({"rows": [rec for rec, _ in _session_recs(desk)]}, count)


def kb_resolution_share(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Ruling 49: (sessions marked resolved without a ticket + tickets created so marked) / (those + tickets)."""
    num: list[Rec] = []
    den: list[Rec] = []
    for rec, rows in _session_recs(desk):
        if any(row["kind"] == "resolved" and row.get("ticket") is None for row in rows):
            num.append(rec)
            den.append(rec)
    for ticket in desk.tickets:
        den.append(at_creation(ticket))
        marks = _events(ticket.world, "resolved")
        if any(ticket.world.home.get(row.get("ticket") or "") == ticket.id for row in marks):
            num.append(at_creation(ticket))
    return Outcome({"num": num, "den": den}, ratio)


def deflection_rate(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Of sessions of known persons older than 24 h, the share without a ticket of theirs in [start, start + 24 h]."""
    recs = []
    for rec, _ in _session_recs(desk):
        if rec.person is not None and desk.as_of - rec.at > DAY:
            tickets = [t for t in rec.world.tickets if t.requester == rec.person]
            rec.value = not any(rec.at <= ticket.created_at <= rec.at + DAY for ticket in tickets)
            recs.append(rec)
    return share(recs, lambda rec: rec.value)


def kb_failed_searches(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Searches after which no click follows in their session before the next search."""
    recs = []
    for rec, rows in _session_recs(desk):
        for place, row in enumerate(rows):
            if row["kind"] != "search":
                continue
            following = next((r["kind"] for r in rows[place + 1 :] if r["kind"] in ("search", "click")), None)
            if following != "click":
                words = " ".join((row.get("words") or "").split()).casefold()
                recs.append(Rec(rec.world, row["at"], person=rec.person, more={"words": words or None}))
    return Outcome({"rows": recs}, count)


METRICS: dict[str, Metric] = {
    "kb_new_items": kb_new_items,
    "kb_updated_share": kb_updated_share,
    "kb_stale_share": kb_stale_share,
    "kb_views": kb_views,
    "kb_rating": kb_rating,
    "kb_resolution_share": kb_resolution_share,
    "self_service_sessions": self_service_sessions,
    "deflection_rate": deflection_rate,
    "kb_failed_searches": kb_failed_searches,
}
