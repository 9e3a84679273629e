"""Invents subscriptions with their changes of plan, and the orders that follow from them."""

from random import Random

from deskmeter.connectors.demo.customers import FOREVER, MICROS, YEAR, Base, Customer, next_anniversary
from deskmeter.connectors.demo.market import PLANS
from deskmeter.connectors.demo.planted import LEAVING_ACCOUNT
from deskmeter.connectors.demo.sheet import Sheet
from deskmeter.connectors.demo.world import DAY, HOUR, World, date_of

CURRENCY = "EUR"


def invent_money(world: World, base: Base, sheets: dict[str, Sheet]) -> None:
    """Fills subscription_span and order (sales credited to agents come once the tickets are known)."""
    dice = world.dice("money")
    for customer in base.customers:
        for joined, left in customer.stays:
            if joined < world.end:
                _write_stay(customer, joined, left, world, dice, sheets)


def _write_stay(
    customer: Customer, joined: int, left: int, world: World, dice: Random, sheets: dict[str, Sheet]
) -> None:
    """Splits one stay at its changes of plan or price, and writes the orders of each piece."""
    plan, price = customer.plan, _price(customer.plan, dice)
    if customer.account == LEAVING_ACCOUNT:
        price = 5_200
    until = min(left, world.end)
    begin = joined
    order(sheets, customer, joined + dice.randint(0, 3 * HOUR), "new", price * 12, dice)
    while True:
        change = begin + int(dice.expovariate(1 / 800) + 30) * DAY + dice.randint(0, 9 * HOUR)
        if change >= until - 10 * DAY or customer.account == LEAVING_ACCOUNT:
            break
        _write_span(sheets, customer, joined, (begin, change), plan, price, world)
        step = dice.choices((1, -1, 0), (60, 22, 18))[0]
        moved = min(len(PLANS) - 1, max(0, plan + step))
        raised = _price(moved, dice) if moved != plan else round(price * (1.15 if step >= 0 else 0.8))
        if raised > price:
            order(sheets, customer, change, "upsell", (raised - price) * 12, dice)
        begin, plan, price = change, moved, raised
    _write_span(sheets, customer, joined, (begin, left), plan, price, world)
    _write_renewals(sheets, customer, joined, until, price, world, dice)


def _price(plan: int, dice: Random) -> int:
    return round(PLANS[plan][1] * dice.uniform(0.85, 1.4))


def _write_span(
    sheets: dict[str, Sheet],
    customer: Customer,
    joined: int,
    span: tuple[int, int],
    plan: int,
    price: int,
    world: World,
) -> None:
    begin, finish = span
    sheet = sheets["subscription_span"]
    sheet.add(
        id=f"SU-{len(sheet) + 1}", account=customer.account, person=None if customer.account else customer.people[0],
        plan=PLANS[plan][0], mrr_micros=price * MICROS, currency=CURRENCY, from_at=begin,
        to_at=finish if finish < world.end else None,
        renewal_date=next_anniversary(joined, min(finish, world.end)) if finish == FOREVER else date_of(finish),
    )  # fmt: skip


def _write_renewals(
    sheets: dict[str, Sheet], customer: Customer, joined: int, until: int, price: int, world: World, dice: Random
) -> None:
    """Yearly renewals, small extra orders, and now and then a refund some days after a renewal."""
    at = joined + YEAR
    while at < until:
        paid = at + dice.randint(0, 20 * HOUR)
        if paid < until:
            order(sheets, customer, paid, "renewal", price * 12, dice)
            if dice.random() < 0.04:
                back = paid + dice.randint(2, 25) * DAY
                refund(sheets, customer, back, "renewal", round(price * dice.uniform(1, 6)), world)
        at += YEAR
    for _ in range(dice.choices((0, 1, 2, 3), (55, 28, 12, 5))[0]):
        paid = dice.randint(joined, until - 1)
        order(sheets, customer, paid, dice.choice(("repeat", "repeat", None)), dice.randint(40, 900), dice)


def order(
    sheets: dict[str, Sheet], customer: Customer, paid: int, kind: str | None, amount: int, dice: Random,
    agent: str | None = None, ticket: str | None = None,
) -> str:  # fmt: skip
    """Writes one paid order and returns its id; three in a hundred have an unknown cost."""
    sheet = sheets["order"]
    ident = f"O-{len(sheet) + 1:05}"
    cost = None if dice.random() < 0.03 else round(amount * dice.uniform(0.18, 0.38))
    sheet.add(
        id=ident, account=customer.account, person=None if customer.account else customer.people[0], paid_at=paid,
        kind=kind, amount_micros=amount * MICROS, cost_micros=None if cost is None else cost * MICROS,
        currency=CURRENCY, agent=agent, ticket=ticket,
    )  # fmt: skip
    return ident


def refund(sheets: dict[str, Sheet], customer: Customer, at: int, kind: str, amount: int, world: World) -> None:
    """Writes a refund: a row of its own with a negative amount."""
    if at >= world.end:
        return
    sheet = sheets["order"]
    sheet.add(
        id=f"O-{len(sheet) + 1:05}", account=customer.account,
        person=None if customer.account else customer.people[0], paid_at=at, kind=kind,
        amount_micros=-amount * MICROS, cost_micros=0, currency=CURRENCY,
    )  # fmt: skip
