"""Proposals for the tables around the tickets: people, accounts, customers, orders, calls, policies, knowledge."""

from datetime import datetime

from deskmeter.ingest.draft import Draft, Plain, few_values, listed
from deskmeter.ingest.profile import Profile
from deskmeter.ingest.vocabulary import (
    DIRECTION_WORDS,
    KB_WORDS,
    ORDER_WORDS,
    OUTCOME_WORDS,
    ROLE_WORDS,
    SLA_WORDS,
    meaning,
)

_RAILS_ZONES = {
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Mountain Time (US & Canada)": "America/Denver",
    "Central Time (US & Canada)": "America/Chicago",
    "Eastern Time (US & Canada)": "America/New_York",
    "London": "Europe/London",
    "Dublin": "Europe/Dublin",
    "Berlin": "Europe/Berlin",
    "Paris": "Europe/Paris",
    "Madrid": "Europe/Madrid",
    "Tokyo": "Asia/Tokyo",
    "Sydney": "Australia/Sydney",
}
_YES = ("true", "yes", "y", "1", "churned", "left")


def propose_call(draft: Draft) -> bool:
    """One row a call."""
    lengths = [role for role in ("talk_s", "queue_s", "hold_s", "wrap_s") if draft.has(role)]
    starts = draft.find("ringing_at", "time")
    looks = draft.has("call") or draft.has("call_direction") or "call" in draft.file_words
    if starts is None or len(lengths) < (1 if looks else 2) or draft.has("subject"):
        return False
    draft.take("call", "id", "call")
    draft.put("call", "ringing_at", starts)
    draft.take("call", "answered_at", "answered_at", "time")
    draft.take("call", "ended_at", "ended_at", "time")
    for slot in ("talk_s", "queue_s", "hold_s", "wrap_s"):
        column = draft.find(slot)
        if column and column.kind in ("whole", "number"):
            draft.put("call", slot, column)
            draft.doubt(f"`{column.name}`: is it in seconds? (`unit: minutes` if not)")
        elif column and all(":" in value for value in column.most_common[:5]):
            draft.put("call", slot, column, unit="clock")
    draft.translate("call", "outcome", draft.find("outcome", "text", "flag"), OUTCOME_WORDS)
    direction = draft.find("call_direction", "text")
    draft.translate("call", "direction", direction, DIRECTION_WORDS)
    if direction is None:
        draft.state("call", "direction", "in")
        draft.doubt("no column tells the direction of a call; all are taken as incoming")
    for slot, role in (("ticket", "ticket"), ("agent", "assignee"), ("queue", "team"), ("person", "requester")):
        draft.take("call", slot, role)
    draft.take("call", "is_transferred", "transferred", "flag")
    return True


def propose_policies(draft: Draft) -> bool:
    """One row a target of an SLA policy."""
    policy, metric, target = draft.find("policy"), draft.find("metric", "text"), draft.find("target", "whole", "number")
    if policy is None or metric is None or target is None:
        return False
    draft.put("sla_policy", "policy", policy)
    priority, changed = (
        draft.find("priority"),
        draft.find("updated_at", "time") or _named(draft, "sla policy updated at"),
    )
    names: list[Plain] = [column.name for column in (policy, metric, priority) if column]
    draft.part("sla_policy").columns["id"] = {"join": names, "joined_by": ":"}
    draft.put("sla_policy", "revision", changed)
    draft.translate("sla_policy", "kind", metric, SLA_WORDS)
    draft.take("sla_policy", "priority", "priority")
    draft.put("sla_policy", "target_s", target, unit="minutes")
    draft.doubt(f"`{target.name}`: is it in minutes?")
    hours = draft.find("business_hours", "flag")
    if hours:
        values: dict[str, Plain] = {w: "business" if w.lower() in _YES else "calendar" for w in hours.most_common}
        draft.put("sla_policy", "clock", hours, values=values)
    else:
        draft.state("sla_policy", "clock", "business")
        draft.doubt("no column tells whether targets run in business hours; they are taken to")
    return True


def _named(draft: Draft, words: str) -> Profile | None:
    return next((column for column in draft.profiles.columns if column.words == words), None)


def propose_customers(draft: Draft, now: datetime) -> bool:
    """One row a customer, with plan and price, and with dates or with a tenure and a flag."""
    names = ("account", "requester", "name")
    who = next(
        (c for role in names if (c := draft.find(role)) and c.distinct_n == c.filled == draft.profiles.rows), None
    )
    tenure, churn = draft.find("tenure", "whole", "number"), draft.find("churn", "flag")
    joined = draft.find("joined_at", "time")
    pays = draft.has("mrr", "whole", "number") or draft.has("plan", "text")
    if who is None or not ((tenure and churn) or (joined and (pays or draft.has("left_at", "time")))):
        return False
    draft.put("customer", "account", who, **({"hashed": True} if who.kind == "email" else {}))
    if joined:
        draft.put("customer", "joined_at", joined)
        draft.take("customer", "left_at", "left_at", "time")
        draft.take("customer", "reason", "leave_reason", "text")
    elif tenure and churn:
        _by_age(draft, tenure, churn, now)
    draft.take("customer", "plan", "plan", "text")
    if draft.take("customer", "mrr", "mrr", "whole", "number"):
        _currency(draft, "customer")
    for slot in ("segment", "country", "language"):
        draft.take("customer", slot, slot, "text")
    return True


def _currency(draft: Draft, table: str) -> None:
    if not draft.take(table, "currency", "currency", "text"):
        draft.state(table, "currency", "USD")
        draft.doubt("no column tells the currency; USD is taken (`currency:`)")


def _by_age(draft: Draft, tenure: Profile, churn: Profile, now: datetime) -> None:
    """Without dates: joined so many months before the day of the list, left on that day."""
    day = now.date().isoformat()
    yes: list[Plain] = [word for word in churn.most_common if word.lower() in _YES]
    draft.used |= {tenure.name, churn.name}
    columns = draft.part("customer").columns
    columns["joined_at"] = {"age": {"months": tenure.name, "before": day, "at_least": 0.5}}
    columns["left_at"] = {"constant": day, "when": {churn.name: yes}}
    draft.doubt(f"no column holds a date: on which day was the list made? {day} is taken (`before`, `left_at`)")
    draft.doubt(f"`{tenure.name}`: is it in months? (`days` or `years` instead of `months` if not)")


def propose_orders(draft: Draft) -> bool:
    """One row a paid order."""
    amount, paid = draft.find("amount", "whole", "number"), draft.find("paid_at", "time")
    looks = draft.has("order") or "order" in draft.file_words or "payment" in draft.file_words
    if amount is None or paid is None or not looks or draft.has("subject"):
        return False
    draft.take("order", "id", "order")
    draft.put("order", "paid_at", paid)
    draft.put("order", "amount", amount)
    draft.take("order", "cost", "cost", "whole", "number")
    _currency(draft, "order")
    draft.translate("order", "kind", draft.find("order_kind", "text"), ORDER_WORDS)
    for slot, role in (("account", "account"), ("person", "requester"), ("agent", "assignee"), ("ticket", "ticket")):
        draft.take("order", slot, role)
    return True


def propose_knowledge(draft: Draft) -> bool:
    """Articles, or what happened to them."""
    article, what, at = draft.find("article"), draft.find("event", "text"), draft.find("at", "time")
    if what and at and (article or draft.has("query") or draft.has("session")) and not draft.has("ticket"):
        if not any(meaning(word, KB_WORDS) for word in what.most_common[:40]):
            return False
        draft.put("kb_event", "at", at)
        draft.translate("kb_event", "kind", what, KB_WORDS)
        draft.put("kb_event", "item", article)
        for slot, role in (
            ("session", "session"),
            ("person", "requester"),
            ("words", "query"),
            ("is_helpful", "helpful"),
        ):
            draft.take("kb_event", slot, role)
        return True
    if article and article.is_unique and (draft.has("subject") or draft.has("category")):
        draft.put("kb_item", "id", article)
        draft.take("kb_item", "title", "subject", "text")
        draft.take("kb_item", "category", "category")
        return True
    return False


def propose_people(draft: Draft) -> bool:
    """One row a person."""
    ids = [c for c in draft.profiles.columns if c.words in ("id", "user id", "agent id", "person id") and c.is_unique]
    email, role = draft.find("email", "email", "text"), draft.find("role", "text")
    if not ids or email is None or (role is None and not draft.has("name")):
        return False
    draft.put("person", "id", ids[0])
    draft.put("person", "email", email)
    draft.take("person", "name", "name")
    if role and few_values(role, max(draft.profiles.rows, 100)):
        draft.translate("person", "role", role, ROLE_WORDS)
    draft.take("person", "account", "account")
    draft.take("person", "language", "language", "text")
    draft.take("person", "country", "country", "text")
    draft.take("person", "revision", "updated_at", "time")
    return True


def propose_calendar(draft: Draft) -> bool:
    """Schedules, whose hours no two helpdesks write alike, and holidays."""
    own = [column for column in draft.profiles.columns if column.words == "id"]
    zone, name = draft.find("zone", "text"), draft.find("name", "text")
    starts = [c for c in draft.profiles.columns if c.words == "start date" and c.kind == "time"]
    ends = [c for c in draft.profiles.columns if c.words == "end date" and c.kind == "time"]
    if draft.has("schedule") and starts and name:
        draft.put("holiday", "id", own[0] if own else None)
        draft.take("holiday", "schedule", "schedule")
        draft.put("holiday", "name", name)
        draft.put("holiday", "first_date", starts[0])
        draft.put("holiday", "last_date", ends[0] if ends else None)
        return True
    if "schedule" not in draft.file_words or not own or zone is None:
        return False
    draft.put("schedule", "id", own[0])
    draft.put("schedule", "name", name)
    known: dict[str, Plain] = {word: _RAILS_ZONES[word] for word in zone.most_common if word in _RAILS_ZONES}
    draft.put("schedule", "zone", zone, **({"values": known} if known else {}))
    strange = [word for word in zone.most_common if word not in known and "/" not in word]
    if strange:
        draft.doubt(f"`{zone.name}`: which IANA zones are {listed(strange)}?")
    draft.doubt("the weekly hours are not read from this file; write them under `schedules:` (`Mon-Fri 08:00-18:00`)")
    return True


def propose_groups(draft: Draft) -> bool:
    """Teams and accounts: an id, a name, and a file that says which of the two it is."""
    own = [c for c in draft.profiles.columns if c.words in ("id", "group id", "team id", "account id") and c.is_unique]
    name = draft.find("name", "text")
    words = set(draft.file_words.split())
    table = "team" if words & {"group", "groups", "team", "teams"} else ""
    if words & {"organization", "organizations", "account", "accounts", "company", "companies"}:
        table = "account"
    if not own or name is None or not table:
        return False
    draft.put(table, "id", own[0])
    draft.put(table, "name", name)
    draft.take(table, "revision", "updated_at", "time")
    if table == "account":
        draft.take("account", "segment", "segment", "text")
        draft.take("account", "country", "country", "text")
    return True
