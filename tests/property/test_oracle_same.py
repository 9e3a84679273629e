"""Product and oracle say the same of random histories: every metric, dimension, clock and statistic (issue 2)."""

import gc
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import pytest

from deskmeter.base.config import DeskConfig, write_config
from deskmeter.query.access import Access
from deskmeter.service import Desk
from oracle.answer import METRICS
from oracle.compare import (
    ASKED_AS,
    Comparison,
    arrow_tables,
    cells_of,
    many_histories,
    product_of,
    request_of,
    same_answers,
)
from oracle.compare import ask_oracle as oracle_answer
from oracle.desk import Desk as OracleDesk
from oracle.draw import AS_OF
from oracle.questions import NOT_COMPARED, compared, plain_questions, split_questions
from oracle.rows import History

HISTORIES = 10_000 if os.environ.get("DESKMETER_LONG") else 500
IN_ONE_DESK = 500  # ten thousand in one need 14 GB
TOGETHER = 8  # dimensions in one question; with --long each has its own
_TEXTS: dict[object, str] = {}  # compiled questions, the same for every desk


@dataclass
class Pair:
    """The same histories on both sides."""

    history: History
    product: Access
    oracle: OracleDesk


def _pair(history: History) -> Pair:
    product = product_of(arrow_tables(history))
    product.texts = _TEXTS
    return Pair(history, product, OracleDesk(history, AS_OF))


@pytest.fixture(scope="module", params=range(HISTORIES // IN_ONE_DESK), ids=lambda desk: f"desk {desk}")
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    first = request.param * IN_ONE_DESK
    made = _pair(many_histories(range(first, first + IN_ONE_DESK)))
    gc.freeze()  # the histories stay: the collector need not look at their millions of objects again and again
    yield made
    gc.unfreeze()
    made.product.engine.close()


def test_each_side_has_the_other_sides_metrics(pair: Pair) -> None:
    mine = set(pair.product.metrics) - NOT_COMPARED
    assert {ASKED_AS.get(id, id) for id in mine} == set(METRICS)


def test_same_numbers_by_source_with_every_statistic_and_clock(pair: Pair) -> None:
    comparison = Comparison()
    for question in plain_questions(pair.product, compared(pair.product)):
        comparison.ask(pair.product, pair.oracle, question)
    assert not comparison.refused
    assert not comparison.count, comparison.report(pair.history)


def test_same_numbers_by_every_dimension(pair: Pair, is_long: bool) -> None:
    comparison = Comparison()
    for question in split_questions(pair.product, compared(pair.product), 1 if is_long else TOGETHER):
        comparison.ask(pair.product, pair.oracle, question)
    assert not comparison.refused
    assert not comparison.count, comparison.report(pair.history)


def test_same_customers_where_no_source_has_customer_spans() -> None:
    history = many_histories(range(1000, 1030))
    history["customer_span"] = []
    pair = _pair(history)
    comparison = Comparison()
    family = pair.product.metrics["customers_end"].family
    ids = [id for id in compared(pair.product) if pair.product.metrics[id].family == family]
    for question in plain_questions(pair.product, ids):
        comparison.ask(pair.product, pair.oracle, question)
    pair.product.engine.close()
    assert not comparison.count, comparison.report(history)


def test_same_numbers_through_a_desk_with_its_ledger(tmp_path: Path) -> None:
    seeds = range(2000, 2012)
    write_config(tmp_path, DeskConfig(name="histories", as_of=AS_OF.replace(tzinfo=UTC)))
    together = many_histories(seeds)
    oracle = OracleDesk(together, AS_OF)
    wrong = []
    with Desk.open(tmp_path) as desk:
        for seed in seeds:
            desk.import_tables(f"s{seed}", arrow_tables(many_histories([seed])))
        for id in ("backlog", "first_reply_time", "sla_attainment", "customers_end", "csat", "mrr", "calls_offered"):
            question = {"metric": id, "by": ("source",), "period": ("2024-03-01", "2024-04-12"), "grain": "week"}
            mine, theirs = cells_of(desk.ask(request_of(question))), oracle_answer(oracle, question)
            wrong += same_answers(question, mine, theirs)
    assert not wrong
