"""The knowledge base: items by category, and what visitors of the help centre did."""

from dataclasses import dataclass
from random import Random

from deskmeter.connectors.demo.customers import Base
from deskmeter.connectors.demo.life import Life
from deskmeter.connectors.demo.planted import EMPTY_CATEGORY, LOST_SEARCH
from deskmeter.connectors.demo.sheet import Sheet
from deskmeter.connectors.demo.world import DAY, HOUR, MINUTE, World, spread

TITLES = {
    "Getting started": ("First steps", "Inviting colleagues", "Choosing a plan", "A tour of the start page"),
    "Invoices": ("Reading your invoice", "Paying by card", "Changing the address", "Asking for a refund"),
    "Access": ("Signing in", "A lost password", "Roles and rights", "Two-step sign-in"),
    "Planner": ("Weekly plans", "Sharing a plan", "Templates", "Automatic steps"),
    "Reports": ("Which report for what", "Filters", "Sending reports by mail", "Own columns"),
    "Mobile app": ("Installing the app", "Working without a network", "Notices on the phone", "Known problems"),
    "Connect": ("Your first connection", "Interface errors", "Notices to other systems", "Importing records"),
    "Privacy": ("Where data are kept", "Asking for a copy", "Deleting an account"),
    EMPTY_CATEGORY: ("Importing from version 2", "File layouts of version 2", "Limits of the importer"),
}
SEARCHES = (
    ("change card", 9), ("Reset password", 14), ("invoice address", 8), ("api key", 7), ("sync not working", 10),
    ("share plan", 6), ("app crash", 7), ("dark mode", 4), ("import csv", 6), ("refund", 7), (LOST_SEARCH, 16),
)  # fmt: skip
EDITIONS = ("", " in detail", ": questions and answers")
SESSIONS = 13_000


@dataclass(frozen=True)
class Item:
    """One item with its span of life; `pull` is how often it is read."""

    id: str
    category: str
    published: int
    archived: int
    pull: float


def invent_knowledge(world: World, base: Base, lives: list[Life], sheets: dict[str, Sheet]) -> None:
    """Fills kb_item and kb_event."""
    dice = world.dice("knowledge")
    items = _items(world, dice, sheets)
    read = [item for item in items if item.category != EMPTY_CATEGORY]
    visits = _Visits(world, dice, sheets["kb_event"], read)
    people = [person for customer in base.customers for person in customer.people]
    for _ in range(world.sized(SESSIONS, 700)):
        at = world.start + int((world.end - world.start) * dice.random() ** 0.85)
        at = at // DAY * DAY + int(dice.triangular(6, 22, 14) * HOUR)
        visits.visit(at, dice.choice(people) if dice.random() < 0.5 else None, dice.random() < 0.3)
    for life in lives:
        arrival = life.arrival
        if arrival.channel in ("web", "email", "app") and arrival.person and dice.random() < 0.14:
            visits.visit(arrival.at - dice.randint(4, 90) * MINUTE, arrival.person, False)
        if life.resolved and dice.random() < 0.03:
            sheet = sheets["kb_event"]
            at, item = life.resolved[0].at, dice.choice(read)
            sheet.add(id=f"KE-{len(sheet) + 1:06}", item=item.id, kind="resolved", at=at, ticket=life.id)


def _items(world: World, dice: Random, sheets: dict[str, Sheet]) -> list[Item]:
    """Each title in three editions; most are older than the year, some are revised, a few archived."""
    items: list[Item] = []
    for category, titles in TITLES.items():
        for title in [title + edition for edition in EDITIONS for title in titles]:
            ident = f"I-{len(items) + 1:03}"
            sheets["kb_item"].add(id=ident, category=category if dice.random() < 0.98 else None, title=title)
            new = dice.random() < 0.28 and category != EMPTY_CATEGORY
            published = world.start + dice.randint(0, 340) * DAY if new else world.start - dice.randint(10, 600) * DAY
            published += dice.randint(8 * HOUR, 17 * HOUR)
            events = [(published, "published")]
            while dice.random() < 0.6 and (at := events[-1][0] + dice.randint(15, 220) * DAY) < world.end:
                events.append((at, "updated"))
            archived = world.end + DAY
            if dice.random() < 0.07:
                archived = events[-1][0] + dice.randint(30, 200) * DAY
                events.append((archived, "archived"))
            for at, kind in events:
                sheet = sheets["kb_event"]
                sheet.add(id=f"KE-{len(sheet) + 1:06}", item=ident, kind=kind, at=at)
            items.append(Item(ident, category, published, archived, 1 / (1 + dice.random() * 12)))
    return items


class _Visits:
    """Writes help-centre sessions one by one."""

    def __init__(self, world: World, dice: Random, sheet: Sheet, items: list[Item]) -> None:
        self.world, self.dice, self.sheet, self.items = world, dice, sheet, items
        self.pulls = [item.pull for item in items]
        self.words = [words for words, _ in SEARCHES]
        self.weights = [weight for _, weight in SEARCHES]
        self.sessions = 0

    def visit(self, at: int, person: str | None, solves: bool) -> None:
        """One session: searches, clicks, views, a vote, and perhaps the mark that it helped."""
        if at < self.world.start:
            return
        self.sessions += 1
        session = f"V-{self.sessions:06}"
        self._add("session", at, session, person)
        at += spread(self.dice, 20)
        item = self._search(at, session, person) if self.dice.random() < 0.6 else self._item(at)
        at += spread(self.dice, 30)
        if item is None:
            return
        for _ in range(self.dice.choices((1, 2, 3), (60, 28, 12))[0]):
            self._add("view", at, session, person, item=item.id)
            at += spread(self.dice, 70)
            if self.dice.random() < 0.13:
                helpful = self.dice.random() < 0.45 + 0.4 * item.pull + (0.2 if solves else -0.1)
                self._add("vote", at, session, person, item=item.id, is_helpful=helpful)
            last, item = item, self._item(at) or item
        if solves:
            self._add("resolved", at, session, person, item=last.id)

    def _add(self, kind: str, at: int, session: str, person: str | None, **cells: str | bool | None) -> None:
        self.sheet.add(id=f"KE-{len(self.sheet) + 1:06}", kind=kind, at=at, session=session, person=person, **cells)

    def _search(self, at: int, session: str, person: str | None) -> Item | None:
        """One or two searches; the last is followed by a click unless nothing was found."""
        for _ in range(self.dice.choice((1, 1, 1, 2))):
            words = self.dice.choices(self.words, self.weights)[0]
            self._add("search", at, session, person, words=words)
            at += 12
        if words == LOST_SEARCH or self.dice.random() < 0.15:
            return None
        item = self._item(at)
        if item is not None:
            self._add("click", at, session, person, item=item.id)
        return item

    def _item(self, at: int) -> Item | None:
        """An item that is live at `at`; None if luck finds none."""
        for item in self.dice.choices(self.items, self.pulls, k=6):
            if item.published <= at < item.archived:
                return item
        return None
