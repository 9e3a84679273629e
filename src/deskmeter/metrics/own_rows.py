"""The rows of a desk's own metric: a published fact, narrowed by conditions on its columns and dimensions."""

from __future__ import annotations

from dataclasses import dataclass

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.attaching import Wanted, attach
from deskmeter.metrics.conditions import flag_holds, holds, is_number, number_holds
from deskmeter.metrics.currencies import priced
from deskmeter.metrics.dimensions import Dimension, blank, own_column
from deskmeter.metrics.own_facts import OwnBasis, OwnColumn, OwnFact
from deskmeter.metrics.spec import Asked, Part, Rows

HIT = "is_hit"
FIELD_NUMBER = "field_number"
_OPPOSITE = {"!=": "=", "not in": "in", "null": "not null"}


@dataclass(frozen=True)
class Limit:
    """One checked condition on a column of the fact or on a dimension."""

    operator: str
    values: tuple[str, ...]
    column: OwnColumn | None = None
    dimension: Dimension | None = None


@dataclass(frozen=True)
class OwnRows:
    """Rows that a side of a metric is made of.

    Attributes:
        hits: conditions that mark rows (column `is_hit`) without leaving the others out.
        amount: column that is added up, for converting money.
        field: custom field that is read as a number into `field_number`.
        key: column of the things that are counted once each.
    """

    fact: OwnFact
    basis: OwnBasis
    limits: tuple[Limit, ...] = ()
    hits: tuple[Limit, ...] = ()
    amount: OwnColumn | None = None
    field: Dimension | None = None
    key: str | None = None

    def __call__(self, asked: Asked) -> ibis.Table:
        rows = asked.tables(self.fact.table)
        if self.fact.keep is not None:
            rows = rows.filter(self.fact.keep(rows, asked))
        rows = rows.mutate(_at_us=rows[self.basis.column])
        if self.limits:
            rows = self._marked(rows, asked, self.limits, "_kept")
            rows = rows.filter(rows._kept).drop("_kept")
        if self.hits:
            rows = self._marked(rows, asked, self.hits, HIT)
        if self.amount is not None and self.amount.holds is not None:
            rows = priced(rows, asked, self.amount.holds)
        if self.field is not None:
            rows = attach(rows, asked, [Wanted(self.field, None, FIELD_NUMBER)])
            rows = rows.mutate(**{FIELD_NUMBER: rows[FIELD_NUMBER].try_cast("float64")})
        return rows

    def part(self) -> Part:
        """These rows as a part of a metric."""
        rows: Rows = self
        when = self.basis.when
        return Part(rows, when, dims=self.basis.dims, like=self.fact.table)

    def _marked(self, rows: ibis.Table, asked: Asked, limits: tuple[Limit, ...], name: str) -> ibis.Table:
        rows = rows.mutate(**{name: ibis.literal(True)})
        for limit in limits:
            if limit.column is not None:
                rows = rows.mutate(**{name: rows[name] & _column_meets(limit.column.value(rows, asked), limit)})
            elif limit.dimension is not None and limit.dimension.multi:
                rows = self._any_of_many(rows, asked, limit, limit.dimension, name)
            elif limit.dimension is not None:
                rows = self._with_value(rows, asked, limit.dimension)
                rows = rows.mutate(**{name: rows[name] & _text_meets(rows.own_value, limit)}).drop("own_value")
        return rows

    def _with_value(self, rows: ibis.Table, asked: Asked, dimension: Dimension) -> ibis.Table:
        column = own_column(self.basis.dims, dimension, tuple(rows.columns))
        return attach(rows, asked, [Wanted(dimension, column, "own_value")])

    def _any_of_many(self, rows: ibis.Table, asked: Asked, limit: Limit, dimension: Dimension, name: str) -> ibis.Table:
        """Of several values (tags) one is enough; a condition that says no holds if none of them meets its opposite."""
        is_no = limit.operator in _OPPOSITE
        test = Limit(_OPPOSITE[limit.operator], limit.values, dimension=dimension) if is_no else limit
        things = self._with_value(rows, asked, dimension)
        found = things.filter(_text_meets(things.own_value, test)).select(_found="ticket_id").distinct()
        rows = rows.left_join(found, [("ticket_id", "_found")])
        has_it = rows._found.notnull()
        return rows.mutate(**{name: rows[name] & (~has_it if is_no else has_it)}).drop("_found")


def _text_meets(value: ibis.Value, limit: Limit) -> ibis.Value:
    lower = limit.operator == "contains"
    words = [ibis.literal(word.lower() if lower else word) for word in limit.values]
    assert limit.dimension is not None
    name = limit.dimension.base or limit.dimension.id
    met = holds(value, limit.operator, words, all(is_number(word) for word in limit.values), blank(name))
    return ibis.coalesce(met, ibis.literal(False))


def _column_meets(value: ibis.Value, limit: Limit) -> ibis.Value:
    assert limit.column is not None
    if limit.column.kind == "flag":
        return flag_holds(value, limit.operator, bool(limit.values) and limit.values[0] == "true")
    if limit.column.kind == "text":
        words = [ibis.literal(word.lower() if limit.operator == "contains" else word) for word in limit.values]
        return ibis.coalesce(holds(value, limit.operator, words, False, blank("")), ibis.literal(False))
    scale = 1_000_000 if limit.column.kind == "money" else 1
    return number_holds(value, limit.operator, [float(word) * scale for word in limit.values])
