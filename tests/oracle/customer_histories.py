"""Random customers, subscriptions and orders."""

from datetime import datetime, timedelta

from oracle.company_histories import Company
from oracle.draw import RANGE, Draw
from oracle.rows import History, Row

EUR = 1_000_000


def customers(draw: Draw, crew: Company, history: History, ticket_ids: list[str]) -> None:
    """Fill the tables of section 9."""
    owners: list[Row] = [{"account": account} for account in crew.accounts]
    owners += [{"person": person} for person in crew.customers]
    for owner in owners:
        if draw.chance(0.6):
            _spans(draw, history, owner)
        if draw.chance(0.6):
            _subscriptions(draw, history, owner)
    for _ in range(draw.rng.randrange(6)):
        _order(draw, crew, history, draw.one([*owners, {}]), ticket_ids)
    ids = [row["id"] for row in history["order"]]
    for row in history["ticket"]:
        row["order"] = draw.one([None, *ids])


def _first(draw: Draw) -> datetime:
    return draw.begin() - timedelta(days=draw.one((0, 0, 0, 10, 60, 200)))


def _spans(draw: Draw, history: History, owner: Row) -> None:
    joined = _first(draw)
    for _ in range(draw.rng.randrange(1, 4)):
        left = None if draw.chance(0.4) else _after(draw, joined)
        more = {"reason": draw.one((None, "price", "quality")), "is_won_back": draw.one((None, None, True))}
        history["customer_span"].append(draw.row(draw.id("cs"), joined_at=joined, left_at=left, **owner, **more))
        if left is None:
            return
        joined = left + timedelta(seconds=draw.one((0, 1, 86400, -3600)))


def _after(draw: Draw, at: datetime) -> datetime:
    if draw.chance(0.1):
        return draw.one((at, at - timedelta(hours=1)))
    if draw.chance(0.3):
        return max(draw.begin(), at + timedelta(seconds=1))
    return at + timedelta(seconds=draw.one((3600, 86400, 2629800, 2 * 2629800, 1000000)))


def _subscriptions(draw: Draw, history: History, owner: Row) -> None:
    at = RANGE[0] - timedelta(days=3) if draw.chance(0.5) else _first(draw)
    for _ in range(draw.rng.randrange(1, 4)):
        end = None if draw.chance(0.4) else _after(draw, at)
        row = draw.row(
            draw.id("sub"),
            plan=draw.one((None, "basic", "pro")),
            mrr_micros=draw.one((0, 10 * EUR, 10 * EUR, 25 * EUR + 1, None)),
            currency="EUR" if draw.chance(0.92) else "USD",
            from_at=at,
            to_at=end,
            **owner,
        )
        history["subscription_span"].append(row)
        at = _first(draw) if end is None or draw.chance(0.2) else end


def _order(draw: Draw, crew: Company, history: History, owner: Row, ticket_ids: list[str]) -> None:
    amount = draw.one((5 * EUR, 20 * EUR, 33_333_333))
    row = draw.row(
        draw.id("or"),
        paid_at=None if draw.chance(0.05) else draw.begin(),
        kind=draw.one(("new", "repeat", "renewal", "upsell", "upsell", "cross_sell", None)),
        amount_micros=amount,
        cost_micros=draw.one((None, 1 * EUR, 4 * EUR)),
        currency="EUR" if draw.chance(0.92) else "USD",
        agent=draw.one([None, *crew.agents]),
        ticket=draw.one([None, None, *ticket_ids]),
        **owner,
    )
    history["order"].append(row)
    if row["paid_at"] is not None and draw.chance(0.2):
        back = {**row, "id": draw.id("or"), "amount_micros": -amount, "cost_micros": draw.one((0, -1 * EUR))}
        back["paid_at"] = row["paid_at"] + timedelta(days=draw.one((0, 1, 8)))
        history["order"].append(back)
