"""Product against oracle: many histories in one desk, one question at a time, every difference with its story."""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from deskmeter.base.errors import AskerError
from deskmeter.base.time import to_micros
from deskmeter.canon.schema import TABLES, Kind
from deskmeter.engines.duckdb import DuckDBEngine
from deskmeter.engines.protocol import Engine
from deskmeter.facts.build import build, load_canonical
from deskmeter.facts.tables import BuildSettings
from deskmeter.metrics.catalogue import Catalogue
from deskmeter.query.access import Access
from deskmeter.query.request import Filter, MetricAsk, Period, Request
from deskmeter.query.result import Result
from deskmeter.query.run import bucket_starts, measure
from oracle.answer import Key, ask_desk
from oracle.asked import instant
from oracle.desk import Desk
from oracle.draw import AS_OF
from oracle.histories import random_history
from oracle.records import Cell
from oracle.rows import History

Question = dict[str, Any]
# numbers of the product that are a statistic of the oracle's number
ASKED_AS = {"unanswered_age": "unanswered", "waiting_time": "waiting_now"}
PARTS = ("value", "n", "numerator", "denominator")
ARROW: dict[Kind, pa.DataType] = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
}


def many_histories(seeds: Iterable[int]) -> History:
    """The histories of these seeds side by side, each a source of its own (s0, s1 ...)."""
    together: History = {name: [] for name in TABLES}
    for seed in seeds:
        for name, rows in random_history(random.Random(seed), f"s{seed}").items():
            together[name].extend(rows)
    return together


def arrow_tables(history: History) -> dict[str, pa.Table]:
    """The rows as canonical tables."""
    found = {}
    for name, rows in history.items():
        columns = TABLES[name].columns
        found[name] = pa.table(
            {one.name: pa.array([row.get(one.name) for row in rows], ARROW[one.type]) for one in columns}
        )
    return found


def reader(engine: Engine, as_of: datetime = AS_OF) -> Access:
    """What reads the facts that `engine` holds."""
    return Access(engine, to_micros(as_of.replace(tzinfo=UTC)), Catalogue(), {}, {"rates": {}, "base_currency": None})


def product_of(tables: Mapping[str, pa.Table], as_of: datetime = AS_OF) -> Access:
    """The product over canonical tables, without a ledger: the same two steps by which a desk builds."""
    engine = DuckDBEngine()
    load_canonical(engine, tables)
    build(engine, BuildSettings(to_micros(as_of.replace(tzinfo=UTC))))
    return reader(engine, as_of)


def request_of(question: Question) -> Request:
    """A question in the product's own form."""
    zone = question.get("zone") or "UTC"
    first, last = (instant(edge, zone).replace(tzinfo=UTC) for edge in question["period"])
    where = tuple(Filter(d, op, tuple(map(str, values))) for d, op, values in question.get("where") or ())
    return Request(
        metrics=(MetricAsk(question["metric"], question.get("stat"), None, question.get("within_s")),),
        period=Period(first, last),
        zone=zone,
        by=tuple(question.get("by") or ()),
        grain=question.get("grain"),
        where=where,
        clock=question.get("clock") or "calendar",
        schedule_policy=question.get("schedule_policy") or "as_lived",
        intervals=False,
        week_start=question.get("week_start") or 0,
        options=tuple((key, str(value)) for key, value in (question.get("options") or {}).items()),
    )


def ask_product(access: Access, question: Question) -> dict[Key, Cell]:
    """The product's answer in the oracle's form."""
    request = request_of(question)
    numbers = measure(access, request, request.metrics[0], request.period, request.by, request.grain is not None)
    starts = bucket_starts(access, request)
    found = {}
    for (key, bucket), one in numbers.cells.items():
        start = starts[bucket].replace(tzinfo=None) if request.grain else None
        more = {} if one.n_open is None else {"n_open": one.n_open}
        found[(*key, start)] = {name: getattr(one, name) for name in PARTS} | more
    return found


def cells_of(result: Result) -> dict[Key, Cell]:
    """A whole answer about one metric in the oracle's form."""
    name = result.metrics[0].key
    found = {}
    for row in result.rows:
        one = row.cells[name]
        more = {} if one.n_open is None else {"n_open": one.n_open}
        start = row.period.replace(tzinfo=None) if row.period else None
        found[(*row.keys, start)] = {part: getattr(one, part) for part in PARTS} | more
    return found


def ask_oracle(desk: Desk, question: Question) -> dict[Key, Cell]:
    """The oracle's answer; a bucket that the period cuts is named by the instant at which it is cut."""
    first = instant(question["period"][0], question.get("zone") or "UTC")
    answers = ask_desk(desk, question)
    return {(*key[:-1], key[-1] and max(key[-1], first)): cell for key, cell in answers.items()}


@dataclass(frozen=True)
class Difference:
    """One cell that is not the same."""

    question: Question
    key: Key
    product: Cell | None
    oracle: Cell | None


@dataclass
class Comparison:
    """All that was compared, and what differed."""

    questions: int = 0
    cells: int = 0
    refused: list[tuple[Question, str]] = field(default_factory=list)
    differences: dict[str, list[Difference]] = field(default_factory=lambda: defaultdict(list))
    families: dict[str, str] = field(default_factory=dict)

    def ask(self, access: Access, desk: Desk, question: Question) -> None:
        """Put one question to both."""
        self.questions += 1
        self.families[question["metric"]] = access.metrics[question["metric"]].family
        try:
            mine = ask_product(access, question)
        except AskerError as error:
            self.refused.append((question, str(error)))
            return
        theirs = ask_oracle(desk, question | {"metric": ASKED_AS.get(question["metric"], question["metric"])})
        self.cells += len(mine.keys() | theirs.keys())
        self.differences[question["metric"]].extend(same_answers(question, mine, theirs))

    @property
    def count(self) -> int:
        """How many cells differ."""
        return sum(map(len, self.differences.values()))

    def report(self, history: History, per_metric: int = 3) -> str:
        """The differences by metric, the first few with the story behind them."""
        lines = [f"{self.count} of {self.cells} cells differ in {self.questions} questions"]
        for metric, found in sorted(self.differences.items()):
            if found:
                lines.append(f"\n## {metric}: {len(found)} differences")
                for one in found[:per_metric]:
                    lines += [f"{one.question}", f"  {one.key}", f"  product {one.product}", f"  oracle  {one.oracle}"]
                    family = self.families[metric]
                    lines += [f"    {line}" for line in story(history, str(one.key[0]), family)]
        return "\n".join(lines)


def same_answers(question: Question, mine: dict[Key, Cell], theirs: dict[Key, Cell]) -> list[Difference]:
    """Every cell that is not the same."""
    return [
        Difference(question, key, mine.get(key), theirs.get(key))
        for key in sorted(mine.keys() | theirs.keys(), key=str)
        if not same_cell(mine.get(key), theirs.get(key))
    ]


def same_cell(mine: Cell | None, theirs: Cell | None) -> bool:
    """Equal, or both say nothing: a missing row and an empty one are the same."""
    if mine is None or theirs is None:
        return says_nothing(mine) and says_nothing(theirs)
    if says_nothing(mine) and says_nothing(theirs):
        return mine.get("n_open", 0) == theirs.get("n_open", 0) or "n_open" not in mine or "n_open" not in theirs
    parts = (*PARTS, "n_open") if "n_open" in mine and "n_open" in theirs else PARTS
    return all(same_number(mine[part], theirs[part]) for part in parts)


def says_nothing(cell: Cell | None) -> bool:
    """No row stands behind it."""
    return cell is None or (not cell["n"] and not cell["value"])


def same_number(mine: object, theirs: object) -> bool:
    """Null is not zero; whole numbers are equal, others within 1e-9 of their size."""
    if mine is None or theirs is None:
        return mine is theirs
    assert isinstance(mine, int | float)
    left = float(mine)
    right = float(theirs)  # type: ignore[arg-type]
    if left.is_integer() and right.is_integer():
        return left == right
    return abs(left - right) <= 1e-9 * max(1.0, abs(left), abs(right))


# what a report shows of a history besides its tickets, by the words in a metric's id
_BUSINESS = ("customer_span", "subscription_span", "order", "account", "person")
_TICKETS = ("event", "ticket", "call", "role_span", "schedule", "schedule_span", "sla_policy")
_SURVEYS = ("survey_sent", "survey_answer", "follow_up", "review", "referral", "scale_rule", "ticket", "call")
_KNOWLEDGE = ("kb_item", "kb_event", "preference_span", "message_out", "ticket")
_SHOWN = {
    "Customers and money": _BUSINESS,
    "Experience": _SURVEYS,
    "Knowledge base and self-service": _KNOWLEDGE,
    "Preferences": _KNOWLEDGE,
}


def story(history: History, source: str, family: str) -> list[str]:
    """What happened in one source that bears on a family of metrics, ticket by ticket in order of time."""
    lines = []
    for name in _SHOWN.get(family, _TICKETS):
        for row in history[name]:
            if row["source"] == source:
                at = row.get(TABLES[name].known_at or "") or datetime.min
                order = (name, str(row.get("ticket")), at, row.get("sequence") or 0, str(row["id"]))
                lines.append((order, {key: _plain(value, source) for key, value in row.items() if value is not None}))
    return [f"{order[0]} {shown}" for order, shown in sorted(lines, key=lambda line: line[0])]


def _plain(value: object, source: str) -> object:
    if isinstance(value, datetime):
        return f"{value:%m-%d %H:%M:%S}" + (f".{value.microsecond:06}" if value.microsecond else "")
    return value.removeprefix(f"{source}.") if isinstance(value, str) else value
