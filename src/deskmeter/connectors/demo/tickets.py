"""Writes the history of every ticket, one after the other."""

from bisect import bisect_right

from deskmeter.connectors.demo.arrivals import Arrival, Arrivals
from deskmeter.connectors.demo.customers import Base
from deskmeter.connectors.demo.endings import after, judge_spam, merge, vanish
from deskmeter.connectors.demo.life import Desk, Life
from deskmeter.connectors.demo.openings import await_answer, greet, open_ticket, take_call
from deskmeter.connectors.demo.roster import STATUSES
from deskmeter.connectors.demo.sheet import Sheet, text, whole
from deskmeter.connectors.demo.sla import write_policies
from deskmeter.connectors.demo.staff import Staff
from deskmeter.connectors.demo.working import work
from deskmeter.connectors.demo.world import DAY, World

NEVER_ANSWERED, DELETED, ABOUT_AN_ORDER = 0.003, 0.005, 0.45
FORGOTTEN_FOR = 60 * DAY


def invent_tickets(world: World, base: Base, staff: Staff, sheets: dict[str, Sheet]) -> list[Life]:
    """Fills ticket, event, call, schedule_span, sla_policy and status_stage; returns the tickets' ends."""
    write_policies(sheets)
    for index, (status, stage) in enumerate(STATUSES.items()):
        sheets["status_stage"].add(id=f"ST-{index + 1}", status=status, stage=stage)
    desk = Desk(world, staff, sheets, world.dice("tickets"))
    orders = _orders_by_account(sheets)
    return [tell(desk, arrival, _order(desk, arrival, orders)) for arrival in Arrivals(world, base, staff).draw()]


def tell(desk: Desk, arrival: Arrival, order: str | None) -> Life:
    """The whole story of one ticket, also past the company's end (what lies there is cut off later)."""
    life = open_ticket(desk, arrival, order)
    if arrival.is_spam and judge_spam(life):
        return life
    if arrival.same_as is not None:
        merge(life, arrival.same_as.ticket)
        return life
    if life.chance(NEVER_ANSWERED):
        life.wait(FORGOTTEN_FOR)
        life.set_status("Archived", None)
        return life
    if not _is_over_at_once(life):
        work(life)
    after(life)
    if life.chance(DELETED):
        vanish(life)
    return life


def _is_over_at_once(life: Life) -> bool:
    """Whether the opening already solved it: on the line, by the bot, or by silence after our own question."""
    if life.arrival.channel == "phone":
        return take_call(life)
    if life.arrival.is_staff_opened:
        return not await_answer(life)
    return greet(life)


def _orders_by_account(sheets: dict[str, Sheet]) -> dict[str, tuple[list[int], list[str]]]:
    """The instants and ids of the orders of each account, in order of time."""
    found: dict[str, list[tuple[int, str]]] = {}
    for row in sheets["order"]:
        if row["account"] is not None:
            found.setdefault(text(row["account"]), []).append((whole(row["paid_at"]), text(row["id"])))
    return {
        account: ([at for at, _ in sorted(orders)], [ident for _, ident in sorted(orders)])
        for account, orders in found.items()
    }


def _order(desk: Desk, arrival: Arrival, orders: dict[str, tuple[list[int], list[str]]]) -> str | None:
    """The latest order before the ticket, for nearly half of the tickets about money."""
    account = arrival.customer.account
    if not arrival.reason.path.startswith("billing") or account not in orders or arrival.person is None:
        return None
    times, ids = orders[account]
    index = bisect_right(times, arrival.at) - 1
    return ids[index] if index >= 0 and desk.dice.random() < ABOUT_AN_ORDER else None
