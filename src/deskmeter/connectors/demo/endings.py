"""What comes after a resolution or cuts a ticket short: thanks, reopening, a new contact, spam, merging, deletion."""

from deskmeter.connectors.demo.life import Life, until_awake
from deskmeter.connectors.demo.sheet import Cell
from deskmeter.connectors.demo.working import work
from deskmeter.connectors.demo.world import DAY, HOUR, MINUTE, spread

AUTO_CLOSE = 4 * DAY
MOST_ENDINGS = 3


def after(life: Life, depth: int = 0) -> None:
    """What the customer does once it is solved; in the end it is archived by itself."""
    solved = life.at
    luck = life.dice.random() if depth < MOST_ENDINGS else 1.0
    reopening = 0.04 * life.arrival.reason.effort
    if luck < 0.07:
        life.at = until_awake(solved + spread(life.dice, HOUR), life.arrival.customer.region)
        life.customer_writes()
    elif luck < 0.07 + reopening:
        life.wait(life.dice.randint(10 * MINUTE, 20 * HOUR))
        _wake(life, depth)
    elif luck < 0.10 + reopening:
        life.wait(life.dice.randint(26, 26 * 24) * HOUR)
        if life.at > solved + AUTO_CLOSE:
            _archive(life)
        _wake(life, depth)
    elif luck < 0.105 + reopening:
        _archive(life)
        life.wait(life.dice.randint(1, 16) * DAY)
        life.customer_writes()  # a new contact that wakes nothing
    elif luck < 0.11 + reopening and life.agent is not None:
        agent = life.acts(20 * MINUTE)
        life.set_status("In progress", agent.id)
        agent = life.acts(30 * MINUTE)
        life.set_status("Done", agent.id)
    _archive(life)


def _wake(life: Life, depth: int) -> None:
    """The customer writes again and the ticket is opened for it."""
    life.is_live = False
    life.customer_writes()
    life.set_status("In progress", None)
    work(life)
    after(life, depth + 1)


def _archive(life: Life) -> None:
    """Archived some days after the last resolution, by nobody; the ticket's own instant does not run back."""
    if life.status == "Done":
        now = life.at
        life.at = life.resolved[-1].at + AUTO_CLOSE
        life.set_status("Archived", None)
        life.at = max(now, life.at)


def judge_spam(life: Life) -> bool:
    """Marks spam; True if that was the end of it, False if somebody saw that it was none."""
    life.wait(spread(life.dice, 20 * MINUTE))
    agent = life.desk.staff.pick(life.dice, life.team, life.at)
    life.event("spam", agent.id if life.chance(0.5) else None)
    if life.chance(0.88):
        return True
    life.wait(spread(life.dice, 3 * HOUR))
    life.event("restored", agent.id)
    return False


def merge(life: Life, survivor: str) -> None:
    """An agent sees that the customer wrote twice."""
    agent = life.acts(spread(life.dice, 40 * MINUTE))
    if life.chance(0.2):
        life.staff_writes(agent)
    life.event("merged", agent.id, to_value=survivor)
    life.set_status("Archived", None)


def vanish(life: Life) -> None:
    """Deletion some time after the creation, undone for three in ten."""
    cells: dict[str, Cell] = {"ticket": life.id, "kind": "deleted"}
    at = life.at + spread(life.dice, 8 * HOUR)
    agent = life.desk.staff.pick(life.dice, life.team, at)
    life.desk.sheets["event"].add(**cells, at=at, actor=agent.id)
    if life.chance(0.3):
        cells["kind"] = "restored"
        life.desk.sheets["event"].add(**cells, at=at + spread(life.dice, 5 * HOUR), actor=agent.id)
