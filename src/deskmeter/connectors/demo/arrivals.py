"""Decides when tickets come, from whom and about what: seasons, weekdays, local hours, growth, planted rises."""

import math
from dataclasses import dataclass
from datetime import date, timedelta

from deskmeter.base.time import local_instant, zone
from deskmeter.connectors.demo.customers import Base, Customer
from deskmeter.connectors.demo.market import CHANNEL_WEIGHTS, CHANNELS, REASON_BY_PATH, REASONS, TEAM_BY_TOPIC, Reason
from deskmeter.connectors.demo.planted import (
    LEAVING_ACCOUNT,
    SPIKE_DAYS,
    SPIKE_PRODUCT,
    SPIKE_REASON,
    release_day,
    trouble_from,
)
from deskmeter.connectors.demo.roster import FIRST_LINE, PHONE_DESK, REGION_ZONE
from deskmeter.connectors.demo.staff import Staff
from deskmeter.connectors.demo.world import DAY, HOUR, MINUTE, World

WEEKDAY = (1.18, 1.12, 1.06, 1.0, 0.88, 0.30, 0.24)
HOURLY = (1, 1, 1, 1, 1, 2, 4, 8, 16, 26, 28, 26, 20, 22, 26, 24, 20, 14, 9, 7, 6, 5, 3, 2)
PRIORITIES = ("low", "normal", "high", "urgent")
SPIKE_N, LEAVING_N, DUPLICATE_SHARE = 170, 46, 0.022
STAFF_OPENED, SPAM, TEST, UNKNOWN, PROSPECT = 0.05, 0.015, 0.003, 0.012, 0.04


@dataclass
class Arrival:
    """One ticket to come; `person` None is an unknown requester, `same_as` the ticket that it repeats."""

    at: int
    customer: Customer
    person: str | None
    channel: str
    reason: Reason
    product: str
    priority: str
    team: str
    ticket: str = ""
    same_as: "Arrival | None" = None
    is_staff_opened: bool = False
    is_spam: bool = False
    is_test: bool = False
    is_leaving: bool = False


class Arrivals:
    """Draws tickets one by one; holds the day weights and the customers' weights."""

    def __init__(self, world: World, base: Base, staff: Staff) -> None:
        self.world, self.base, self.staff = world, base, staff
        self.dice = world.dice("arrivals")
        self.zones = {region: zone(name) for region, name in REGION_ZONE.items()}
        days = (world.end_date - world.start_date).days
        self.days = [world.start_date + timedelta(days=index) for index in range(days)]
        self.day_weights = _summed([self._day_weight(day, index / days) for index, day in enumerate(self.days)])
        self.customer_weights = _summed([customer.wish for customer in base.customers])

    def draw(self) -> list[Arrival]:
        """All tickets of the company in order of creation, numbered."""
        duplicates = round(self.world.tickets * DUPLICATE_SHARE)
        planted = [*self._spike(), *self._leaving()]
        usual = [self._usual() for _ in range(self.world.tickets - duplicates - len(planted))]
        everything = usual + planted
        for _ in range(duplicates):
            everything.append(self._duplicate(everything))
        everything.sort(key=lambda arrival: arrival.at)
        for index, arrival in enumerate(everything):
            arrival.ticket = f"T-{100_001 + index}"
        return everything

    def _day_weight(self, day: date, passed: float) -> float:
        """Weekday dip, growth (most of it by new customers), a calm turn of the year and summer, and noise."""
        weight = WEEKDAY[day.weekday()] * (1 + 0.08 * passed)
        if (day.month, day.day) >= (12, 22) or (day.month, day.day) <= (1, 2):
            weight *= 0.45
        if day.month == 8:
            weight *= 0.9
        if day.month == 1 and 5 <= day.day <= 20:
            weight *= 1.15
        return weight * math.exp(self.dice.gauss(0, 0.09))

    def _instant(self, region: str, day: date | None = None) -> int:
        """A second within the company's year, at an hour that suits the region."""
        while True:
            chosen = day or self.dice.choices(self.days, cum_weights=self.day_weights)[0]
            hour = self.dice.choices(range(24), HOURLY)[0]
            at = local_instant(chosen, hour * 60 + self.dice.randrange(60), self.zones[region])
            second = int(at.timestamp()) + self.dice.randrange(60)
            if self.world.start <= second < self.world.end:
                return second
            day = None

    def _usual(self) -> Arrival:
        dice = self.dice
        reason = dice.choices(REASONS, [reason.weight for reason in REASONS])[0]
        product = dice.choice(reason.products)
        if dice.random() < PROSPECT:
            customer = dice.choice(self.base.prospects)
            at = self._instant(customer.region)
        else:
            customer, at = self._customer_and_instant()
        arrival = self._arrival(customer, at, reason, product)
        arrival.is_staff_opened = arrival.channel == "email" and dice.random() < STAFF_OPENED * 2.5
        arrival.is_spam = arrival.channel in ("email", "web") and dice.random() < SPAM * 1.6
        arrival.is_test = dice.random() < TEST
        if arrival.is_spam or (dice.random() < UNKNOWN and not arrival.is_staff_opened):
            arrival.person = None
        return arrival

    def _customer_and_instant(self) -> tuple[Customer, int]:
        while True:
            customer = self.dice.choices(self.base.customers, cum_weights=self.customer_weights)[0]
            at = self._instant(customer.region)
            if customer.is_customer(at) and not (customer.account == LEAVING_ACCOUNT and self.dice.random() < 0.5):
                return customer, at

    def _arrival(self, customer: Customer, at: int, reason: Reason, product: str) -> Arrival:
        dice = self.dice
        channel = dice.choices(CHANNELS, CHANNEL_WEIGHTS)[0]
        if channel == "phone" and not self.staff.hours["S-EU"].is_open(at):
            channel = "email"
        weights = (8, 52, 29, 11) if customer.is_top_plan else (16, 62, 17, 5)
        priority = dice.choices(PRIORITIES, weights)[0]
        team = TEAM_BY_TOPIC.get(reason.path.split("/")[0], FIRST_LINE[customer.region])
        if channel == "phone":
            team = PHONE_DESK
        return Arrival(at, customer, dice.choice(customer.people), channel, reason, product, priority, team)

    def _spike(self) -> list[Arrival]:
        """The release: many crashes at once, most of them in the first days."""
        found: list[Arrival] = []
        begin = self.world.end_date - timedelta(seconds=self.world.end - release_day(self.world))
        while len(found) < self.world.sized(SPIKE_N, 18):
            customer, _ = self._customer_and_instant()
            day = begin + timedelta(days=min(SPIKE_DAYS - 1, int(self.dice.expovariate(0.28))))
            at = self._instant(customer.region, day)
            if customer.is_customer(at) and release_day(self.world) <= at < release_day(self.world) + SPIKE_DAYS * DAY:
                arrival = self._arrival(customer, at, REASON_BY_PATH[SPIKE_REASON], SPIKE_PRODUCT)
                arrival.priority = self.dice.choice(("normal", "high", "high", "urgent"))
                found.append(arrival)
        return found

    def _leaving(self) -> list[Arrival]:
        """The account about to leave: tickets that come faster and faster."""
        customer = self.base.by_account[LEAVING_ACCOUNT]
        begin, found = trouble_from(self.world), []
        for _ in range(self.world.sized(LEAVING_N, 14)):
            passed = math.sqrt(self.dice.random())
            day = self.world.end_date - timedelta(days=max(1, round((1 - passed) * (self.world.end - begin) / DAY)))
            at = self._instant(customer.region, day)
            reason = REASON_BY_PATH[self.dice.choice(("bug/sync", "bug/sync", "integration/api", "bug/crash"))]
            arrival = self._arrival(customer, at, reason, self.dice.choice(reason.products))
            arrival.is_leaving = True
            arrival.priority = self.dice.choice(("high", "high", "urgent"))
            found.append(arrival)
        return found

    def _duplicate(self, everything: list[Arrival]) -> Arrival:
        """A second ticket about the same thing, minutes or hours after the first; now and then a third."""
        while True:
            first = self.dice.choice(everything[-40:] if self.dice.random() < 0.15 else everything)
            at = first.at + self.dice.randint(8 * MINUTE, 9 * HOUR)
            plain = not (first.is_spam or first.is_test or first.is_staff_opened) and first.person is not None
            if plain and at < self.world.end - DAY and first.channel != "phone" and _length(first) < 3:
                break
        channel = self.dice.choice(("email", "web", "chat"))
        return Arrival(
            at, first.customer, first.person, channel, first.reason, first.product, first.priority, first.team,
            same_as=first,
        )  # fmt: skip


def _length(arrival: Arrival) -> int:
    """How many tickets a chain of duplicates has."""
    return 1 if arrival.same_as is None else 1 + _length(arrival.same_as)


def _summed(weights: list[float]) -> list[float]:
    total, sums = 0.0, []
    for weight in weights:
        total += weight
        sums.append(total)
    return sums
