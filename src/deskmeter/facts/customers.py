"""Who was a customer when: joinings, leavings, and the reasons given."""

from __future__ import annotations

from collections.abc import Mapping

from deskmeter.engines.expressions import ibis
from deskmeter.facts.attribution import with_customer
from deskmeter.facts.tables import FAR_FUTURE, Tables, key, known_or

_STAY = ("source", "customer", "account_key", "id", "from_us", "to_us", "reason", "is_won_back")


def stays(t: Tables) -> Mapping[str, ibis.Table]:
    """`customer_stay`: every span that counts, under its customer; `set_aside_span`: those that do not last.

    Spans of an account's persons are the account's (ruling 60). A desk without any customer span that counts takes
    its subscriptions instead (ruling 78).
    """
    spans = with_customer(t.canonical("customer_span"), t, "person", "account")
    spans = spans.select(*_STAY[:4], "reason", "is_won_back", from_us="joined_at", to_us="left_at").select(*_STAY)
    lasts = known_or(spans.to_us > spans.from_us, ibis.literal(True)) & spans.customer.notnull()
    counted = spans.filter(lasts)
    paid = with_customer(t.canonical("subscription_span"), t, "person", "account")
    paid = paid.mutate(reason=ibis.null("string"), is_won_back=ibis.null("boolean"), _any=ibis.literal(1))
    paid = paid.filter(paid.customer.notnull() & known_or(paid.to_at > paid.from_at, ibis.literal(True)))
    paid = paid.anti_join(counted.select(_any=ibis.literal(1)).distinct(), "_any")
    paid = paid.select(*_STAY[:4], "reason", "is_won_back", from_us="from_at", to_us="to_at").select(*_STAY)
    return {"customer_stay": counted.union(paid), "set_aside_span": spans.filter(~lasts)}


def customers(t: Tables) -> Mapping[str, ibis.Table]:
    """`customer`: one row a customer that is known by a span, a subscription, an order or a ticket, with its names.

    account is null for a person without one; label is what a list shows: the account's or the person's name.
    """
    who = ("source", "customer", "account")
    seen = with_customer(t.canonical("customer_span"), t, "person", "account").select(*who)
    for name in ("order", "subscription_span"):
        seen = seen.union(with_customer(t.canonical(name), t, "person", "account").select(*who))
    seen = seen.union(t["ticket"].select(*who))
    # an account and a person may bear the same id: they are one key, and the account's
    seen = seen.filter(seen.customer.notnull())
    seen = seen.group_by("customer").aggregate(source=seen.source.min(), account=seen.account.max())
    is_person = seen.account.isnull()
    blank = ibis.null("string")
    seen = seen.mutate(
        _as_account=is_person.ifelse(blank, seen.customer), _as_person=is_person.ifelse(seen.customer, blank)
    )
    accounts = t["account"].select(_key="key", _country="country", _language="language")
    people = t["person"].select(_p_key="key", _p_label="label", _p_country="country", _p_language="language")
    rows = seen.left_join(accounts, [("_as_account", "_key")])
    rows = rows.left_join(people, [("_as_person", "_p_key")])
    return {
        "customer": rows.select(
            *who,
            label=ibis.coalesce(rows.account, rows._p_label, rows.customer),
            country=known_or(rows._country, rows._p_country),
            language=known_or(rows._language, rows._p_language),
        )
    }


def customer_spans(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_customer_span`: one row a joining with the leaving that ended it; spans that overlap or touch are one.

    from_us: joined; to_us: left, null: still a customer. is_won_back: an earlier span had ended, or the source says
    so. last_us: just before the leaving. is_referred: one referral before explains it (ruling 38).
    """
    united = _united(t["customer_stay"])
    named = t["customer"].select(_customer="customer", account="account", country="country", language="language")
    rows = united.join(named, [("customer", "_customer")]).drop("_customer")
    rows = rows.mutate(last_us=rows.to_us - 1)
    return {"f_customer_span": _referred(rows, t)}


def _united(stays: ibis.Table) -> ibis.Table:
    stays = stays.mutate(_end=known_or(stays.to_us, ibis.literal(FAR_FUTURE)))
    in_order = {"group_by": "customer", "order_by": ["from_us", "_end", "id"]}
    reached = stays._end.max().over(ibis.window(**in_order, preceding=(None, 1)))
    stays = stays.mutate(_begins=known_or(stays.from_us > reached, ibis.literal(True)).cast("int64"))
    stays = stays.mutate(span_n=stays._begins.sum().over(ibis.window(**in_order, following=0)).cast("int64"))
    whole = ibis.window(group_by=["customer", "span_n"])
    stays = stays.mutate(_first=stays.from_us.min().over(whole), _last=stays._end.max().over(whole))
    # the reason is that of the row that ends last; of several the greatest id that gives one
    gives = (stays._end == stays._last) & stays.reason.notnull() & (stays._last < FAR_FUTURE)
    says = (stays.from_us == stays._first) & known_or(stays.is_won_back, ibis.literal(False))
    stays = stays.mutate(_giver=gives.ifelse(stays.id, ibis.null("string")), _says=says.cast("int64"))
    spans = stays.group_by("customer", "span_n").aggregate(
        source=stays.source.min(),
        from_us=stays.from_us.min(),
        _last=stays._end.max(),
        _giver=stays._giver.max(),
        _says=stays._says.max(),
    )
    reasons = stays.filter(stays._giver.notnull()).select(
        _customer="customer", _span="span_n", _id="_giver", churn_reason="reason"
    )
    spans = spans.left_join(reasons, [("customer", "_customer"), ("span_n", "_span"), ("_giver", "_id")])
    return spans.select(
        "source", "customer", "span_n", "from_us", "churn_reason",
        to_us=(spans._last < FAR_FUTURE).ifelse(spans._last, ibis.null("int64")),
        is_won_back=(spans.span_n > 1) | (spans._says == 1),
    )  # fmt: skip


def _referred(spans: ibis.Table, t: Tables) -> ibis.Table:
    """Adds is_referred: a referral explains the customer's first joining at or after it."""
    made = t["f_referral"].select(_referral="referral", _made_us="at_us", _source="source", _who="referred_customer")
    later = made.join(
        spans.select("customer", "from_us"), [made._who == spans.customer, made._made_us <= spans.from_us]
    )
    first = later.group_by(_r=key(later._source, later._referral)).aggregate(
        _joined=later.from_us.min(), _customer=later.customer.min()
    )
    explained = first.select("_customer", "_joined").distinct()
    joined = spans.left_join(explained, [("customer", "_customer"), ("from_us", "_joined")])
    return joined.mutate(is_referred=joined._joined.notnull()).drop("_customer", "_joined")
