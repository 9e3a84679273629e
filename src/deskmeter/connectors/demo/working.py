"""The middle of a ticket: assignment, replies, waiting, holds, escalations, changes of mind, until it is solved."""

from deskmeter.connectors.demo.life import URGENCY, Life, until_awake
from deskmeter.connectors.demo.openings import call_back
from deskmeter.connectors.demo.roster import SECOND_LINE
from deskmeter.connectors.demo.sla import FOLLOW, STANDARD
from deskmeter.connectors.demo.staff import Agent
from deskmeter.connectors.demo.world import DAY, HOUR, spread

MOST_ROUNDS = 7
REMIND, GIVE_UP = 3 * DAY, 4 * DAY


def work(life: Life) -> None:
    """Goes round until the ticket is solved: an agent acts, the customer answers or does not."""
    for turn in range(MOST_ROUNDS + 1):
        agent = _take_up(life)
        if _goes_elsewhere(life, agent, turn):
            continue
        if life.chance(_hold_chance(life)):
            agent = _hold(life)
        _answer(life, agent)
        if turn == MOST_ROUNDS or life.chance(_solve_chance(life, turn)):
            if life.chance(0.12):
                agent = life.acts(spread(life.dice, 900))
            if life.escalated and life.chance(0.5):
                life.event("tag_removed", agent.id, to_value="escalated")
            life.set_status("Done" if life.chance(0.965) else "Archived", agent.id)
            return
        if not _customer_answers(life, agent):
            return
    life.set_status("Done", life.acts(HOUR).id)


def _take_up(life: Life) -> Agent:
    """Assignment (if nobody has it) and the time until the agent turns to it."""
    dice, plan = life.dice, life.desk.staff.plans[life.team]
    if life.is_live:
        agent = life.acts(spread(dice, 50, 0.6))
    else:
        if life.agent is None:
            life.acts(spread(dice, plan.reply_s * 0.2 * URGENCY[life.priority], 0.9))
        effort = life.arrival.reason.effort**0.6
        agent = life.acts(spread(dice, plan.reply_s * 0.8 * URGENCY[life.priority] * effort, 0.95))
    if not life.is_touched:
        _first_touch(life, agent)
    return agent


def _first_touch(life: Life, agent: Agent) -> None:
    """What agents put in order when they first open a ticket."""
    life.is_touched = True
    life.set_status("In progress", agent.id)
    if life.chance(0.97):
        life.event("field", agent.id, field="reason", to_value=life.arrival.reason.path)
    if life.chance(0.3):
        life.event("note", agent.id, is_public=False)
    if life.chance(0.06):
        life.prioritise(life.dice.choice(tuple(URGENCY)), agent.id)
    if life.chance(0.05):
        life.event("tag_added", agent.id, to_value="vip" if life.arrival.customer.is_top_plan else "follow")
    if life.policy == STANDARD and life.chance(0.01):
        life.event("sla_applied", agent.id, to_value=life.policy, field="resolution", seconds=48 * HOUR)


def _goes_elsewhere(life: Life, agent: Agent, turn: int) -> bool:
    """Whether the ticket goes to the second line or to a colleague instead of being answered."""
    by_customer = 0.35 if life.arrival.is_leaving else 0.012 + 0.01 * turn
    asked_by = None
    if life.chance(by_customer if life.escalated == 0 and life.arrival.person else 0.0):
        asked_by, who = "customer", life.arrival.person
    elif life.escalated == 0 and life.chance(0.025 * life.arrival.reason.effort):
        asked_by, who = "agent", agent.id
    elif life.escalated == 0 and life.priority == "urgent" and life.chance(0.06):
        asked_by, who = "rule", None
    if asked_by:
        life.escalated += 1
        life.event("escalation", who, field=asked_by, to_value="tier 2")
        life.event("tag_added", agent.id, to_value="escalated")
        life.is_live = False
        if life.team == SECOND_LINE or life.chance(0.25):
            return False
        life.move(SECOND_LINE, agent.id)
        if life.policy == STANDARD and life.schedule != "S-EU" and life.chance(0.5):
            life.schedule = "S-EU"
            life.event("schedule", to_value="S-EU")
        return True
    if turn == 0 and life.chance(0.045) and not life.is_live:
        other = life.desk.staff.pick(life.dice, life.team, life.at, agent.id)
        life.assign(other, agent.id)
        return True
    return False


def _hold_chance(life: Life) -> float:
    if life.is_live:
        return 0.0
    return 0.05 * life.arrival.reason.effort**2 * (1.7 if life.team == "TEAM-IN" else 1.0)


def _hold(life: Life) -> Agent:
    """Somebody else has to do something first; a few of these take months."""
    agent = life.agent or life.acts(HOUR)
    life.event("note", agent.id, is_public=False)
    life.set_status(life.dice.choice(("With developers", "With developers", "Waiting for partner")), agent.id)
    long = life.chance(0.03)
    life.wait(life.dice.randint(20, 130) * DAY if long else spread(life.dice, 2.5 * DAY, 0.9))
    agent = life.acts(spread(life.dice, HOUR))
    life.set_status("In progress", agent.id)
    return agent


def _answer(life: Life, agent: Agent) -> None:
    """A reply by message or telephone, with the time that it took."""
    if life.chance(0.25):
        life.event("viewing", agent.id, seconds=spread(life.dice, 150, 0.7))
    if life.chance(0.025 if not life.is_live else 0.0) and call_back(life):
        life.event("note", agent.id, is_public=False)
    else:
        life.staff_writes(agent, "email" if life.arrival.channel == "phone" else None)
    if not life.is_live and life.chance(0.4):
        life.event("time_entry", agent.id, seconds=spread(life.dice, 400 * life.arrival.reason.effort, 0.6))


def _solve_chance(life: Life, turn: int) -> float:
    solves = life.desk.staff.plans[life.team].solves - 0.22 * (life.arrival.reason.effort - 1) + 0.05 * turn
    return solves * (0.75 if life.is_live else 1.0)


def _customer_answers(life: Life, agent: Agent) -> bool:
    """The customer's next message, or silence: a reminder by the bot and an end without anybody."""
    dice = life.dice
    if life.is_live:
        life.wait(spread(dice, 60, 0.7))
        if life.chance(0.1):
            life.is_live = False
        life.customer_writes()
        return True
    life.set_status("Waiting for customer", agent.id)
    if life.chance(0.13):
        life.wait(REMIND)
        life.bot_writes()
        life.wait(GIVE_UP)
        life.set_status("Done", None)
        return False
    life.at = until_awake(life.at + spread(dice, 7 * HOUR, 1.3), life.arrival.customer.region)
    life.customer_writes("email" if life.arrival.channel in ("web", "phone") and life.chance(0.6) else None)
    life.event("sla_applied", to_value=FOLLOW, field="next_reply")
    life.set_status("In progress", None)
    if life.chance(0.06):
        life.wait(spread(dice, HOUR))
        life.customer_writes()
    return True
