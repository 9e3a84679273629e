"""Invents accounts, their people, when they were customers, what they subscribed to and ordered."""

from dataclasses import dataclass, field
from datetime import date
from random import Random

from deskmeter.connectors.demo.market import (
    ACQUISITION,
    ACQUISITION_WEIGHTS,
    COUNTRY_WEIGHTS,
    CUSTOMER_NAMES,
    FIRST_SYLLABLES,
    LAST_SYLLABLES,
    LEAVE_REASONS,
    LEAVE_WEIGHTS,
    PLAN_WEIGHTS,
    PLANS,
    REGION_WEIGHTS,
    REGIONS,
    SEGMENT_WEIGHTS,
    SEGMENTS,
    TRADES,
)
from deskmeter.connectors.demo.planted import LEAVING_ACCOUNT, LEAVING_ACCOUNT_NAME
from deskmeter.connectors.demo.roster import ONCE_CUSTOMER, PROMOTED_DAYS, REGION_SCHEDULE
from deskmeter.connectors.demo.sheet import Sheet
from deskmeter.connectors.demo.staff import Staff
from deskmeter.connectors.demo.world import DAY, HOUR, World, date_of

MICROS = 1_000_000
YEAR = 365 * DAY
FOREVER = 1 << 40
ACCOUNTS, FREELANCERS, PROSPECTS = 1_150, 70, 160


@dataclass
class Customer:
    """An account (or a person of their own): its people and when it was a customer; times in UTC seconds."""

    account: str | None
    people: list[str]
    region: str
    segment: str
    plan: int
    stays: list[tuple[int, int]] = field(default_factory=list)
    wish: float = 1.0
    mood: float = 0.0
    is_referred: bool = False

    @property
    def is_top_plan(self) -> bool:
        """Whether it has the plan with round-the-clock service."""
        return self.plan == len(PLANS) - 1

    def is_customer(self, at: int) -> bool:
        """Whether it was a customer at `at`."""
        return any(joined <= at < left for joined, left in self.stays)


@dataclass
class Base:
    """All who may write: customers, and people who are none (prospects)."""

    customers: list[Customer]
    prospects: list[Customer]
    by_account: dict[str, Customer]


def invent_customers(world: World, staff: Staff, sheets: dict[str, Sheet]) -> Base:
    """Fills account, person, customer_span and referral; subscriptions and orders come with the money."""
    dice = world.dice("customers")
    customers: list[Customer] = []
    for index in range(1, world.sized(ACCOUNTS, 80) + 1):
        customers.append(_account(f"C-{index:04}", world, dice, sheets))
    for _ in range(world.sized(FREELANCERS, 6)):
        customers.append(_freelancer(world, dice, sheets))
    prospects = [_prospect(dice, sheets) for _ in range(world.sized(PROSPECTS, 10))]
    once = next(agent for agent in staff.agents.values() if agent.name == ONCE_CUSTOMER)
    joined = world.start - 200 * DAY
    former = Customer(None, [once.id], "europe", SEGMENTS[0], 0, [(joined, world.end - PROMOTED_DAYS * DAY)], 1.5)
    customers.append(former)
    for customer in customers:
        _write_stays(customer, world, dice, sheets)
    _write_referrals(customers, world, dice, sheets)
    return Base(customers, prospects, {c.account: c for c in customers if c.account})


def _account(ident: str, world: World, dice: Random, sheets: dict[str, Sheet]) -> Customer:
    region = dice.choices(tuple(REGIONS), REGION_WEIGHTS)[0]
    segment = dice.choices(SEGMENTS, SEGMENT_WEIGHTS)[0]
    country, language = dice.choices(REGIONS[region], COUNTRY_WEIGHTS[region])[0]
    name = _new_name(len(sheets["account"]))
    won_by = dice.choices(ACQUISITION, ACQUISITION_WEIGHTS)[0]
    plan = dice.choices(range(len(PLANS)), PLAN_WEIGHTS[segment])[0]
    if ident == LEAVING_ACCOUNT:
        region, country, language, segment, plan, name = "europe", "NL", "nl", "enterprise", 3, LEAVING_ACCOUNT_NAME
    sheets["account"].add(
        id=ident, name=name, segment=segment, country=country, acquisition_channel=won_by, language=language
    )
    count = {"small business": 2, "mid-market": 3, "enterprise": 6}[segment] + dice.randint(-1, 1)
    people = [_person(dice, sheets, ident, name, country, language) for _ in range(count)]
    wish = {"small business": 0.7, "mid-market": 1.3, "enterprise": 3.0}[segment] * dice.uniform(0.4, 1.8)
    customer = Customer(ident, people, region, segment, plan, wish=wish, mood=dice.gauss(0, 0.25))
    customer.is_referred = won_by == "referral"
    customer.stays = _stays(world, dice, customer)
    return customer


def _new_name(taken: int) -> str:
    """A name that none of the `taken` accounts before it has; unique up to 3,500 accounts."""
    first = FIRST_SYLLABLES[taken % len(FIRST_SYLLABLES)]
    last = LAST_SYLLABLES[taken // len(FIRST_SYLLABLES) % len(LAST_SYLLABLES)]
    trade = TRADES[(taken // (len(FIRST_SYLLABLES) * len(LAST_SYLLABLES)) * 3 + taken) % len(TRADES)]
    return f"{first}{last} {trade}"


def _person(
    dice: Random, sheets: dict[str, Sheet], account: str | None, company: str, country: str, language: str
) -> str:
    ident = f"P-{len(sheets['person']) + 1:05}"
    first = dice.choice(CUSTOMER_NAMES)
    domain = company.split()[0].lower()
    sheets["person"].add(
        id=ident, name=f"{first} ({company.split()[0]})", email=f"{first.lower()}.{ident[2:]}@{domain}.example",
        role="customer", account=account, language=language, country=country if dice.random() < 0.9 else None,
    )  # fmt: skip
    return ident


def _freelancer(world: World, dice: Random, sheets: dict[str, Sheet]) -> Customer:
    person = _person(dice, sheets, None, "Freelance", "GB", "en")
    customer = Customer(None, [person], "europe", SEGMENTS[0], 0, wish=0.5, mood=dice.gauss(0, 0.25))
    customer.stays = _stays(world, dice, customer)
    return customer


def _prospect(dice: Random, sheets: dict[str, Sheet]) -> Customer:
    region = dice.choice(tuple(REGIONS))
    country, language = dice.choice(REGIONS[region])
    return Customer(None, [_person(dice, sheets, None, "Visitor", country, language)], region, SEGMENTS[0], 0)


def _stays(world: World, dice: Random, customer: Customer) -> list[tuple[int, int]]:
    """One stay, or two for someone who was won back; most joined before the first day."""
    if customer.account == LEAVING_ACCOUNT:
        joined = world.end - 2 * YEAR + 27 * DAY
        return [(joined, FOREVER)]
    before = dice.random() < 0.70
    joined = world.start - dice.randint(1, 1_000) * DAY if before else world.start + dice.randint(0, 364) * DAY
    joined += dice.randint(8 * HOUR, 18 * HOUR)
    monthly = {"small business": 0.017, "mid-market": 0.009, "enterprise": 0.004}[customer.segment]
    stay = max(20, int(dice.expovariate(monthly / 30.4)))
    left = joined + stay * DAY + dice.randint(0, 9 * HOUR)
    if left >= world.end or (left < world.start and dice.random() < 0.7):
        return [(joined, FOREVER)]
    back = left + dice.randint(20, 150) * DAY
    if back < world.end - 5 * DAY and dice.random() < 0.16:
        return [(joined, left), (back, FOREVER)]
    return [(joined, left)]


def _write_stays(customer: Customer, world: World, dice: Random, sheets: dict[str, Sheet]) -> None:
    sheet = sheets["customer_span"]
    for index, (joined, left) in enumerate(customer.stays):
        if joined >= world.end:
            continue
        gone = left < world.end
        sheet.add(
            id=f"CS-{len(sheet) + 1}", account=customer.account,
            person=None if customer.account else customer.people[0], joined_at=joined,
            left_at=left if gone else None,
            reason=dice.choices(LEAVE_REASONS, LEAVE_WEIGHTS)[0] if gone else None,
            is_won_back=True if index or (joined > world.start and dice.random() < 0.02) else None,
        )  # fmt: skip


def _write_referrals(customers: list[Customer], world: World, dice: Random, sheets: dict[str, Sheet]) -> None:
    """Each referred account was brought by an older customer, some weeks before; some referrals led nowhere."""
    sheet = sheets["referral"]
    for customer in customers:
        joined = customer.stays[0][0]
        if not customer.is_referred or joined >= world.end:
            continue
        made = joined - dice.randint(1, 60) * DAY
        older = [other for other in customers[:80] if other.is_customer(made) and other.account]
        if older:
            referrer = dice.choice(older).account
            sheet.add(id=f"RF-{len(sheet) + 1}", referrer=referrer, referred=customer.account, made_at=made)
    for _ in range(world.sized(40, 4)):
        made = dice.randint(world.start, world.end - 1)
        referrer = dice.choice(customers).account
        sheet.add(id=f"RF-{len(sheet) + 1}", referrer=referrer, referred=None, made_at=made)


def next_anniversary(joined: int, after: int) -> date:
    """The first yearly return of the day of joining that lies after `after`."""
    years = (after - joined) // YEAR + 1
    return date_of(joined + max(1, years) * YEAR)


def schedule_of(customer: Customer) -> str:
    """The schedule under which its tickets live."""
    return "S-24" if customer.is_top_plan else REGION_SCHEDULE[customer.region]
