"""Section 9, customers: who came, stayed and left."""

from collections.abc import Callable, Iterator
from datetime import datetime

from oracle.asked import Ask
from oracle.business import micros
from oracle.customer_book import Book, Span, is_paid_order
from oracle.demand import at_creation
from oracle.desk import Desk
from oracle.dims import values
from oracle.numbers_of import SECOND, count, ratio, share, survival, survival_at
from oracle.records import Cell, Outcome, Parts, Rec, Window, cell

Metric = Callable[[Desk, Window, Ask], Outcome]
MONTH_S = 30.4375 * 86400


class CannotSplit(Exception):
    """The metric has no meaning for these dimensions."""


def customer_rec(book: Book, customer: str, at: datetime, plan: str | None) -> Rec:
    """A row for one customer."""
    rec = Rec(book.world, at, key=(book.world.source, customer))
    if customer in book.world.people.persons:
        rec.person = customer
    else:
        rec.account = customer
    rec.more.update({"plan": plan, "customer": customer})
    return rec


def at_start(desk: Desk, window: Window) -> Iterator[tuple[Book, Rec]]:
    """Customers just before `from`, on their plan then."""
    for book in desk.books:
        for customer in sorted(book.at(window.start, False)):
            plan = book.plan(customer, window.start, False)
            yield book, customer_rec(book, customer, window.start, plan)


def at_end(desk: Desk, window: Window) -> Iterator[tuple[Book, Rec]]:
    """Customers at the stock's instant, on their plan then."""
    for book in desk.books:
        for customer in sorted(book.at(window.stock_at, window.inclusive)):
            plan = book.plan(customer, window.stock_at, window.inclusive)
            yield book, customer_rec(book, customer, window.stock_at, plan)


def _stock(recs: list[Rec]) -> Outcome:
    return Outcome({"rows": recs}, count, every_bucket=True, is_filed=False)


def customers_start(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Customers just before the period."""
    return _stock([rec for _, rec in at_start(desk, window)])


def customers_end(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Customers at its end."""
    return _stock([rec for _, rec in at_end(desk, window)])


def _joinings(desk: Desk, keep: Callable[[Span], bool] = lambda span: True) -> list[Rec]:
    return [
        customer_rec(book, span.customer, span.joined, book.plan(span.customer, span.joined, True))
        for book in desk.books
        for span in book.all_spans
        if keep(span)
    ]


def _leavings(desk: Desk) -> list[Rec]:
    recs = []
    for book in desk.books:
        for span in book.all_spans:
            if span.left is not None:
                rec = customer_rec(book, span.customer, span.left, book.plan(span.customer, span.left, False))
                rec.more["churn_reason"] = span.reason or "(none given)"
                recs.append(rec)
    return recs


def customers_new(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Joinings; someone who returns is counted."""
    return Outcome({"rows": _joinings(desk)}, count)


def customers_lost(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Leavings; also the rows of `churn_reasons`."""
    return Outcome({"rows": _leavings(desk)}, count)


def customers_won_back(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """An earlier span had ended, or the source says so."""
    return Outcome({"rows": _joinings(desk, lambda span: not span.is_first or span.says_won_back)}, count)


def _plan_changes(desk: Desk, side: int) -> Outcome:
    recs = []
    for book in desk.books:
        for span in book.all_spans:
            edges = {s[column] for s in book.subs.get(span.customer, []) for column in ("from_at", "to_at")}
            for at in sorted(edge for edge in edges if edge is not None):
                if span.joined < at and (span.left is None or at < span.left):
                    plans = book.plan(span.customer, at, False), book.plan(span.customer, at, True)
                    if plans[0] != plans[1]:
                        recs.append(customer_rec(book, span.customer, at, plans[side]))
    return Outcome({"rows": recs}, count)


def customers_moved_in(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Plan changes of customers, under the plan they came to."""
    return _plan_changes(desk, 1)


def customers_moved_out(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Plan changes of customers, under the plan they left."""
    return _plan_changes(desk, 0)


def retention_rate(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """(end - new) / start."""
    if "plan" in ask.by:
        raise CannotSplit("retention_rate is not split by plan")
    new = [rec for rec in _joinings(desk) if window.holds(rec.at)]
    parts = {"den": [r for _, r in at_start(desk, window)], "end": [r for _, r in at_end(desk, window)], "new": new}

    def aggregate(groups: Parts) -> Cell:
        top, bottom = len(groups["end"]) - len(groups["new"]), len(groups["den"])
        return cell(top / bottom if bottom else None, bottom, top, bottom)

    return Outcome(parts, aggregate, every_bucket=True, is_filed=False)


def _of_the_start(desk: Desk, window: Window) -> list[Rec]:
    recs = []
    for book, rec in at_start(desk, window):
        rec.value = rec.more["customer"] in book.at(window.stock_at, window.inclusive)
        recs.append(rec)
    return recs


def _period_share(recs: list[Rec], hit: Callable[[Rec], bool]) -> Outcome:
    outcome = share(recs, hit)
    outcome.every_bucket, outcome.is_filed = True, False
    return outcome


def retention_rate_cohort(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Customers of the start who are there at the end / customers of the start."""
    return _period_share(_of_the_start(desk, window), lambda rec: rec.value)


def churn_rate(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Customers of the start who left and were not back at its end / customers of the start."""
    return _period_share(_of_the_start(desk, window), lambda rec: not rec.value)


def churned_customers(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """The count, evaluated on the whole period."""
    return _stock([rec for rec in _of_the_start(desk, window) if not rec.value])


def customer_survival_km(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Ruling 46: share still customers after options.months (12) months of 30.4375 d; each span is a subject."""
    at_s = float(ask.options.get("months", 12)) * MONTH_S
    recs = []
    for book in desk.books:
        for span in book.all_spans:
            rec = customer_rec(book, span.customer, span.joined, book.plan(span.customer, span.joined, True))
            rec.value = (micros((span.left or desk.as_of) - span.joined) // SECOND, span.left is not None)
            recs.append(rec)

    def aggregate(parts: Parts) -> Cell:
        subjects = [rec.value for rec in parts["rows"]]
        if not subjects:
            return cell(None, 0)
        steps = survival(subjects)
        is_over = bool(steps) and steps[-1][1] == 0
        known = at_s <= max(length for length, _ in subjects) or is_over
        ended = sum(1 for _, happened in subjects if happened)
        return cell(survival_at(subjects, at_s) if known else None, len(subjects), ended, len(subjects))

    return Outcome({"rows": recs}, aggregate)


def _active_recs(desk: Desk, window: Window) -> list[tuple[Book, str, Rec]]:
    return [
        (book, customer, customer_rec(book, customer, window.start, book.plan(customer, window.start, False)))
        for book in desk.books
        for customer in sorted(book.active(window.start, window.end, desk.as_of))
    ]


CUSTOMER_DIMS = (
    "source",
    "account",
    "account_segment",
    "acquisition_channel",
    "plan",
    "value_band",
    "country",
    "language",
)


def _tickets_of_active(desk: Desk, window: Window, ask: Ask, top: Callable[[list[Rec]], int]) -> Outcome:
    """`top` of the tickets that active customers opened in the period / active customers.

    What splits tickets alone (channel, reason ...) splits the numerator alone.
    """
    active = _active_recs(desk, window)
    num = []
    for book, customer, who in active:
        for ticket in book.world.tickets:
            owner = book.world.customer(ticket.row.get("account"), ticket.requester)
            if owner == customer and window.holds(ticket.created_at):
                rec = at_creation(ticket)
                rec.key = who.key
                whose = {name: values(desk, ask, who, name) for name in CUSTOMER_DIMS}
                rec.more.update({name: None if found == ["(none)"] else found for name, found in whose.items()})
                num.append(rec)

    # tickets of others make no number, but a row: they are shown beside it
    mine = {(book.world.source, customer) for book, customer, _ in active}
    books = {book.world.source: book for book in desk.books}
    others = []
    for world in desk.worlds:
        for ticket in world.tickets:
            owner = world.customer(ticket.row.get("account"), ticket.requester)
            if (world.source, owner) not in mine and window.holds(ticket.created_at):
                rec = at_creation(ticket)
                if owner is not None:
                    plan = books[world.source].plan(owner, window.start, False)
                    who = customer_rec(books[world.source], owner, window.start, plan)
                    whose = {name: values(desk, ask, who, name) for name in CUSTOMER_DIMS}
                    rec.more.update({name: None if found == ["(none)"] else found for name, found in whose.items()})
                others.append(rec)

    def aggregate(groups: Parts) -> Cell:
        hits, n = top(groups["num"]), len(groups["den"])
        return cell(hits / n if n else None, n, hits, n)

    unsplit = frozenset(ask.by) - set(CUSTOMER_DIMS)
    broadcast = {"den": unsplit} if unsplit else {}
    parts = {"num": num, "den": [rec for _, _, rec in active], "others": others}
    return Outcome(parts, aggregate, every_bucket=True, broadcast=broadcast, is_filed=False)


def contact_rate_customers(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Active customers with at least one ticket created in the period / active customers."""
    return _tickets_of_active(desk, window, ask, lambda recs: len({rec.key for rec in recs}))


def tickets_per_customer(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Tickets of active customers created in the period / active customers."""
    return _tickets_of_active(desk, window, ask, len)


def contact_rate_orders_gross(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Tickets created / paid orders of the period."""
    orders = [rec for _, rec in order_recs(desk)]
    return Outcome({"num": [at_creation(ticket) for ticket in desk.tickets], "den": orders}, ratio)


def order_recs(desk: Desk, refunds: bool = False) -> list[tuple[Book, Rec]]:
    """A row for each paid order (with `refunds`: and each refund); `value` is the order."""
    out = []
    for book in desk.books:
        for order in book.orders:
            if refunds or is_paid_order(order):
                rec = Rec(book.world, order["paid_at"], value=order, person=order.get("person"))
                customer = book.order_customer(order)
                rec.account = order.get("account") or book.world.people.account(order.get("person"))
                rec.agent = order.get("agent")
                ticket = book.world.by_id.get(book.world.home.get(order.get("ticket") or "", ""))
                rec.ticket = ticket
                if ticket is None:
                    rec.team, rec.channel = book.world.people.team(rec.agent, rec.at), None
                else:
                    rec.state = ticket.state_then(rec.at)
                rec.key = customer and (book.world.source, customer)
                rec.more["currency"] = order.get("currency")
                out.append((book, rec))
    return out


def contact_rate_orders_net(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Paid orders to which a ticket links, whenever created, by `as_of` / paid orders."""
    recs = []
    for book, rec in order_recs(desk):
        rec.weight = 1
        linked = {ticket.row.get("order") for ticket in book.world.tickets}
        rec.more["has_ticket"] = rec.value["id"] in linked
        recs.append(rec)
    return share(recs, lambda rec: rec.more["has_ticket"])


def referred_share(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Ruling 38: new customers who came by a referral / new customers; it explains the first joining after it."""
    recs = []
    for book in desk.books:
        explained = set()
        for row in book.world.tables["referral"]:
            referred = row.get("referred")
            customer = book.world.people.account(referred) or referred
            later = [s.joined for s in book.spans.get(customer or "", []) if s.joined >= row["made_at"]]
            if later:
                explained.add((customer, min(later)))
        for span in book.all_spans:
            rec = customer_rec(book, span.customer, span.joined, book.plan(span.customer, span.joined, True))
            rec.value = (span.customer, span.joined) in explained
            recs.append(rec)
    return share(recs, lambda rec: rec.value)


METRICS: dict[str, Metric] = {
    "customers_start": customers_start,
    "customers_end": customers_end,
    "customers_new": customers_new,
    "customers_lost": customers_lost,
    "customers_won_back": customers_won_back,
    "customers_moved_in": customers_moved_in,
    "customers_moved_out": customers_moved_out,
    "retention_rate": retention_rate,
    "retention_rate_cohort": retention_rate_cohort,
    "churn_rate": churn_rate,
    "churned_customers": churned_customers,
    "churn_reasons": customers_lost,
    "customer_survival_km": customer_survival_km,
    "contact_rate_customers": contact_rate_customers,
    "tickets_per_customer": tickets_per_customer,
    "contact_rate_orders_gross": contact_rate_orders_gross,
    "contact_rate_orders_net": contact_rate_orders_net,
    "referred_share": referred_share,
}
