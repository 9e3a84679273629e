"""The values of each dimension for one row behind a number."""

from datetime import timedelta
from typing import Any

from oracle.asked import Ask, local
from oracle.customer_dims import CUSTOMER, account_of, customer_value
from oracle.desk import Desk
from oracle.records import SAME, Rec
from oracle.state import State

NONE, UNATTRIBUTED = "(none)", "(unattributed)"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def values(desk: Desk, ask: Ask, rec: Rec, dimension: str) -> list[str]:
    """The values of `dimension` for `rec`, at least one (ruling 8)."""
    found = _raw(desk, ask, rec, dimension)
    if isinstance(found, (set, frozenset, list, tuple)):
        listed = sorted(str(value) for value in found)
        return listed or [NONE]
    if found is None:
        return [UNATTRIBUTED if dimension in ("agent", "team") else NONE]
    return [str(found)]


def _raw(desk: Desk, ask: Ask, rec: Rec, dimension: str) -> Any:
    if dimension in rec.more:
        return rec.more[dimension]
    if dimension == "source":
        return rec.world.source
    if dimension == "ticket":
        return rec.ticket.id if rec.ticket else None
    if dimension in ("hour", "weekday"):
        # what is read just before an instant belongs to the hour and day before it
        wall = local(rec.at - timedelta(microseconds=rec.is_just_before), ask.zone)
        return f"{wall.hour:02d}" if dimension == "hour" else DAYS[wall.weekday()]
    if dimension == "agent":
        return desk.name("person", rec.world, _credited(rec, "agent", "assignee"))
    if dimension == "team":
        return desk.name("team", rec.world, _credited(rec, "team", "team"))
    if dimension == "priority":
        return _credited(rec, "priority", "priority")
    if dimension in ("status", "stage"):
        return getattr(rec.state, dimension) if rec.state else None
    if dimension == "channel":
        return (rec.ticket.row.get("channel") if rec.ticket else None) if rec.channel is SAME else rec.channel
    if dimension in ("account", "requester", "customer_kind", "opened_by"):
        return _person_value(desk, rec, dimension)
    if dimension in CUSTOMER:
        return customer_value(desk, ask, rec, dimension)
    return _custom(rec, dimension)


def _credited(rec: Rec, override: str, attribute: str) -> Any:
    value = getattr(rec, override)
    if value is SAME:
        return getattr(rec.state, attribute) if rec.state else None
    return value


def _custom(rec: Rec, dimension: str) -> Any:
    """Rule 7: reason, type, tag, product and custom fields as at `as_of`; `_then`: at the basis instant."""
    if rec.ticket is None:
        return None
    base = dimension.removesuffix("_then")
    state: State | None = (rec.then or rec.state) if base != dimension else rec.ticket.states[-1]
    if state is None:
        return None
    if base == "tag":
        return state.tags
    if base.startswith("reason_"):
        path, level = state.fields.get("reason"), int(base.removeprefix("reason_"))
        parts = path.split("/") if path else []
        return "/".join(parts[:level]) or None  # a shorter path stands for itself
    return state.fields.get(base.removeprefix("field:"))


def _person_value(desk: Desk, rec: Rec, dimension: str) -> Any:
    person = rec.person or (rec.ticket.requester if rec.ticket else None)
    if dimension == "requester":
        return desk.name("person", rec.world, person)
    if dimension == "account":
        return desk.name("account", rec.world, account_of(rec))
    if dimension == "opened_by":
        return None if rec.ticket is None else ("staff" if rec.ticket.is_staff_opened else "customer")
    if person is None:
        return None
    earlier = False
    for ticket in rec.world.in_order_of_creation:
        if ticket is rec.ticket or (rec.ticket is None and ticket.created_at >= rec.at):
            break
        earlier = earlier or ticket.requester == person
    return "returning" if earlier else "new"


AGE_BANDS = ((1, "0-1 d"), (3, "1-3 d"), (7, "3-7 d"), (30, "7-30 d"))
RESPONSE_BANDS = ((4, "<4 h"), (24, "<1 d"), (72, "<3 d"), (168, "<7 d"))


def age_band(age: timedelta) -> str:
    """Half-open bands of age."""
    return next((name for days, name in AGE_BANDS if age < timedelta(days=days)), "30 d+")


def response_band(since: timedelta | None) -> str:
    """Half-open bands of time since the last human reply."""
    if since is None:
        return "never"
    return next((name for hours, name in RESPONSE_BANDS if since < timedelta(hours=hours)), "7 d+")
