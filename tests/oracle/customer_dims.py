"""Dimensions of the customer behind a row: account attributes, plan, value band."""

from datetime import datetime
from typing import Any

from oracle.asked import Ask
from oracle.customer_book import Book
from oracle.desk import Desk
from oracle.numbers_of import percentile
from oracle.records import Rec

CUSTOMER = ("account_segment", "acquisition_channel", "country", "language", "plan", "value_band")


def account_of(rec: Rec) -> str | None:
    """The row's own account, else its person's; of a row that names neither its ticket's (ruling 39)."""
    if rec.account is not None:
        return rec.account
    if rec.person is not None or rec.ticket is None:
        return rec.world.people.account(rec.person)
    return rec.ticket.account


def _person_of(rec: Rec) -> str | None:
    return rec.person or (rec.ticket.requester if rec.ticket else None)


def customer_value(desk: Desk, ask: Ask, rec: Rec, dimension: str) -> Any:
    """Account attributes as known at `as_of`; the plan at the basis instant (ruling 47)."""
    account = desk.row("account", rec.world, account_of(rec))
    if dimension == "account_segment":
        return account.get("segment")
    if dimension == "acquisition_channel":
        return account.get("acquisition_channel")
    if dimension in ("country", "language"):
        return desk.row("person", rec.world, _person_of(rec)).get(dimension) or account.get(dimension)
    book = next(book for book in desk.books if book.world is rec.world)
    customer = rec.world.customer(account_of(rec), _person_of(rec))
    if dimension == "plan":
        return book.plan(customer, rec.at, not rec.is_just_before)
    return value_bands(desk, ask.start).get((rec.world.source, customer or ""))


def value_bands(desk: Desk, start: datetime) -> dict[tuple[str, str], str]:
    """Ruling 61: quartiles of the customers of the start, per currency; on a cut: the lower band."""
    held: dict[datetime, dict[tuple[str, str], str]] = desk.bands
    if start not in held:
        values: dict[str, dict[tuple[str, str], int]] = {}
        for book in desk.books:
            for customer in book.at(start, False):
                worth = _worth(book, customer, start)
                if worth is not None:
                    values.setdefault(worth[0], {})[book.world.source, customer] = worth[1]
        held[start] = {key: band for group in values.values() for key, band in _banded(group).items()}
    return held[start]


def _banded(group: dict[tuple[str, str], int]) -> dict[tuple[str, str], str]:
    cuts = [percentile(list(group.values()), q) for q in (0.25, 0.5, 0.75)]
    return {key: f"Q{1 + sum(1 for cut in cuts if value > cut)}" for key, value in group.items()}


def _worth(book: Book, customer: str, start: datetime) -> tuple[str, int] | None:
    """(currency, micros): MRR at the start, else margin to date; in several currencies the largest one's."""
    running = book.mrr(customer, start, False)
    if not running:
        running = {}
        for order in book.orders:
            known = order.get("cost_micros") is not None and order.get("amount_micros") is not None
            if known and order["paid_at"] < start and book.order_customer(order) == customer:
                currency = order.get("currency") or ""
                running[currency] = running.get(currency, 0) + order["amount_micros"] - order["cost_micros"]
    if not running:
        return None
    return max(running.items(), key=lambda pair: (pair[1], pair[0]))
