"""Upsells and cross-sells: who is credited, and on which ticket they were sold."""

from deskmeter.connectors.demo.life import Life
from deskmeter.connectors.demo.money import order, refund
from deskmeter.connectors.demo.sheet import Sheet, text, whole
from deskmeter.connectors.demo.staff import Staff
from deskmeter.connectors.demo.world import DAY, HOUR, World

SELLERS = ("Ben", "Priya", "Tess")
CROSS_SELLS = 420
TEAMS = ("TEAM-EU", "TEAM-AM", "TEAM-AS", "TEAM-BI")


def invent_sales(world: World, staff: Staff, lives: list[Life], sheets: dict[str, Sheet]) -> None:
    """Credits more than half of the year's upsells, and adds cross-sells made on tickets, with some refunds."""
    dice = world.dice("sales")
    by_account: dict[str, list[Life]] = {}
    for life in lives:
        if life.arrival.customer.account and life.arrival.person and life.resolved:
            by_account.setdefault(life.arrival.customer.account, []).append(life)
    for row in sheets["order"]:
        paid = whole(row["paid_at"])
        if row["kind"] != "upsell" or not world.start <= paid < world.end or dice.random() > 0.6:
            continue
        near = [
            life for life in by_account.get(text(row["account"] or ""), []) if 0 < paid - life.resolved[0].at < 25 * DAY
        ]
        if near and near[-1].resolved[0].owner in staff.agents:
            row["ticket"], row["agent"] = near[-1].id, near[-1].resolved[0].owner
        else:
            row["agent"] = staff.pick(dice, dice.choice(TEAMS), paid).id
    wanted = world.sized(CROSS_SELLS, 34)
    while wanted:
        life = dice.choice(lives)
        owner = staff.agents.get(life.resolved[0].owner or "") if life.resolved else None
        if owner is None or not life.arrival.person or dice.random() > (1.0 if owner.name in SELLERS else 0.3):
            continue
        paid = life.resolved[0].at + dice.randint(HOUR, 3 * DAY)
        customer = life.arrival.customer
        if paid >= world.end or not customer.is_customer(paid) or not owner.from_at <= paid < owner.to_at:
            continue
        amount = dice.randint(60, 1_800)
        order(sheets, customer, paid, "cross_sell", amount, dice, owner.id, life.id)
        if dice.random() < 0.05:
            refund(sheets, customer, paid + dice.randint(2, 20) * DAY, "cross_sell", amount, world)
        wanted -= 1
