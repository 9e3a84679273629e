"""How a ticket begins: the form, the call, the bot, the colleague who opens it."""

from deskmeter.connectors.demo.arrivals import Arrival
from deskmeter.connectors.demo.calls import Line, answered, inbound
from deskmeter.connectors.demo.customers import schedule_of
from deskmeter.connectors.demo.life import Desk, Life, begin, until_awake
from deskmeter.connectors.demo.market import REASONS
from deskmeter.connectors.demo.planted import SPIKE_PRODUCT, SPIKE_REASON, SPIKE_VERSION, release_day
from deskmeter.connectors.demo.roster import BOT
from deskmeter.connectors.demo.world import DAY, HOUR, MINUTE, spread

BOT_CHANNELS = ("chat", "messaging", "app")
MISFILED = 0.06


def open_ticket(desk: Desk, arrival: Arrival, order: str | None) -> Life:
    """Writes the ticket, its creation, form fields, schedule and promises."""
    life = begin(desk, arrival, schedule_of(arrival.customer))
    opener = desk.staff.pick(desk.dice, arrival.team, arrival.at) if arrival.is_staff_opened else None
    desk.sheets["ticket"].add(
        id=arrival.ticket, requester=arrival.person, account=arrival.customer.account if arrival.person else None,
        opened_by=opener.id if opener else arrival.person, channel=arrival.channel, order=order,
        subject="You have won" if arrival.is_spam else arrival.reason.subject,
        is_test=True if arrival.is_test else None,
    )  # fmt: skip
    routed = life.chance(0.93) or arrival.channel == "phone"
    desk.sheets["event"].add(
        ticket=life.id, at=life.at, kind="created", actor=opener.id if opener else arrival.person,
        first_status="New", first_team=life.team if routed else None, first_priority=life.priority,
        first_assignee=opener.id if opener else None,
    )  # fmt: skip
    life.agent = opener
    _write_schedule(life)
    life.event("sla_applied", to_value=life.policy)
    _write_form(life)
    if opener:
        life.staff_writes(opener)
        life.replies, life.first_reply_at, life.is_touched = 0, None, True
    elif arrival.channel != "phone":
        life.customer_writes()
    if not routed:
        life.wait(spread(desk.dice, 6 * MINUTE))
        life.event("team", to_value=life.team)
    return life


def _write_schedule(life: Life) -> None:
    """Phone tickets come with a span, all others with an event, as two halves of a helpdesk may do."""
    if life.arrival.channel == "phone":
        sheet = life.desk.sheets["schedule_span"]
        sheet.add(id=f"SS-{len(sheet) + 1}", ticket=life.id, schedule=life.schedule)
    else:
        life.event("schedule", to_value=life.schedule)


def _write_form(life: Life) -> None:
    """Product, type and mostly the reason are on the form; some file it under the wrong one."""
    arrival, reason = life.arrival, life.arrival.reason
    who = arrival.person
    life.event("field", who, field="product", to_value=arrival.product)
    life.event("field", who, field="type", to_value=reason.type)
    if life.chance(0.72):
        wrong = life.chance(MISFILED)
        life.event("field", who, field="reason", to_value=life.dice.choice(REASONS).path if wrong else reason.path)
    if reason.tag and life.chance(0.8):
        life.event("tag_added", to_value=reason.tag)
    if arrival.product == SPIKE_PRODUCT:
        new = life.at >= release_day(life.desk.world) and (reason.path == SPIKE_REASON or life.chance(0.5))
        life.event("field", who, field="app_version", to_value=SPIKE_VERSION if new else "4.9")


def greet(life: Life) -> bool:
    """The bot's part: an automatic receipt, or a talk that it ends itself (True) or hands to a human."""
    if life.arrival.channel not in BOT_CHANNELS:
        if life.arrival.channel in ("email", "web") and life.chance(0.35):
            life.wait(20)
            life.bot_writes()
        return False
    for _ in range(life.dice.randint(1, 3)):
        life.wait(life.dice.randint(2, 9))
        life.bot_writes()
        life.wait(spread(life.dice, 35))
        life.customer_writes()
    life.wait(3)
    life.bot_writes()
    if life.chance(0.24 if life.arrival.reason.effort < 1 else 0.08):
        life.set_status("Done", BOT)
        return True
    life.event("handoff", BOT, to_value=life.team)
    hours = life.desk.staff.hours[life.desk.staff.plans[life.team].schedule]
    life.is_live = life.arrival.channel == "chat" and hours.is_open(life.at)
    return False


def take_call(life: Life) -> bool:
    """A ticket born from a call; True if it was solved on the line."""
    desk, dice = life.desk, life.dice
    line = Line("in", life.arrival.person, life.id, "billing" if life.arrival.reason.path < "c" else "technical")
    leg, agent = inbound(desk.sheets, line, life.at, desk.staff, dice)
    life.call = leg.id
    desk.sheets["ticket"].rows[-1]["call"] = leg.id
    if agent is None or leg.answered_at is None:
        life.at = leg.ended_at
        life.customer_writes("phone")  # what was left on the answering machine
        return False
    life.at = leg.answered_at
    life.assign(agent, agent.id)
    life.set_status("In progress", agent.id)
    life.at = leg.over_at
    life.event("note", agent.id, is_public=False)
    life.event("field", agent.id, field="reason", to_value=life.arrival.reason.path)
    life.first_reply_at, life.replier, life.is_touched = leg.answered_at, agent.id, True
    life.replies += 1
    if life.chance(0.68 - 0.2 * (life.arrival.reason.effort - 1)):
        life.set_status("Done", agent.id)
        return True
    return False


def call_back(life: Life) -> bool:
    """An agent rings the customer instead of writing; False if nobody answers there."""
    agent = life.agent
    if agent is None or life.arrival.person is None or life.chance(0.3):
        return False
    line = Line("out", life.arrival.person, life.id, None)
    leg = answered(life.desk.sheets, line, life.at, agent, life.dice)
    life.at = leg.over_at
    life.replies += 1
    life.replier = agent.id
    return True


def await_answer(life: Life) -> bool:
    """After staff opened the ticket: whether the customer answers; if not, it ends by itself."""
    life.set_status("Waiting for customer", life.agent.id if life.agent else None)
    if life.chance(0.72):
        life.at = until_awake(life.at + spread(life.dice, 7 * HOUR, 1.0), life.arrival.customer.region)
        life.customer_writes()
        life.set_status("In progress", None)
        return True
    life.wait(7 * DAY)
    life.set_status("Done", None)
    return False
