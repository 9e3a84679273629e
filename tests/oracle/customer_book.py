"""Who was a customer when, on which plan, at what revenue."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from oracle.rows import Row


@dataclass
class Span:
    """A stretch of being a customer; spans that overlap or touch are one (ruling 40)."""

    customer: str
    joined: datetime
    left: datetime | None
    reason: str | None
    says_won_back: bool
    is_first: bool = True
    giver: str = ""  # id of the row that gave the reason


def holds(start: datetime, end: datetime | None, at: datetime, inclusive: bool) -> bool:
    """Whether [start, end) holds at `at` (inclusive), or just before it."""
    if inclusive:
        return start <= at and (end is None or at < end)
    return start < at and (end is None or at <= end)


class Book:
    """The customers of one source."""

    def __init__(self, world: Any, by_subscription: bool) -> None:
        self.world = world
        self.subs = _by_customer(world, [s for s in world.tables["subscription_span"] if _lasts(s, "from_at", "to_at")])
        self.orders = [row for row in world.tables["order"] if row.get("paid_at") is not None]
        own = _by_customer(world, [s for s in world.tables["customer_span"] if _lasts(s, "joined_at", "left_at")])
        self.spans: dict[str, list[Span]] = {}
        for customer, rows in (self.subs if by_subscription else own).items():
            columns = ("from_at", "to_at") if by_subscription else ("joined_at", "left_at")
            self.spans[customer] = _united(customer, rows, *columns)

    @property
    def all_spans(self) -> list[Span]:
        """Every span."""
        return [span for spans in self.spans.values() for span in spans]

    def at(self, moment: datetime, inclusive: bool) -> set[str]:
        """Customers at an instant, or just before it."""
        return {s.customer for s in self.all_spans if holds(s.joined, s.left, moment, inclusive)}

    def active(self, start: datetime, end: datetime, as_of: datetime) -> set[str]:
        """Customers at any instant of [start, end), as known at `as_of`; who left at exactly `start` is not (54)."""
        return {
            s.customer
            for s in self.all_spans
            if s.joined < end and s.joined <= as_of and (s.left is None or s.left > start)
        }

    def open_subs(self, customer: str, moment: datetime, inclusive: bool) -> list[Row]:
        """Subscriptions that run at an instant, or just before it."""
        subs = self.subs.get(customer, [])
        return [s for s in subs if holds(s["from_at"], s.get("to_at"), moment, inclusive)]

    def mrr(self, customer: str, moment: datetime, inclusive: bool) -> dict[str, int]:
        """Currency -> micros, of those above 0."""
        out: dict[str, int] = {}
        for sub in self.open_subs(customer, moment, inclusive):
            if sub.get("mrr_micros"):
                currency = sub.get("currency") or ""
                out[currency] = out.get(currency, 0) + sub["mrr_micros"]
        return {currency: micros for currency, micros in out.items() if micros > 0}

    def plan(self, customer: str | None, moment: datetime, inclusive: bool) -> str | None:
        """Ruling 55: the plan with the largest MRR; ties: begun first, then id."""
        subs = self.open_subs(customer or "", moment, inclusive)
        if not subs:
            return None
        best = min(subs, key=lambda s: (-(s.get("mrr_micros") or 0), s["from_at"], s["id"]))
        plan: str | None = best.get("plan")
        return plan

    def order_customer(self, order: Row) -> str | None:
        """Ruling 39."""
        customer: str | None = self.world.customer(order.get("account"), order.get("person"))
        return customer


def is_paid_order(order: Row) -> bool:
    """Ruling 43: a refund (a negative amount) is no order."""
    return (order.get("amount_micros") or 0) >= 0


def _lasts(row: Row, start: str, end: str) -> bool:
    return row.get(end) is None or row[end] > row[start]


def _by_customer(world: Any, rows: list[Row]) -> dict[str, list[Row]]:
    out: dict[str, list[Row]] = {}
    for row in rows:
        customer = world.customer(row.get("account"), row.get("person"))
        if customer is not None:
            out.setdefault(customer, []).append(row)
    return out


def _united(customer: str, rows: list[Row], start: str, end: str) -> list[Span]:
    spans: list[Span] = []
    for row in sorted(rows, key=lambda row: (row[start], row["id"])):
        last = spans[-1] if spans else None
        if last is not None and row[start] == last.joined:
            last.says_won_back = last.says_won_back or bool(row.get("is_won_back"))
        if last is not None and (last.left is None or row[start] <= last.left):
            if last.left is not None and row.get(end) == last.left:
                # of those that end last, the greatest id that gives a reason
                giver = max((last.giver, row["id"]) if row.get("reason") else (last.giver,))
                last.reason, last.giver = (row["reason"], giver) if giver == row["id"] else (last.reason, last.giver)
            elif last.left is not None and (row.get(end) is None or row[end] > last.left):
                last.left, last.reason, last.giver = row.get(end), row.get("reason"), _giver(row)
            continue
        span = Span(customer, row[start], row.get(end), row.get("reason"), bool(row.get("is_won_back")), not spans)
        span.giver = _giver(row)
        spans.append(span)
    return spans


def _giver(row: Row) -> str:
    return str(row["id"]) if row.get("reason") else ""
