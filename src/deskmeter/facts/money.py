"""What customers pay: subscriptions, the plan of each customer over time, and orders."""

from __future__ import annotations

from collections.abc import Mapping

from deskmeter.engines.expressions import ibis
from deskmeter.facts.attribution import with_customer, with_home_ticket, with_ticket_state
from deskmeter.facts.people import with_label
from deskmeter.facts.places import with_customer_kind, with_whereabouts
from deskmeter.facts.tables import FAR_FUTURE, Tables, key, known_or


def subscriptions(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_subscription`: one row a stretch of one plan at one price, under its customer."""
    rows = with_customer(t.canonical("subscription_span"), t, "person", "account")
    rows = rows.filter(known_or(rows.to_at > rows.from_at, ibis.literal(True)))
    named = t["customer"].select(_customer="customer", country="country", language="language")
    rows = rows.left_join(named, [("customer", "_customer")])
    return {
        "f_subscription": rows.select(
            "source", "customer", "account", "country", "language", "plan", "mrr_micros", "currency", "renewal_date",
            subscription="id", from_us="from_at", to_us="to_at",
        )
    }  # fmt: skip


def plan_spans(t: Tables) -> Mapping[str, ibis.Table]:
    """`plan_span`: which plan a customer was on, one row a stretch; stretches of one customer never overlap.

    Of several subscriptions the one with the largest MRR counts (ties: begun first, then id; ruling 55), compared in
    the base currency where the desk has a table of rates.

    | subscription | MRR | from | to |       | plan | from | to |
    | basic        |  10 | Jan  | -  |  ->   | basic| Jan  | Mar|
    | pro          |  50 | Mar  | Apr|       | pro  | Mar  | Apr|
    |              |     |      |    |       | basic| Apr  | -  |
    """
    rows = t["f_subscription"]
    rows = rows.filter(rows.customer.notnull()).mutate(_end=known_or(rows.to_us, ibis.literal(FAR_FUTURE)))
    rows = rows.mutate(_worth=_in_base(known_or(rows.mrr_micros, ibis.literal(0)), rows.currency, t))
    edges = rows.select("customer", edge_us="from_us").union(rows.select("customer", edge_us="_end")).distinct()
    in_order = ibis.window(group_by="customer", order_by="edge_us")
    pieces = edges.mutate(until_us=edges.edge_us.lead().over(in_order)).filter(lambda p: p.until_us.notnull())
    open_then = rows.select(
        "subscription", "plan", "from_us", "_worth", _customer="customer", _end="_end", _source="source"
    )
    hits = pieces.join(
        open_then,
        [
            pieces.customer == open_then._customer,
            open_then.from_us <= pieces.edge_us,
            open_then._end > pieces.edge_us,
        ],
    )
    best = ibis.window(group_by=["customer", "edge_us"], order_by=[ibis.desc("_worth"), "from_us", "subscription"])
    hits = hits.mutate(_nth=ibis.row_number().over(best)).filter(lambda h: h._nth == 0)
    return {
        "plan_span": _joined_up(hits.select("customer", "plan", source="_source", from_us="edge_us", to_us="until_us"))
    }


def _in_base(amount: ibis.Value, currency: ibis.Value, t: Tables) -> ibis.Value:
    rates = t.settings.rates
    if not rates:
        return amount.cast("float64")
    factor = ibis.cases(*((currency == name, ibis.literal(rate)) for name, rate in rates), else_=ibis.literal(1.0))
    return amount * factor


def _joined_up(pieces: ibis.Table) -> ibis.Table:
    """Neighbouring pieces of one plan made one."""
    name = known_or(pieces.plan, ibis.literal(""))
    in_order = {"group_by": "customer", "order_by": "from_us"}
    before = ibis.window(**in_order)
    goes_on = (pieces.to_us.lag().over(before) == pieces.from_us) & (name.lag().over(before) == name)
    pieces = pieces.mutate(_begins=known_or(~goes_on, ibis.literal(True)).cast("int64"))
    pieces = pieces.mutate(_nth=pieces._begins.sum().over(ibis.window(**in_order, following=0)))
    whole = pieces.group_by("customer", "_nth").aggregate(
        source=pieces.source.min(), plan=pieces.plan.max(), from_us=pieces.from_us.min(), _end=pieces.to_us.max()
    )
    return whole.select(
        "source", "customer", "plan", "from_us",
        to_us=(whole._end < FAR_FUTURE).ifelse(whole._end, ibis.null("int64")),
    )  # fmt: skip


def plan_moves(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_plan_move`: changes of plan of someone who was a customer before and after: plan_before, plan, at_us.

    No subscription at all is the plan null.
    """
    spans, stays = t["plan_span"], t["f_customer_span"]
    begun = spans.select("customer", at_us="from_us")
    ended = spans.filter(spans.to_us.notnull()).select("customer", at_us="to_us")
    at = begun.union(ended).distinct()
    stays = stays.select("source", "account", "country", "language", _customer="customer", _from="from_us", _to="to_us")
    at = at.join(
        stays, [at.customer == stays._customer, stays._from < at.at_us, stays._to.isnull() | (stays._to > at.at_us)]
    ).drop("_customer", "_from", "_to")
    after = spans.select(_after="customer", _from="from_us", plan="plan")
    before = spans.select(_before="customer", _to="to_us", plan_before="plan")
    moves = at.left_join(after, [("customer", "_after"), ("at_us", "_from")])
    moves = moves.left_join(before, [("customer", "_before"), ("at_us", "_to")])
    blank = ibis.literal("")
    moves = moves.filter(known_or(moves.plan, blank) != known_or(moves.plan_before, blank))
    return {"f_plan_move": moves.drop("_after", "_from", "_before", "_to")}


def orders(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_order`: one row a paid order (is_order) or refund (is_refund), filed when paid, credited to its agent.

    buyer: the customer (ruling 39); customer: the same, else that of the ticket on which it was sold, to split by.
    has_ticket: a ticket that counts links to it. is_first: the customer's first paid order that is no renewal;
    has_second: another followed by `as_of`. margin_micros: amount less cost, null where the cost is unknown.
    """
    rows = t.canonical("order").rename(order="id", agent_id="agent", own_kind="kind")
    rows = rows.filter(rows.paid_at.notnull())
    tickets = t["ticket"]
    linked = tickets.filter(tickets.order.notnull()).select(_source="source", _order="order").distinct()
    rows = rows.left_join(linked, [("source", "_source"), ("order", "_order")])
    rows = rows.mutate(has_ticket=rows._order.notnull()).drop("_source", "_order")
    rows = with_home_ticket(rows, t)
    rows = with_label(rows, t["person"], "source", "agent_id", "agent")
    rows = with_whereabouts(rows, t, "person", "account").rename(buyer="own_customer")
    rows = with_customer_kind(rows, t, "asker_key", "paid_at")
    rows = rows.mutate(row=key(rows.source, rows.order), agent_key=key(rows.source, rows.agent_id))
    rows = with_ticket_state(rows, t, "paid_at", "row", "agent_key")
    rows = rows.mutate(is_refund=known_or(rows.amount_micros < 0, ibis.literal(False)))
    rows = _numbered(rows)
    return {
        "f_order": rows.select(
            "source", "order", "ticket_id", "customer", "buyer", "account", "agent", "team", "priority", "status",
            "stage", "currency", "amount_micros", "cost_micros", "order_kind", "is_refund", "has_ticket", "is_first",
            "has_second", "country", "language", "requester", "customer_kind",
            at_us="paid_at", is_order=~rows.is_refund, margin_micros=rows.amount_micros - rows.cost_micros,
        )
    }  # fmt: skip


def _numbered(rows: ibis.Table) -> ibis.Table:
    """Adds order_kind (new or repeat by order where the source does not say), is_first and has_second."""
    counts = ~rows.is_refund & rows.buyer.notnull()
    buys = counts & known_or(rows.own_kind != "renewal", ibis.literal(True))
    rows = rows.mutate(_counts=counts.cast("int64"), _buys=buys.cast("int64"))
    so_far = ibis.window(group_by="buyer", order_by=["paid_at", "row"], following=0)
    whole = ibis.window(group_by="buyer")
    nth = rows._buys.sum().over(so_far)
    by_order = (rows._counts.sum().over(so_far) > 1).ifelse("repeat", "new")
    is_buy = rows._buys == 1
    return rows.mutate(
        order_kind=known_or(rows.own_kind, by_order),
        is_first=is_buy & (nth == 1),
        has_second=is_buy & (rows._buys.sum().over(whole) > 1),
    ).drop("_counts", "_buys")
