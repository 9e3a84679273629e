"""How a customer feels about a ticket or the company, and which score that becomes on each scale."""

from random import Random

from deskmeter.connectors.demo.customers import Customer
from deskmeter.connectors.demo.life import Life
from deskmeter.connectors.demo.planted import LEAVING_ACCOUNT, SOUR_REASON, sour_from, trouble_from
from deskmeter.connectors.demo.world import DAY, World

CSAT_STEPS = (-1.45, -0.85, -0.25, 0.5)
CES_STEPS = (-1.7, -1.25, -0.8, -0.35, 0.1, 0.75)
NPS_STEPS = (-2.2, -1.95, -1.7, -1.5, -1.25, -1.0, -0.6, -0.2, 0.35, 1.05)
RATING_STEPS = (-2.1, -1.8, -1.5, -1.2, -0.9, -0.6, -0.2, 0.3, 0.9)

WORDS = {
    "good": ("Quick and friendly, thank you.", "Solved at once.", "Clear steps, it works now.", "You really listened."),
    "middling": ("It works, but it took a while.", "I had to explain it twice.", "All right in the end."),
    "bad": ("Nobody understood the problem.", "Still not solved.", "Far too slow.", "The answer did not fit."),
    "sour": (
        "I cannot find the total on the new invoice.",
        "The new invoices are a riddle.",
        "Who changed the layout?",
    ),
}


def ticket_mood(life: Life, world: World, dice: Random) -> float:
    """About 0.6 on average; waiting, reopening, escalation and the planted topics push it down."""
    solved = life.resolved[0]
    agent = life.desk.staff.agents.get(solved.replier or "")
    mood = 0.62 + life.arrival.customer.mood + (agent.care if agent else -0.3)
    mood -= min(1.0, (solved.at - life.arrival.at) / (12 * DAY))
    mood -= 0.4 * (len(life.resolved) > 1) + 0.5 * (life.escalated > 0)
    if life.arrival.reason.path == SOUR_REASON and life.arrival.at >= sour_from(world):
        mood -= 1.0
    if life.arrival.is_leaving:
        mood -= 2.0
    return mood + dice.gauss(0, 0.75)


def company_mood(customer: Customer, at: int, world: World, dice: Random) -> float:
    """What people think of the company as a whole."""
    mood = 0.3 + 1.6 * customer.mood + dice.gauss(0, 0.85)
    return mood - 2.6 if customer.account == LEAVING_ACCOUNT and at >= trouble_from(world) else mood


def on_scale(mood: float, steps: tuple[float, ...], lowest: int = 1) -> int:
    """The score that a mood becomes: one more for each step passed.

    >>> on_scale(0.0, (-1.0, 1.0))
    2
    """
    return lowest + sum(mood > step for step in steps)


def words_for(mood: float, dice: Random, is_sour: bool = False) -> str | None:
    """A few words, from every third who answers."""
    if dice.random() > 0.33:
        return None
    tone = "sour" if is_sour and mood < 0 else "good" if mood > 0.4 else "middling" if mood > -0.5 else "bad"
    return dice.choice(WORDS[tone])
