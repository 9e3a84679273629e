"""A desk's own metrics, dimensions and targets: what they answer, and how mistakes are told."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hand_desk import HandRow, at, cells, hand_desk, request, values
from jsonschema import Draft202012Validator

from deskmeter.base.errors import AskerError, DataError
from deskmeter.metrics.catalogue import BUILT_IN, Catalogue
from deskmeter.metrics.dimensions import BUILT_IN as DIMENSIONS
from deskmeter.metrics.own import OwnDefinitions
from deskmeter.metrics.own_published import OWN_FACTS
from deskmeter.metrics.userdefined import load_own, own_schema, targets_schema
from deskmeter.query.access import Access
from deskmeter.query.answer import info
from deskmeter.query.drill import drill
from deskmeter.query.request import Filter

ROOT = Path(__file__).parents[2]
MARCH = ("2026-03-01", "2026-04-01")

OWN = """
metrics:
  loud_share:
    label: Loud tickets
    definition: Share of the tickets about billing whose noise is loud.
    kind: ratio
    of: tickets
    where:
      - {field: reason, op: contains, value: Billing}
    numerator:
      where: [{field: region, value: North}]
  loud_untagged:
    label: Untagged
    definition: Tickets without the tag vip that took less than two replies.
    kind: count
    of: tickets
    where:
      - {field: tag, op: "!=", value: vip}
      - {field: replies, op: below, value: 2}
  askers:
    label: Askers
    definition: Persons who ask.
    kind: count
    of: tickets
    distinct: requester
  points_sum:
    label: Points
    definition: The source's own points, added up.
    kind: sum
    of: tickets
    column: field:points
  points_per_reply:
    label: Points for each reply
    definition: Points of the tickets of the period / replies of the period.
    kind: ratio
    of: tickets
    numerator: {sum: "field:points"}
    denominator: {of: replies}
  quick_wins:
    label: Quick resolutions
    definition: Length of resolutions in seconds.
    kind: quantile
    of: durations
    where: [{field: kind, value: resolution}]
    column: seconds
    statistic: mean
    good: down
  sold:
    label: Sold
    definition: Amounts of upsells.
    kind: sum
    of: orders
    where: [{field: order_kind, value: upsell}, {field: amount, op: above, value: 5}]
    column: amount
dimensions:
  region:
    label: Region
    field: site
    groups: {North: [oslo, bergen], South: rome}
  via:
    label: Way
    of: channel
    groups: {written: [email, web]}
    others: spoken
"""


def ticket(id: str, when: str, who: str, channel: str, **fields: str) -> tuple[HandRow, list[HandRow]]:
    row: HandRow = {"id": id, "requester": who, "channel": channel}
    created: HandRow = {"ticket": id, "kind": "created", "at": at(when)}
    sets: list[HandRow] = [
        {"ticket": id, "kind": "field", "at": at(when), "field": name, "to_value": value}
        for name, value in fields.items()
    ]
    return row, [created, *sets]


def order(person: str, kind: str, micros: int, currency: str) -> HandRow:
    return {"person": person, "paid_at": at("2026-03-10"), "kind": kind, "amount_micros": micros, "currency": currency}


def own_of(folder: Path, text: str, name: str = "mine.yml") -> OwnDefinitions:
    (folder / "metrics").mkdir(exist_ok=True)
    (folder / "metrics" / name).write_text(text, encoding="utf-8")
    return load_own(folder, BUILT_IN)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Access]:
    own = own_of(tmp_path_factory.mktemp("desk"), OWN)
    made = [
        ticket("T1", "2026-03-02 09:00", "cleo", "email", reason="billing/refund", site="oslo", points="3"),
        ticket("T2", "2026-03-03 09:00", "cleo", "phone", reason="Billing", site="rome", points="4.5"),
        ticket("T3", "2026-03-04 09:00", "dan", "web", reason="access", site="oslo", points="none"),
        ticket("T4", "2026-03-05 09:00", "dan", "chat", reason="billing/refund", site="lund"),
    ]
    events = [event for _, one in made for event in one]
    events += [
        {"ticket": "T1", "kind": "tag_added", "at": at("2026-03-02 10:00"), "to_value": "vip"},
        {"ticket": "T1", "kind": "tag_added", "at": at("2026-03-02 10:00"), "to_value": "new"},
        {"ticket": "T2", "kind": "tag_added", "at": at("2026-03-03 10:00"), "to_value": "new"},
        {"ticket": "T1", "kind": "message", "at": at("2026-03-02 11:00"), "actor": "ana", "direction": "out"},
        {"ticket": "T3", "kind": "message", "at": at("2026-03-04 10:30"), "actor": "ana", "direction": "out"},
        {"ticket": "T3", "kind": "message", "at": at("2026-03-04 11:00"), "actor": "ana", "direction": "out"},
        {"ticket": "T1", "kind": "status", "at": at("2026-03-02 13:00"), "actor": "ana", "to_value": "solved"},
        {"ticket": "T3", "kind": "status", "at": at("2026-03-04 11:00"), "actor": "ana", "to_value": "solved"},
    ]
    orders = [
        order("cleo", "upsell", 10_500_000, "EUR"),
        order("dan", "upsell", 20_000_000, "USD"),
        order("dan", "upsell", 5_000_000, "USD"),
        order("dan", "new", 90_000_000, "USD"),
    ]
    tables: dict[str, list[HandRow]] = {
        "ticket": [row for row, _ in made],
        "event": events,
        "person": [{"id": "ana", "name": "Ana", "role": "staff"}],
        "status_stage": [{"status": "solved", "stage": "solved"}],
        "order": orders,
    }
    access = hand_desk(tables, "2026-04-10", own.metrics, own.dimensions)
    yield access
    access.engine.close()


def test_a_share_of_rows_is_a_share_with_its_interval(desk: Access) -> None:
    # about billing: T1, T2, T4; in the North: T1
    found = cells(desk, request("loud_share", MARCH))[()]
    assert (found.value, found.numerator, found.denominator) == (1 / 3, 1, 3)
    assert found.low is not None
    assert desk.metrics["loud_share"].unit == "share"


def test_of_several_tags_none_may_be_the_one_excluded(desk: Access) -> None:
    # T1 has the tag vip; T3 took two replies; T2 and T4 remain
    assert values(desk, request("loud_untagged", MARCH, ("ticket",))) == {("T2",): (1, 1), ("T4",): (1, 1)}


def test_distinct_things_are_counted_once(desk: Access) -> None:
    assert values(desk, request("askers", MARCH)) == {(): (2, 2)}


def test_a_custom_field_can_be_added_up(desk: Access) -> None:
    # `none` is no number and no 0
    assert cells(desk, request("points_sum", MARCH))[()].value == 7.5
    assert cells(desk, request("points_per_reply", MARCH))[()].value == 2.5


def test_a_sum_of_nothing_is_null(desk: Access) -> None:
    assert values(desk, request("points_sum", ("2026-01-01", "2026-02-01"))) == {(): (None, 0)}


def test_a_quantile_takes_every_statistic_and_clock(desk: Access) -> None:
    # 4 hours and 2 hours
    assert values(desk, request("quick_wins", MARCH)) == {(): (10_800, 2)}
    assert values(desk, request("quick_wins", MARCH, stat="p90")) == {(): (13_680, 2)}
    assert desk.metrics["quick_wins"].clocks == ("calendar", "business")


def test_money_of_two_currencies_is_not_added_up(desk: Access) -> None:
    assert cells(desk, request("sold", MARCH))[()].value is None
    assert values(desk, request("sold", MARCH, ("currency",))) == {("EUR",): (10.5, 1), ("USD",): (20, 1)}


def test_own_dimensions_split_built_in_metrics(desk: Access) -> None:
    assert values(desk, request("tickets_created", MARCH, ("region",))) == {
        ("North",): (2, 2),
        ("South",): (1, 1),
        ("lund",): (1, 1),
    }
    assert values(desk, request("tickets_created", MARCH, ("via",))) == {("written",): (2, 2), ("spoken",): (2, 2)}
    assert values(desk, request("resolutions", MARCH, ("region_then",))) == {("North",): (2, 2)}
    spoken = Filter("via", "=", ("spoken",))
    assert values(desk, request("tickets_created", MARCH, ("region",), (spoken,))) == {
        ("South",): (1, 1),
        ("lund",): (1, 1),
    }


def test_own_metrics_split_and_drill_like_built_in_ones(desk: Access) -> None:
    assert values(desk, request("quick_wins", MARCH, ("agent",))) == {("Ana",): (10_800, 2)}
    asked = request("loud_share", MARCH)
    metric = desk.metrics["loud_share"]
    rows = drill(desk, asked, info(metric, asked.metrics[0], asked, metric.id))
    assert (rows.total_n, rows.numerator, rows.denominator) == (3, 1, 3)
    with pytest.raises(AskerError, match="`loud_share` cannot be split by `item`"):
        cells(desk, request("loud_share", MARCH, ("item",)))


def test_published_columns_are_those_of_the_facts(desk: Access) -> None:
    names = {"ticket_id", "customer"}
    for dimension in DIMENSIONS.values():
        if dimension.of == "row":
            names.add(dimension.column or dimension.id)
        elif dimension.of in ("ticket", "plan"):
            names.add(dimension.id)
    for fact in OWN_FACTS.values():
        table = desk.columns[fact.table]
        assert {basis.column for basis in fact.bases} <= set(table), fact.name
        assert {column for basis in fact.bases for column in basis.dims.values()} <= set(table), fact.name
        assert set(fact.things.values()) <= set(table), fact.name
        assert {column.holds or column.name for column in fact.columns if column.reads is None} <= set(table), fact.name
        assert set(fact.has) - {"at_us"} == {"source", *(name for name in table if name in names)}, fact.name


def test_every_published_column_can_be_read(desk: Access, tmp_path: Path) -> None:
    lines = ["metrics:"]
    for fact in OWN_FACTS.values():
        for column in fact.columns:
            kind = "sum" if column.kind in ("number", "seconds", "money") else "count"
            lines += [f"  {fact.name}_{column.name}_x:", "    label: x", "    definition: x", f"    of: {fact.name}"]
            lines += [f"    kind: {kind}", f"    where: [{{field: {column.name}, op: not null}}]"]
            lines += [f"    column: {column.name}"] if kind == "sum" else []
    own = own_of(tmp_path, "\n".join(lines))
    access = Access(desk.engine, desk.as_of_us, Catalogue(own.metrics), {}, {})
    for metric in own.metrics:
        assert () in cells(access, request(metric.id, MARCH))


def test_schemas_are_published() -> None:
    assert (ROOT / "docs" / "own-metrics.schema.json").read_text(encoding="utf-8") == own_schema()
    assert (ROOT / "docs" / "targets.schema.json").read_text(encoding="utf-8") == targets_schema()


def test_examples_fit_schema_and_loader() -> None:
    own = load_own(ROOT / "examples", BUILT_IN)
    assert {metric.id for metric in own.metrics} >= {"made_sla_share", "never_reassigned"}
    assert all(metric.origin == "user" for metric in own.metrics)
    assert len(own.targets) == 3
    schemas = {"metrics/servicenow.yml": own_schema(), "targets.yml": targets_schema()}
    for name, schema in schemas.items():
        plain = json.loads(
            json.dumps(yaml.safe_load((ROOT / "examples" / name).read_text(encoding="utf-8")), default=str)
        )
        Draft202012Validator(json.loads(schema)).validate(plain)
    assert Draft202012Validator(json.loads(own_schema())).is_valid(yaml.safe_load(OWN))


def test_a_desk_without_definitions_has_none(tmp_path: Path) -> None:
    assert load_own(tmp_path, BUILT_IN) == OwnDefinitions()


BASE = """\
metrics:
  mine:
    label: Mine
    definition: Mine.
    kind: count
    of: tickets
"""

MISTAKES = {
    "unknown fact": (
        BASE.replace("of: tickets", "of: ticket"), "metrics/mine.yml:6: no fact `ticket`; did you mean `tickets`"
    ),
    "unknown setting": (BASE + "    were: []\n", "metrics/mine.yml:7: no setting `were` here; did you mean `where`?"),
    "unknown kind": (BASE.replace("count", "cuont"), "metrics/mine.yml:5: `cuont` is no `kind`; did you mean `count`?"),
    "unknown column": (
        BASE + "    where: [{field: replys, value: 1}]\n",
        "metrics/mine.yml:7: `tickets` has no column or dimension `replys`; did you mean `replies`",
    ),
    "a number compared with a word": (
        BASE + "    where:\n      - {field: replies, value: many}\n",
        "metrics/mine.yml:8: `replies` is a number and is compared with numbers",
    ),
    "a flag compared with a word": (
        BASE + "    where:\n      - {field: is_resolved, value: yes}\n",
        "metrics/mine.yml:8: `is_resolved` is true or false; write value: true or value: false",
    ),
    "a dimension of other things": (
        BASE + "    where: [{field: item, value: x}]\n",
        "metrics/mine.yml:7: `tickets` cannot be told apart by `item`: they have no item",
    ),
    "an hour": (
        BASE + "    where: [{field: hour, value: 9}]\n",
        "metrics/mine.yml:7: `hour` depends on the question; filter by it with --where",
    ),
    "unknown instant": (
        BASE + "    at: resolvd\n", "metrics/mine.yml:7: `tickets` has no instant `resolvd`; did you mean `resolved`"
    ),
    "unknown thing": (
        BASE + "    distinct: requestr\n",
        "metrics/mine.yml:7: `tickets` has no `requestr` to count; did you mean `requester`",
    ),
    "missing column": (BASE.replace("count", "sum"), "metrics/mine.yml:2: `column` is missing: sum needs it"),
    "a text added up": (
        BASE.replace("count", "sum").replace("tickets", "calls") + "    column: outcome\n",
        "metrics/mine.yml:7: `outcome` is no number but a text",
    ),
    "a setting of another kind": (
        BASE + "    statistic: p90\n", "metrics/mine.yml:2: `statistic` goes with quantile, not with count"
    ),
    "a bare sign": (
        BASE + "    where: [{field: replies, op: >=, value: 1}]\n", 'write signs in quotes, such as op: ">="'
    ),
    "too few values": (
        BASE + "    where: [{field: replies, op: between, value: 1}]\n",
        "metrics/mine.yml:7: `between` takes two values, such as [1, 5]",
    ),
    "a built-in id": (BASE.replace("mine:", "csat:"), "metrics/mine.yml:2: the metric `csat` is built in"),
    "a bad id": (BASE.replace("mine:", "My Metric:"), "metrics/mine.yml:2: `My Metric` is no good id"),
    "a dimension that exists": (
        "dimensions:\n  team:\n    label: x\n    field: y\n", "metrics/mine.yml:2: `team` is taken"
    ),
    "a dimension of nothing": ("dimensions:\n  x:\n    label: x\n", "a dimension needs either `field`"),
    "an unknown base": (
        "dimensions:\n  x:\n    label: x\n    of: chanel\n    groups: {a: b}\n",
        "metrics/mine.yml:4: no dimension `chanel`; did you mean `channel`",
    ),
    "a value in two groups": (
        "dimensions:\n  x:\n    label: x\n    field: y\n    groups:\n      a: [1]\n      b: [1]\n",
        "metrics/mine.yml:7: `1` is in `a` and in `b`",
    ),
    "twice the same": (BASE + "  mine: {}\n", "metrics/mine.yml:7: `mine` stands here a second time (first in line 2)"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_name_file_line_and_way_out(name: str, tmp_path: Path) -> None:
    text, expected = MISTAKES[name]
    with pytest.raises(DataError) as caught:
        own_of(tmp_path, text)
    assert expected in str(caught.value)


def test_two_files_may_not_define_one_metric(tmp_path: Path) -> None:
    own_of(tmp_path, BASE, "a.yml")
    with pytest.raises(DataError, match=r"metrics/b\.yml:2: `mine` is defined in metrics/a\.yml too"):
        own_of(tmp_path, BASE, "b.yml")


TARGET_MISTAKES = {
    "unknown metric": ("metric: cast\n    at_least: 90%", "targets.yml:2: no metric `cast`; did you mean `csat`"),
    "wrong unit": ("metric: first_reply_time\n    at_most: 4", "targets.yml:3: `4` is no length of time; write for"),
    "more than the whole": ("metric: csat\n    at_least: 85", "targets.yml:3: `85` is more than the whole"),
    "no goal": ("metric: csat", "targets.yml:2: a target needs exactly one of `at_least`, `at_most` and `between`"),
    "no statistic": ("metric: csat\n    statistic: p90\n    at_least: 90%", "`csat` has no statistic `p90`"),
    "ends reversed": ("metric: csat\n    between: [90%, 80%]", "targets.yml:3: `between` has its ends reversed"),
    "two scopes": ("metric: csat\n    at_least: 90%\n    team: A\n    agent: B", "not for two of them"),
    "the same twice": (
        "metric: csat\n    at_least: 90%\n  - metric: csat\n    at_least: 80%",
        "targets.yml:4: a second target for the same (`csat at least 90% by month`) that begins on the same day",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TARGET_MISTAKES)
def test_mistakes_in_targets(name: str, tmp_path: Path) -> None:
    text, expected = TARGET_MISTAKES[name]
    (tmp_path / "targets.yml").write_text(f"targets:\n  - {text}\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_own(tmp_path, BUILT_IN)
    assert expected in str(caught.value)
