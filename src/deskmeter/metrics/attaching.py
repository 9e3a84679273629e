"""How a row finds its value of a dimension: one join for each table that holds any, all in one selection.

Expressions that grow by a selection for each dimension take longer to make and to compile with every one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from deskmeter.base.errors import AskerError
from deskmeter.engines.expressions import ibis
from deskmeter.metrics.bands import value_band
from deskmeter.metrics.dimensions import Dimension, blank
from deskmeter.metrics.spec import Asked

QUARTER_HOUR_US = 900_000_000
ROW = "_row"  # numbers the rows before a dimension with several values multiplies them


@dataclass(frozen=True)
class Wanted:
    """A dimension that rows are to have as column `name`.

    own_column: the column of the rows that holds it already. is_blank_named: a row without a value has the word for it.
    """

    dimension: Dimension
    own_column: str | None
    name: str
    is_blank_named: bool = False


@dataclass
class _Look:
    """One table to be joined: its columns under names that rows do not have, and when a row of it belongs."""

    table: ibis.Table
    on: list[tuple[str, str]]  # equal columns: of the rows, of the table
    spans: list[tuple[str, str]] = field(default_factory=list)  # column of the table <= column of the rows
    ends: list[tuple[str, str]] = field(default_factory=list)  # column of the table > column of the rows


def attach(rows: ibis.Table, asked: Asked, wanted: Sequence[Wanted]) -> ibis.Table:
    """`rows` with a column for each dimension that is wanted: its value, null where there is none.

    `rows` has `_at_us` (the instant of the metric) and, where it is about them, ticket_id and customer. Dimensions with
    several values multiply rows, which are then numbered in `_row`, so that totals can count each once.
    """
    if not wanted:
        return rows
    looks = _Looks(rows, asked, wanted)
    values: dict[str, Callable[[ibis.Table], ibis.Value]] = {one.name: looks.value_of(one) for one in wanted}
    if any(one.dimension.multi for one in wanted) and ROW not in rows.columns:
        looks.before[ROW] = ibis.row_number().over(ibis.window(order_by="_at_us"))
    kept = [*rows.columns, *([ROW] if ROW in looks.before else [])]
    kept = [name for name in kept if name not in values]
    joined = rows.mutate(**looks.before) if looks.before else rows
    for look in looks.found.values():
        left = joined
        joined = left.left_join(
            look.table,
            [
                *look.on,
                *(look.table[theirs] <= left[mine] for theirs, mine in look.spans),
                *(look.table[theirs] > left[mine] for theirs, mine in look.ends),
            ],
        )
    if looks.found:
        # a join that gave made values itself could not be joined any further
        joined = joined.select(*(name for name in joined.columns if name in kept or name in looks.read))
    whole = joined.select(*kept, **{name: value(joined) for name, value in values.items()})
    # several values of a group are one
    return whole.distinct() if any(one.dimension.multi and one.dimension.groups for one in wanted) else whole


class _Looks:
    """The tables that the wanted dimensions are read from, each once."""

    def __init__(self, rows: ibis.Table, asked: Asked, wanted: Sequence[Wanted]) -> None:
        self.rows = rows
        self.asked = asked
        self.before: dict[str, ibis.Value] = {}  # columns that rows must have before anything is joined
        self.found: dict[str, _Look] = {}
        self.read: set[str] = set()  # the columns that values are made of
        joined = [one.dimension for one in wanted if one.own_column is None]
        ticket = {one.column or one.id for one in joined if one.of == "ticket"}
        if "customer" not in rows.columns and any(one.of in ("customer", "plan", "band") for one in joined):
            ticket.add("customer")
        if ticket:
            names = {f"_ticket_{name}": name for name in sorted(ticket)}
            table = asked.tables("ticket").select(_ticket_key="ticket_id", **names)
            self.found["ticket"] = _Look(table, [("ticket_id", "_ticket_key")])
        self.accounts = sorted({one.column or one.id for one in joined if one.of == "customer"})
        self.times = sorted({one.id for one in joined if one.of == "time"})

    def value_of(self, one: Wanted) -> Callable[[ibis.Table], ibis.Value]:
        """What reads the value of a dimension once all is joined."""
        dimension, own = one.dimension, one.own_column
        column = _READ[dimension.of](self, dimension) if own is None else own
        self.read.add(column)

        def value(joined: ibis.Table) -> ibis.Value:
            found = joined[column]
            if own is not None:
                found = found.cast("string")
            elif dimension.id in ("reason_1", "reason_2"):
                found = _path_start(found, 1 if dimension.id == "reason_1" else 2)
            found = _grouped(found, dimension)
            if one.is_blank_named:
                found = ibis.coalesce(found, ibis.literal(blank(dimension.base or dimension.id)))
            return found

        return value

    def ticket(self, dimension: Dimension) -> str:
        return f"_ticket_{dimension.column or dimension.id}"

    def field(self, dimension: Dimension) -> str:
        spans = self.asked.tables("field_span")
        spans = spans.filter((spans.field == (dimension.column or dimension.id)) & spans.to_us.isnull())
        return self._of_ticket(spans)

    def tag(self, _: Dimension) -> str:
        spans = self.asked.tables("tag_span")
        return self._of_ticket(spans.filter(spans.to_us.isnull()))

    def _of_ticket(self, spans: ibis.Table) -> str:
        key, value = self._fresh("key"), self._fresh("value")
        self._add(_Look(spans.select(**{key: "ticket_id", value: "value"}), [("ticket_id", key)]))
        return value

    def then(self, dimension: Dimension) -> str:
        base = dimension.base or dimension.id[:-5]
        if base == "tag":
            spans = self.asked.tables("tag_span")
        else:
            spans = self.asked.tables("field_span")
            spans = spans.filter(spans.field == (dimension.column or base.removeprefix("field:")))
        self.before.update(_between(self.rows))
        key, value, from_us, to_us, from_pos, to_pos = map(
            self._fresh, ("key", "value", "from_us", "to_us", "from_pos", "to_pos")
        )
        chosen = spans.select(
            **{
                key: spans.ticket_id, value: spans.value, from_us: spans.from_us, to_us: _far(spans.to_us),
                from_pos: spans.from_pos, to_pos: _far(spans.to_pos),
            }
        )  # fmt: skip
        begins = [(from_us, "_not_after_us"), (from_pos, "_not_after_pos")]
        self._add(_Look(chosen, [("ticket_id", key)], begins, [(to_us, "_still_us"), (to_pos, "_still_pos")]))
        return value

    def customer(self, dimension: Dimension) -> str:
        if "account" not in self.found:
            names = {f"_account_{name}": name for name in self.accounts}
            accounts = self.asked.tables("account").select(_account_key="key", **names)
            self.found["account"] = _Look(accounts, [(self._customer, "_account_key")])
        return f"_account_{dimension.column or dimension.id}"

    def plan(self, _: Dimension) -> str:
        spans = self.asked.tables("plan_span")
        names = {"_plan_key": spans.customer, "_plan": spans.plan, "_plan_from_us": spans.from_us}
        chosen = spans.select(**names, _plan_to_us=_far(spans.to_us))
        on = [(self._customer, "_plan_key")]
        self.found["plan"] = _Look(chosen, on, [("_plan_from_us", "_at_us")], [("_plan_to_us", "_at_us")])
        return "_plan"

    def band(self, _: Dimension) -> str:
        bands = value_band(self.asked).select(_band_key="customer", _band="band")
        self.found["band"] = _Look(bands, [(self._customer, "_band_key")])
        return "_band"

    def time(self, dimension: Dimension) -> str:
        if "time" not in self.found:
            self.before["_row_quarter"] = self.rows._at_us // QUARTER_HOUR_US
            hours = self.asked.tables("hour_of").select(_quarter="q", **{f"_local_{name}": name for name in self.times})
            self.found["time"] = _Look(hours, [("_row_quarter", "_quarter")])
        return f"_local_{dimension.id}"

    def impossible(self, dimension: Dimension) -> str:
        raise AskerError(f"these rows have no `{dimension.id}`")

    @property
    def _customer(self) -> str:
        return "customer" if "customer" in self.rows.columns else "_ticket_customer"

    def _fresh(self, what: str) -> str:
        return f"_look_{len(self.found)}_{what}"

    def _add(self, look: _Look) -> None:
        self.found[f"look {len(self.found)}"] = look


_READ: Mapping[str, Callable[[_Looks, Dimension], str]] = {
    "ticket": _Looks.ticket, "field": _Looks.field, "tag": _Looks.tag, "then": _Looks.then,
    "customer": _Looks.customer, "plan": _Looks.plan, "band": _Looks.band, "time": _Looks.time,
    "row": _Looks.impossible,
}  # fmt: skip


def _grouped(value: ibis.Value, dimension: Dimension) -> ibis.Value:
    """The value of an own dimension under the name of its group."""
    if not dimension.groups:
        return value
    other = value if dimension.others is None else value.notnull().ifelse(ibis.literal(dimension.others), value)
    return ibis.cases(*((value == word, ibis.literal(group)) for word, group in dimension.groups), else_=other)


def _path_start(value: ibis.Value, levels: int) -> ibis.Value:
    parts = value.split("/")
    first = parts[0]
    if levels == 1:
        return first
    return (parts.length() >= 2).ifelse(first.concat("/", parts[1]), first)


def _far(until: ibis.Value) -> ibis.Value:
    """An open end made far: a condition with "or" would keep an outer join from hashing."""
    return ibis.coalesce(until, ibis.literal(2**62))


def _between(rows: ibis.Table) -> dict[str, ibis.Value]:
    """What a span must not begin after and must outlast: the rows' event where it is known, else their instant.

    Four plain comparisons: a condition with "or" would keep an outer join from hashing.
    """
    far = ibis.literal(2**62)
    pos = rows._at_pos if "_at_pos" in rows.columns else ibis.null("int64")
    knows = pos.notnull()
    return {
        "_not_after_us": knows.ifelse(far, rows._at_us),
        "_still_us": knows.ifelse(-far, rows._at_us),
        "_not_after_pos": ibis.coalesce(pos, far),
        "_still_pos": ibis.coalesce(pos, -far),
    }
