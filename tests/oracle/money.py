"""Section 9, money: recurring revenue, lifetime value, orders."""

from collections.abc import Callable, Iterator
from datetime import datetime

from oracle.asked import Ask
from oracle.business import micros
from oracle.customer_book import Book, is_paid_order
from oracle.customers import MONTH_S, at_start, customer_rec, order_recs
from oracle.desk import Desk
from oracle.numbers_of import SECOND, count, share
from oracle.records import Cell, Outcome, Parts, Rec, Window, cell
from oracle.rows import Row
from oracle.surveys import one_only

Metric = Callable[[Desk, Window, Ask], Outcome]
UNIT = 1_000_000


def in_one_currency(desk: Desk, aggregate: Callable[[Parts], Cell]) -> Callable[[Parts], Cell]:
    """Rule 12: money is never summed across currencies without a rate table."""
    return aggregate if desk.settings.rates else one_only("currency", aggregate)


def money(desk: Desk, amount_micros: int, currency: str | None) -> float:
    """Micros of the currency, of the desk's where there are rates."""
    return amount_micros * desk.settings.rates.get(currency or "", 1)


def mrr(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Monthly recurring revenue at the end; by plan each subscription's own (ruling 55)."""
    recs = []
    for book in desk.books:
        for customer in sorted(book.subs):
            for sub in book.open_subs(customer, window.stock_at, window.inclusive):
                if sub.get("mrr_micros") is not None:
                    rec = customer_rec(book, customer, window.stock_at, sub.get("plan"))
                    rec.more["currency"] = sub.get("currency")
                    rec.value = money(desk, sub["mrr_micros"], sub.get("currency"))
                    recs.append(rec)

    def total(parts: Parts) -> Cell:
        n = len(parts["rows"])
        return cell(sum(rec.value for rec in parts["rows"]) / UNIT if n else None, n)

    def guarded(parts: Parts) -> Cell:
        """A subscription at 0 adds nothing to any currency."""
        paid = {"rows": [rec for rec in parts["rows"] if rec.value]}
        mixed = in_one_currency(desk, lambda _: cell(0, 0))(paid)["value"] is None
        return cell(None, len(parts["rows"])) if mixed else total(parts)

    return Outcome({"rows": recs}, guarded, every_bucket=True, is_filed=False)


def _paying(desk: Desk, window: Window) -> list[Rec]:
    """A row per customer with MRR > 0 at the end and currency."""
    recs = []
    for book in desk.books:
        for customer in sorted(book.subs):
            plan = book.plan(customer, window.stock_at, window.inclusive)
            for currency, amount in sorted(book.mrr(customer, window.stock_at, window.inclusive).items()):
                rec = customer_rec(book, customer, window.stock_at, plan)
                rec.value = money(desk, amount, currency)
                rec.more["currency"] = currency or None
                recs.append(rec)
    return recs


def _mean_revenue(recs: list[Rec]) -> Cell:
    total, n = sum(rec.value for rec in recs) / UNIT, len({rec.key for rec in recs})
    return cell(total / n if n else None, n, total, n)


def arpa(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """MRR per paying account."""
    aggregate = in_one_currency(desk, lambda parts: _mean_revenue(parts["rows"]))
    return Outcome({"rows": _paying(desk, window)}, aggregate, every_bucket=True, is_filed=False)


def _movements(desk: Desk, window: Window) -> list[Rec]:
    """A row per customer of the base and currency; `value` = (start, kept, grown) in micros.

    Base: customers of the start with MRR > 0. Ruling 55: of a kept customer that changed currency nothing moves.
    """
    recs = []
    for book, whole in at_start(desk, window):
        customer = whole.more["customer"]
        before = book.mrr(customer, window.start, False)
        if not before:
            continue
        is_kept = customer in book.at(window.stock_at, window.inclusive)
        after = book.mrr(customer, window.stock_at, window.inclusive) if is_kept else {}
        if is_kept and set(before) - set(after) and set(after) - set(before):
            after = before
        for currency in sorted({*before, *after}):
            rec = customer_rec(book, customer, window.start, whole.more["plan"])
            start, end = (money(desk, side.get(currency, 0), currency) for side in (before, after))
            rec.value = (start, min(start, end), max(end - start, 0), is_kept)
            rec.more["currency"] = currency or None
            recs.append(rec)
    return recs


def _movement(top: Callable[[tuple[float, float, float, bool]], float]) -> Metric:
    def metric(desk: Desk, window: Window, ask: Ask) -> Outcome:
        def aggregate(parts: Parts) -> Cell:
            base = sum(rec.value[0] for rec in parts["rows"])
            moved = sum(top(rec.value) for rec in parts["rows"])
            n = len({rec.key for rec in parts["rows"]})
            return cell(moved / base if base else None, n, moved / UNIT, base / UNIT)

        rows = {"rows": _movements(desk, window)}
        return Outcome(rows, in_one_currency(desk, aggregate), every_bucket=True, is_filed=False)

    return metric


def _to_date(desk: Desk, window: Window) -> list[Rec]:
    """Orders and refunds before the stock's instant; `value` is (amount, cost), null where one is unknown."""
    recs = []
    for book, rec in order_recs(desk, refunds=True):
        order: Row = rec.value
        customer = book.order_customer(order)
        if customer is None and rec.ticket is not None:
            customer = book.world.customer(rec.ticket.account, rec.ticket.requester)
        rec.more["plan"] = book.plan(customer, window.stock_at, window.inclusive)
        known = order.get("cost_micros") is not None and order.get("amount_micros") is not None
        if window.before_end(rec.at):
            currency = order.get("currency")
            pair = (
                tuple(money(desk, order[c] or 0, currency) for c in ("amount_micros", "cost_micros")) if known else None
            )
            rec.value = pair
            recs.append(rec)
    return recs


def lifetime_value_historic(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """(Paid amounts - costs) to date / all customers ever joined, the same in every currency (ruling 58)."""
    joined = []
    for book in desk.books:
        for customer, spans in sorted(book.spans.items()):
            if any(window.before_end(span.joined) for span in spans):
                plan = book.plan(customer, window.stock_at, window.inclusive)
                joined.append(customer_rec(book, customer, window.stock_at, plan))

    def aggregate(parts: Parts) -> Cell:
        n, known = len(parts["den"]), [rec for rec in parts["num"] if rec.value]
        if len({rec.more["currency"] for rec in known if any(rec.value)}) > 1 and not desk.settings.rates:
            return cell(None, n)
        if parts["num"] and not known:
            return cell(None, n, None, n)  # there are orders, and nobody knows what they brought
        margin = sum(amount - cost for amount, cost in (rec.value for rec in known)) / UNIT
        return cell(margin / n if n else None, n, margin, n)

    broadcast = {"den": frozenset({"currency"})} if "currency" in ask.by else {}
    parts = {"num": _to_date(desk, window), "den": joined}
    return Outcome(parts, aggregate, every_bucket=True, broadcast=broadcast, is_filed=False)


def lifetime_value_predicted(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Ruling 45: ARPA x margin share / monthly churn rate; null at churn 0."""
    months = micros(window.stock_at - window.start) / SECOND / MONTH_S
    start = []
    for book, rec in at_start(desk, window):
        rec.value = rec.more["customer"] in book.at(window.stock_at, window.inclusive)
        start.append(rec)

    def aggregate(parts: Parts) -> Cell:
        n = len(parts["start"])
        payers = len({rec.key for rec in parts["paying"]})
        known = [rec for rec in parts["orders"] if rec.value]
        currencies = {rec.more["currency"] for rec in parts["paying"] + [rec for rec in known if any(rec.value)]}
        amount = sum(rec.value[0] for rec in known)
        cost = sum(rec.value[1] for rec in known)
        revenue = _mean_revenue(parts["paying"])["value"]
        lost = sum(1 for rec in parts["start"] if not rec.value)
        if (len(currencies) > 1 and not desk.settings.rates) or not (n and lost and amount and months > 0):
            return cell(None, payers)
        if revenue is None:
            return cell(None, payers)
        monthly = 1 - (1 - lost / n) ** (1 / months)
        return cell(revenue * (amount - cost) / amount / monthly, payers)

    broadcast = {"start": frozenset({"currency"})} if "currency" in ask.by else {}
    parts = {"paying": _paying(desk, window), "orders": _to_date(desk, window), "start": start}
    return Outcome(parts, aggregate, every_bucket=True, broadcast=broadcast, is_filed=False)


def rebuy_rate(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Customers with a second paid order by `as_of` / customers with one; renewals count in neither."""
    bought: dict[object, list[Rec]] = {}
    for _, rec in order_recs(desk):
        if rec.key is not None and rec.value.get("kind") != "renewal":
            bought.setdefault(rec.key, []).append(rec)
    firsts = []
    for recs in bought.values():
        first = min(recs, key=lambda rec: (rec.at, rec.value["id"]))
        first.more["bought_again"] = len(recs) > 1
        first.weight = 1
        firsts.append(first)
    return share(firsts, lambda rec: rec.more["bought_again"])


def _paying_of_period(desk: Desk, window: Window) -> Iterator[tuple[Book, str]]:
    """Ruling 43: MRR > 0 at any instant of the period, or a paid order in it."""
    for book in desk.books:
        found = {
            customer
            for customer, subs in book.subs.items()
            if any((sub.get("mrr_micros") or 0) > 0 and _runs(sub, window) for sub in subs)
        }
        for order in book.orders:
            customer = book.order_customer(order)
            if customer is not None and is_paid_order(order) and window.holds(order["paid_at"]):
                found.add(customer)
        yield from ((book, customer) for customer in sorted(found))


def _runs(sub: Row, window: Window) -> bool:
    end: datetime | None = sub.get("to_at")
    return sub["from_at"] < window.end and (end is None or end > window.start)


def _frequency(kind: str) -> Metric:
    def metric(desk: Desk, window: Window, ask: Ask) -> Outcome:
        recs = []
        for book, customer in _paying_of_period(desk, window):
            rec = customer_rec(book, customer, window.start, book.plan(customer, window.start, False))
            rec.value = any(
                order.get("kind") == kind
                and is_paid_order(order)
                and window.holds(order["paid_at"])
                and book.order_customer(order) == customer
                for order in book.orders
            )
            recs.append(rec)
        outcome = share(recs, lambda rec: rec.value)
        outcome.every_bucket, outcome.is_filed = True, False
        return outcome

    return metric


def _sold(kind: str) -> Metric:
    def metric(desk: Desk, window: Window, ask: Ask) -> Outcome:
        recs = [rec for _, rec in order_recs(desk) if rec.value.get("kind") == kind]
        return Outcome({"rows": recs}, count)

    return metric


def _sold_revenue(kind: str) -> Metric:
    """The money, refunds of the kind subtracted (ruling 63)."""

    def metric(desk: Desk, window: Window, ask: Ask) -> Outcome:
        recs = []
        for _, rec in order_recs(desk, refunds=True):
            if rec.value.get("kind") == kind and rec.value.get("amount_micros") is not None:
                rec.value = money(desk, rec.value["amount_micros"], rec.value.get("currency"))
                recs.append(rec)

        def total(parts: Parts) -> Cell:
            n = len(parts["rows"])
            return cell(sum(rec.value for rec in parts["rows"]) / UNIT if n else None, n)

        return Outcome({"rows": recs}, in_one_currency(desk, total))

    return metric


METRICS: dict[str, Metric] = {
    "mrr": mrr,
    "arpa": arpa,
    "revenue_churn": _movement(lambda move: 0 if move[3] else move[0]),
    "gross_retention": _movement(lambda move: move[1]),
    "net_retention": _movement(lambda move: move[1] + move[2]),
    "lifetime_value_historic": lifetime_value_historic,
    "lifetime_value_predicted": lifetime_value_predicted,
    "rebuy_rate": rebuy_rate,
    "upsell_frequency": _frequency("upsell"),
    "cross_sell_frequency": _frequency("cross_sell"),
    "upsells_per_agent": _sold("upsell"),
    "cross_sells_per_agent": _sold("cross_sell"),
    "upsells_per_agent_revenue": _sold_revenue("upsell"),
    "cross_sells_per_agent_revenue": _sold_revenue("cross_sell"),
}
