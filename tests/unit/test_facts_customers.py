"""Customers, plans, revenue and orders of a spring, counted by hand. All of the arithmetic stands beside its numbers."""

from dataclasses import replace

import pytest
from hand_desk import HandRow, at, cells, hand_desk, request, values

from deskmeter.base.errors import AskerError
from deskmeter.query.access import Access
from deskmeter.query.drill import drill
from deskmeter.query.request import Filter
from deskmeter.query.result import Cell, MetricInfo

MARCH = ("2026-03-01", "2026-04-01")
THREE_WEEKS = ("2026-03-01", "2026-03-22")
HERE = (Filter("source", "=", ("s",)),)
THERE = (Filter("source", "=", ("fx",)),)
EURO = 1_000_000


def _stay(account: str | None, joined: str, left: str | None = None, **more: object) -> HandRow:
    return {"account": account, "joined_at": at(joined), "left_at": left and at(left), **more}


def _plan(account: str, plan: str, euros: int, begins: str, ends: str | None = None, **more: object) -> HandRow:
    row = {"account": account, "plan": plan, "mrr_micros": euros * EURO, "currency": "EUR"}
    return {**row, "from_at": at(begins), "to_at": ends and at(ends), **more}


def _order(paid: str, euros: int, cost: int | None, **more: object) -> HandRow:
    micros = {"amount_micros": euros * EURO, "cost_micros": None if cost is None else cost * EURO}
    return {"paid_at": at(paid), **micros, "currency": "EUR", **more}


TABLES: dict[str, list[HandRow]] = {
    "account": [
        {"id": "acme", "name": "Acme", "segment": "large", "acquisition_channel": "fair"},
        {"id": "bolt", "name": "Bolt", "segment": "small"},
        {"id": "cora", "name": "Cora", "segment": "small"},
        {"source": "fx", "id": "eve", "name": "Eve"},
        {"source": "fx", "id": "fay", "name": "Fay"},
    ],
    "person": [
        {"id": "pia", "name": "Pia", "account": "acme"},
        {"id": "quin", "name": "Quin"},
        {"id": "ana", "name": "Ana", "role": "staff"},
    ],
    "customer_span": [
        _stay("acme", "2025-06-01", "2026-03-10", reason="price"),
        _stay(None, "2026-03-10", "2026-03-20", person="pia", reason="service"),  # touches: one span of Acme
        _stay("acme", "2026-03-25"),
        _stay("bolt", "2026-01-01"),
        _stay(None, "2026-03-05", person="quin"),
        _stay("cora", "2026-02-01", "2026-02-01"),  # does not last
        _stay("eve", "2026-01-01", source="fx"),
        _stay("fay", "2026-01-01", source="fx"),
    ],
    "subscription_span": [
        _plan("acme", "basic", 10, "2025-06-01", "2026-03-20"),
        _plan("acme", "pro", 30, "2026-03-25"),
        _plan("bolt", "basic", 20, "2026-01-01"),
        _plan("bolt", "pro", 50, "2026-03-15"),
        _plan("eve", "basic", 40, "2026-01-01", "2026-03-15", source="fx"),
        _plan("eve", "basic", 45, "2026-03-15", source="fx", currency="USD"),
        _plan("fay", "basic", 40, "2026-01-01", source="fx"),
        _plan("fay", "pro", 5, "2026-03-10", source="fx", currency="USD"),
    ],
    "order": [
        _order("2026-01-10", 100, 40, person="pia"),
        _order("2026-03-02", 50, 10, account="acme", kind="upsell", agent="ana"),
        _order("2026-03-12", -50, -10, account="acme", kind="upsell", agent="ana"),
        _order("2026-03-03", 20, None, account="bolt", kind="renewal"),
        _order("2026-03-04", 30, 10, kind="cross_sell", agent="ana"),
    ],
    "ticket": [
        {"id": "t1", "requester": "pia", "channel": "email"},
        {"id": "t2", "requester": "stray", "channel": "email"},
    ],
    "event": [
        {"ticket": "t1", "at": at("2026-03-03 09:00"), "kind": "created", "actor": "pia"},
        {"ticket": "t2", "at": at("2026-03-04 09:00"), "kind": "created", "actor": "stray"},
    ],
    "referral": [
        {"referrer": "bolt", "referred": "acme", "made_at": at("2026-03-11")},
        {"referrer": "bolt", "referred": "pia", "made_at": at("2026-03-12")},  # the same joining: it counts once
    ],
}


@pytest.fixture(scope="module")
def desk() -> Access:
    return hand_desk(TABLES, "2026-04-20")


def _by(desk: Access, metric: str, period: tuple[str, str], *by: str) -> dict[str, float | None]:
    return {key[0] if key else "": cell.value for key, cell in _cells(desk, metric, period, *by).items()}


def _cells(desk: Access, metric: str, period: tuple[str, str], *by: str) -> dict[tuple[str, ...], Cell]:
    return cells(desk, request(metric, period, by, HERE))


def _one(desk: Access, metric: str, period: tuple[str, str] = MARCH) -> float | None:
    return _by(desk, metric, period)[""]


def test_start_plus_new_less_lost_is_end(desk: Access) -> None:
    # start: Acme, Bolt; new: Acme again and Quin; lost: Acme once; end: Acme, Bolt, Quin
    assert [_one(desk, f"customers_{word}") for word in ("start", "new", "lost", "end")] == [2, 2, 1, 3]
    assert _one(desk, "customers_won_back") == 1


def test_a_span_that_touches_the_next_is_no_leaving(desk: Access) -> None:
    # Acme's own span ends on the 10th, where its person's begins: it left on the 20th, for that row's reason
    assert _by(desk, "churn_reasons", MARCH, "churn_reason") == {"service": 1}
    assert _by(desk, "churn_reasons", ("2026-03-01", "2026-03-15")) == {"": 0}


def test_a_span_that_does_not_last_is_set_aside(desk: Access) -> None:
    rows = desk.engine.fetch(desk.table("set_aside_span")).to_pylist()
    assert [row["customer"] for row in rows] == ["s/cora"]


def test_retention_counts_joinings_and_its_cohort_counts_customers(desk: Access) -> None:
    assert _one(desk, "retention_rate") == 0.5  # (3 - 2) / 2
    assert _one(desk, "retention_rate_cohort") == 1.0  # Acme left and came back
    assert _one(desk, "churn_rate") == 0.0
    assert _one(desk, "churn_rate", THREE_WEEKS) == 0.5
    assert _one(desk, "churned_customers", THREE_WEEKS) == 1


def test_by_plan_the_identity_needs_the_moves(desk: Access) -> None:
    found = {word: _by(desk, f"customers_{word}", MARCH, "plan") for word in ("start", "new", "lost", "end")}
    assert found["start"] == {"basic": 2}
    assert found["new"] == {"pro": 1, "(none)": 1}
    assert found["lost"] == {"basic": 1}  # the plan just before the leaving
    assert found["end"] == {"pro": 2, "(none)": 1}
    assert _by(desk, "customers_moved_in", MARCH, "plan") == {"pro": 1}  # Bolt, on the 15th
    assert _by(desk, "customers_moved_out", MARCH, "plan") == {"basic": 1}


def test_retention_rate_is_not_split_by_plan(desk: Access) -> None:
    with pytest.raises(AskerError, match="`retention_rate` cannot be split by `plan`: customers change plans"):
        _by(desk, "retention_rate", MARCH, "plan")


def test_customers_have_no_agent(desk: Access) -> None:
    with pytest.raises(AskerError, match="`churn_rate` cannot be split by `agent`"):
        _by(desk, "churn_rate", MARCH, "agent")


@pytest.mark.parametrize("metric", ["customers_start", "customers_new", "referred_share", "customer_survival_km"])
def test_a_later_reason_for_leaving_does_not_leak_back(desk: Access, metric: str) -> None:
    with pytest.raises(AskerError, match="cannot be split by `churn_reason`"):
        _by(desk, metric, MARCH, "churn_reason")


def test_a_referral_explains_one_joining(desk: Access) -> None:
    cell = _cells(desk, "referred_share", MARCH)[()]
    assert (cell.numerator, cell.denominator) == (1, 2)


def test_survival_reads_each_joining(desk: Access) -> None:
    # Acme left after 292 days; Bolt is watched for 109
    asked = request("customer_survival_km", ("2025-06-01", "2026-02-01"), (), HERE)
    assert values(desk, replace(asked, options=(("months", "3"),))) == {(): (1.0, 2)}
    assert values(desk, replace(asked, options=(("months", "9"),))) == {(): (1.0, 2)}  # 273.9 days: Acme was there
    assert values(desk, replace(asked, options=(("months", "12"),))) == {(): (0.0, 2)}  # nobody is left to watch


def test_recurring_revenue_at_the_end(desk: Access) -> None:
    # Acme 30, Bolt 20 + 50
    assert _one(desk, "mrr") == 100
    assert _by(desk, "mrr", MARCH, "plan") == {"basic": 20, "pro": 80}  # each subscription's own plan
    assert _one(desk, "arpa") == 50
    assert _by(desk, "arpa", MARCH, "plan") == {"pro": 50}  # the account's plan


def test_movements_of_the_start_s_revenue(desk: Access) -> None:
    # start: Acme 10 + Bolt 20 = 30. By the 22nd Acme is lost and Bolt has grown by 50
    assert _one(desk, "revenue_churn", THREE_WEEKS) == pytest.approx(10 / 30)
    assert _one(desk, "gross_retention", THREE_WEEKS) == pytest.approx(20 / 30)
    assert _one(desk, "net_retention", THREE_WEEKS) == pytest.approx(70 / 30)
    # by the end of March Acme is back with 30: grown by 20, nothing lost
    assert _one(desk, "revenue_churn") == 0
    assert _one(desk, "net_retention") == pytest.approx(100 / 30)


def test_money_is_never_added_up_across_currencies(desk: Access) -> None:
    found = cells(desk, request("mrr", MARCH, (), THERE))[()]
    assert found.value is None
    assert found.notes == ("more than one currency; split by `currency`",)
    # the end of March: Fay 40 EUR and 5 USD, Eve 45 USD
    assert values(desk, request("mrr", MARCH, ("currency",), THERE)) == {("EUR",): (40, 1), ("USD",): (50, 2)}
    assert values(desk, request("mrr", MARCH, (), (*THERE, Filter("currency", "=", ("EUR",))))) == {(): (40, 1)}


def test_a_change_of_currency_is_no_movement(desk: Access) -> None:
    asked = request("net_retention", MARCH, ("currency",), THERE)
    found = cells(desk, asked)
    assert (found["EUR",].value, found["EUR",].n) == (1.0, 2)
    assert found["EUR",].notes == ("accounts that changed currency, left out: 1",)
    assert found["USD",].value is None  # Fay's 5 USD grew out of nothing in that currency


def test_a_table_of_rates_makes_one_currency(desk: Access) -> None:
    rated = replace(desk, settings={"rates": {"USD": 0.5}, "base_currency": "EUR"}, texts={})
    assert values(rated, request("mrr", MARCH, (), THERE)) == {(): (65.0, 3)}
    # Eve 40 -> 22.50, Fay 40 -> 42.50 of 80
    assert values(rated, request("gross_retention", MARCH, (), THERE)) == {(): (62.5 / 80, 2)}
    assert values(rated, request("net_retention", MARCH, (), THERE)) == {(): (65 / 80, 2)}


def test_lifetime_value_to_date_leaves_unknown_costs_out(desk: Access) -> None:
    # 60 + 40 - 40 + 20 of the unknown customer, for Acme, Bolt and Quin
    cell = _cells(desk, "lifetime_value_historic", MARCH)[()]
    assert cell.value == pytest.approx(80 / 3)
    assert (cell.numerator, cell.denominator) == (80, 3)
    assert cell.notes == ("orders of unknown cost, left out: 1",)


def test_lifetime_value_is_null_where_nobody_churned(desk: Access) -> None:
    assert _one(desk, "lifetime_value_predicted") is None
    # by the 22nd: Bolt alone pays 70; margin share 80 of 130; half of the customers churned in 21 days
    monthly_churn = 1 - 0.5 ** (30.4375 / 21)
    assert _one(desk, "lifetime_value_predicted", THREE_WEEKS) == pytest.approx(70 * 80 / 130 / monthly_churn)


@pytest.mark.parametrize(
    "metric", ["mrr", "arpa", "net_retention", "lifetime_value_historic", "upsells_per_agent_revenue", "retention_rate"]
)
def test_the_rows_behind_money_add_up_to_it(desk: Access, metric: str) -> None:
    asked = request(metric, THREE_WEEKS, (), HERE)
    cell, rows = cells(desk, asked)[()], drill(desk, asked, _info(metric))
    assert rows.numerator == pytest.approx(cell.value if cell.numerator is None else cell.numerator)
    assert cell.denominator is None or rows.denominator == pytest.approx(cell.denominator)


def test_rows_of_two_currencies_have_no_sum(desk: Access) -> None:
    rows = drill(desk, request("mrr", MARCH, (), THERE), _info("mrr"))
    assert (rows.total_n, rows.value, rows.numerator) == (3, None, None)


def _info(metric: str) -> MetricInfo:
    return MetricInfo(metric, metric, metric, "money", "", "", None, "", "", "1", "up")


def test_renewals_are_no_second_orders(desk: Access) -> None:
    assert values(desk, request("rebuy_rate", ("2026-01-01", "2026-02-01"), (), HERE)) == {(): (1.0, 1)}
    assert values(desk, request("rebuy_rate", MARCH, (), HERE)) == {(): (None, 0)}


def test_upsells_are_counted_and_their_refunds_subtracted(desk: Access) -> None:
    assert _by(desk, "upsells_per_agent", MARCH, "agent") == {"Ana": 1}
    assert _by(desk, "upsells_per_agent_revenue", MARCH, "agent") == {"Ana": 0}
    assert _one(desk, "cross_sells_per_agent_revenue") == 30


def test_frequencies_are_of_paying_customers(desk: Access) -> None:
    # Acme and Bolt pay; Acme bought an upsell; the cross-sell's customer is unknown
    assert _one(desk, "upsell_frequency") == 0.5
    assert _one(desk, "cross_sell_frequency") == 0


def test_tickets_of_others_stand_beside(desk: Access) -> None:
    found = _cells(desk, "tickets_per_customer", MARCH)[()]
    assert (found.numerator, found.denominator, found.notes) == (1, 3, ("tickets of others, beside: 1",))
    assert _one(desk, "contact_rate_customers") == pytest.approx(1 / 3)
    assert _by(desk, "tickets_per_customer", MARCH, "channel") == {"email": pytest.approx(1 / 3)}


def test_who_left_at_the_first_instant_is_not_active(desk: Access) -> None:
    cell = _cells(desk, "tickets_per_customer", ("2026-03-20", "2026-03-25"))[()]
    assert cell.denominator == 2  # Bolt and Quin


def test_value_bands_cut_the_customers_of_the_start(desk: Access) -> None:
    # Acme 10, Bolt 20, Eve and Fay 40: the cuts are 17.5, 30 and 40; who lies on a cut is in the lower band
    assert _by(desk, "customers_start", MARCH, "value_band") == {"Q1": 1, "Q2": 1}
    assert values(desk, request("customers_start", MARCH, ("value_band",), THERE)) == {("Q3",): (2, 2)}


def test_without_customer_spans_subscriptions_make_customers() -> None:
    tables: dict[str, list[HandRow]] = {
        "account": [{"id": "acme"}, {"id": "bolt"}],
        "customer_span": [_stay("bolt", "2026-02-01", "2026-02-01")],  # does not last, so it does not count
        "subscription_span": [_plan("acme", "a", 1, "2026-01-01", "2026-02-01"), _plan("acme", "b", 2, "2026-02-01")],
    }
    desk = hand_desk(tables, "2026-04-20")
    assert [_one(desk, f"customers_{word}") for word in ("start", "new", "lost", "end")] == [1, 0, 0, 1]
    assert _by(desk, "customers_end", MARCH, "plan") == {"b": 1}


def test_the_plan_of_a_customer_is_compared_by_the_desks_own_rates() -> None:
    """Compiled steps are kept between desks: they must not keep another desk's rates."""
    spans = [
        {"person": "p", "plan": "yen", "mrr_micros": 100, "currency": "JPY", "from_at": at("2026-03-01")},
        {"person": "p", "plan": "euro", "mrr_micros": 50, "currency": "EUR", "from_at": at("2026-03-01")},
    ]
    found = []
    for rates in ((), (("JPY", 0.006),), ()):
        engine = hand_desk({"subscription_span": spans}, as_of="2026-03-20", rates=rates).engine
        found.append(engine.read("plan_span")["plan"].to_pylist())
        engine.close()
    assert found == [["yen"], ["euro"], ["yen"]]
