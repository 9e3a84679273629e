"""A part of a question as an expression: made over the columns that it reads, and only where no text of it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa

from deskmeter.base.late import late
from deskmeter.engines.expressions import ibis
from deskmeter.metrics.spec import Asked, Metric, Part
from deskmeter.query import running
from deskmeter.query.access import Access
from deskmeter.query.aggregate import Grouped, grouped
from deskmeter.query.binding import Binding
from deskmeter.query.plan import Split, filtered, read_by_dimensions, rows_in_time, with_dimensions
from deskmeter.query.request import MetricAsk, Request

if TYPE_CHECKING:
    from deskmeter.facts import clocks
    from deskmeter.query import narrow
else:  # only expressions that are made anew ask for lengths of time, and for what they read
    clocks, narrow = late("deskmeter.facts.clocks"), late("deskmeter.query.narrow")


def asked_of(
    access: Access, request: Request, ask: MetricAsk, binding: Binding, small: Mapping[str, pa.Table],
    only: Mapping[str, Set[str]] | None = None, is_trial: bool = False,
) -> Asked:  # fmt: skip
    """What the metrics' expressions may know of the question; `only`: the columns of each table that they read.

    is_trial: the expressions are made to see what they read, and are not run.
    """

    def tables(name: str) -> ibis.Table:
        if name in small:
            return ibis.table(ibis.Schema.from_pyarrow(small[name].schema), name=name)
        if is_trial:
            return access.seen(name)
        return access.table(name, None if only is None else only.get(name, frozenset()))

    class _Reader:
        """Fact tables by name, for the clocks."""

        def __getitem__(self, name: str) -> ibis.Table:
            return tables(name)

    def clocked(table: ibis.Table, row: str, from_us: str, to_us: str, end_us: str | None = None) -> ibis.Table:
        return clocks.with_clocks(table, _Reader(), row, from_us, to_us, end_us)

    return Asked(
        tables=tables,
        as_of_us=binding.whole("as_of_us"),
        from_us=binding.whole("from_us"),
        to_us=binding.whole("to_us"),
        end_us=binding.whole("end_us"),
        clock=ask.clock or request.clock,
        schedule_policy=request.schedule_policy,
        within_s=binding.whole("within_s"),
        quantile=binding.whole("quantile_1000th") / ibis.literal(1000.0),
        dims=frozenset((*request.by, *(condition.dimension for condition in request.where))),
        options=dict(request.options),
        settings=access.settings,
        with_clocks=clocked,
        buckets=tables("bucket"),
        buckets_us=binding.whole("buckets_us"),
        bucket_us=binding.whole("bucket_us"),
        by=request.by,
    )


@dataclass(frozen=True)
class Making:
    """One part of a question on its way to an expression.

    number: which part of the metric. what: what its numbers are for (`counted_for`). is_running: its rows are counted
    as they begin and end (`running`).
    """

    access: Access
    request: Request
    ask: MetricAsk
    metric: Metric
    number: int
    split: Split
    binding: Binding
    small: Mapping[str, pa.Table]
    what: str
    is_running: bool

    @cached_property
    def grouped(self) -> Grouped:
        """The numbers per group.

        What is read is seen where the rows are put together without filters and dimensions, over tables as wide as they
        are; then all is made of that alone. Expressions over sixty columns take far longer to make and to compile.
        """
        trial = self._asked(is_trial=True)
        rows = self._in_time(trial)
        plain = self._aggregated(rows, Split((), self.split.has_grain), trial)
        named = read_by_dimensions(self._part, rows, self.request, self.split, self.access.dimensions)
        read = narrow.columns_read(*(one for one in (plain.expr, plain.values, named) if one is not None))
        asked, wide = self._asked(read), self._asked()
        try:
            return self._put_together(self._in_time(asked), asked, wide)
        except Exception:  # the wide one can be made: the narrow one misses a name of which nothing comes
            return self._put_together(self._in_time(wide), wide, wide)

    @property
    def _part(self) -> Part:
        part = self.metric.parts[self.number]
        return running.spans_of(part) if self.is_running else part

    def _asked(self, only: Mapping[str, Set[str]] | None = None, is_trial: bool = False) -> Asked:
        return asked_of(self.access, self.request, self.ask, self.binding, self.small, only, is_trial)

    def _in_time(self, asked: Asked) -> ibis.Table:
        return rows_in_time(self._part, asked, self.split.has_grain)

    def _put_together(self, rows: ibis.Table, asked: Asked, wide: Asked) -> Grouped:
        # filters and dimensions choose the columns that they read themselves
        own = self.access.dimensions
        rows = filtered(self.metric, self._part, rows, wide, self.request, self.binding, own)
        rows = with_dimensions(self.metric, self._part, rows, wide, self.split, own)
        return self._aggregated(rows, self.split, asked)

    def _aggregated(self, rows: ibis.Table, split: Split, asked: Asked) -> Grouped:
        if self.is_running:
            return Grouped(self.number, running.changes(rows, split, asked))
        return grouped(self.metric, self.number, rows, split, asked, self.what)
