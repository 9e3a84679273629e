"""Text values become typed ones: ids, times, numbers, money, flags; the unreadable is set aside with its reason."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.base.time import MICROS_PER_SECOND
from deskmeter.ingest.mapping import Age, Mapping, Value
from deskmeter.ingest.quantities import clock_seconds, flags, floats, plain_decimal, scaled, seconds
from deskmeter.ingest.shapes import Slot
from deskmeter.ingest.text_cells import Rows, outer_blanks, text_values
from deskmeter.ingest.times import parse_times
from deskmeter.ingest.trouble import Mask, told

AGE_SECONDS = {"days": 86_400, "months": 2_629_800, "years": 31_557_600}
"""Seconds of a day, of a month of 30.4375 days and of a year of 365.25."""
_FIRST_MICROS = -62_135_596_800 * MICROS_PER_SECOND  # the first instant of year 1


@dataclass(frozen=True)
class _Cells:
    """The text of one slot together with what is needed to judge it."""

    rows: Rows
    value: Value
    slot: Slot
    text: pa.Array

    def refuse(self, lost: Mask, reason: str | pa.Array) -> None:
        """Set aside the rows where `lost` is true; `reason` is the end of a sentence, or one whole text a row."""
        at = np.flatnonzero(lost)
        if len(at):
            bad = self.text.take(pa.array(at))
            reasons = told(bad, reason) if isinstance(reason, str) else reason.take(pa.array(at))
            self.rows.trouble.set_aside(self.rows.index[at], reasons, self.slot.name, bad)

    def unread(self, read: pa.Array) -> Mask:
        """Where there is text but nothing was read."""
        result: Mask = pc.and_(pc.is_valid(self.text), pc.is_null(read)).to_numpy(zero_copy_only=False)
        return result


def read_slot(rows: Rows, value: Value, slot: Slot) -> pa.Array:
    """The typed values of one slot: string, timestamp[us], date32, int64, float64 or bool; null: no value.

    | cell         | slot   | read                                              |
    |--------------|--------|---------------------------------------------------|
    | `29/2/2016`  | time   | 2016-02-29T00:00 (in the zone of the mapping)     |
    | `31/2/2016`  | time   | null, the row is set aside                        |
    | `1.234,50`   | money  | 1234500000 (decimal `,`, thousands `.`)           |
    | ` A-1 `      | id     | `A-1`, noted as an oddity                         |
    """
    if value.age:
        return _age(rows, value, value.age, slot)
    cells = _Cells(rows, value, slot, text_values(rows, value, slot.name))
    if slot.kind in ("time", "date"):
        return _times(cells)
    if slot.kind == "flag":
        read = flags(cells.text)
        cells.refuse(cells.unread(read), " is neither yes nor no")
        return read
    if slot.kind in ("id", "text", "tags"):
        return _words(cells)
    return _revision(cells) if slot.kind == "revision" else _quantity(cells)


def _revision(cells: _Cells) -> pa.Array:
    """A counter as it stands, or the instant of the last change in microseconds."""
    counter = scaled(plain_decimal(cells.text), 0)[0]
    instants = parse_times(cells.text, cells.value.times or cells.rows.mapping.times, cells.rows.mapping.zone).at
    read = pc.coalesce(counter, instants.cast(pa.int64()))
    cells.refuse(cells.unread(read), " is neither a counter nor a time")
    return read


def _words(cells: _Cells) -> pa.Array:
    slot, read = cells.slot, cells.text
    if slot.kind == "id":
        blanks = np.flatnonzero(outer_blanks(cells.rows, cells.value))
        cells.rows.trouble.note("outer blanks", f"blanks around `{slot.name}` were left out", cells.rows.index[blanks])
    for words, is_closed in ((slot.words, True), (slot.open_words, False)):
        if not words:
            continue
        lower = pc.utf8_lower(read)
        known = pc.is_in(lower, pa.array(words))
        strange = pc.and_(pc.is_valid(read), pc.invert(known)).to_numpy(zero_copy_only=False)
        read = pc.if_else(known, lower, read)
        if is_closed:
            cells.refuse(strange, f" is no `{slot.name}`; known: {', '.join(words)}")
        else:
            at = np.flatnonzero(strange)
            texts = told(read.take(pa.array(at)), " is kept as it is", f"unknown `{slot.name}` ")
            cells.rows.trouble.note_each(f"unknown {slot.name}", texts, cells.rows.index[at])
    return read


def _times(cells: _Cells) -> pa.Array:
    mapping, value = cells.rows.mapping, cells.value
    formats = value.times or (mapping.times if value.constant is None else ("iso",))
    if cells.slot.kind == "date":
        local = parse_times(cells.text, formats, "UTC")
        cells.refuse(cells.unread(local.at), local.why)
        return local.at.cast(pa.timestamp("s"), safe=False).cast(pa.date32(), safe=False)
    times = parse_times(cells.text, formats, value.zone or mapping.zone)
    cells.refuse(cells.unread(times.at), times.why)
    for mask, code, says in (
        (times.moved, "local time in a gap", "does not exist and is read as the first instant after the gap"),
        (times.doubled, "local time exists twice", "exists twice and is read as the first"),
    ):
        at = np.flatnonzero(pc.fill_null(mask, False).to_numpy(zero_copy_only=False))
        cells.rows.trouble.note(code, f"local time in `{cells.slot.name}` {says}", cells.rows.index[at])
    return times.at


def _quantity(cells: _Cells) -> pa.Array:
    mapping, value, slot = cells.rows.mapping, cells.value, cells.slot
    decimal, thousands = (
        value.decimal or mapping.decimal,
        mapping.thousands if value.thousands is None else value.thousands,
    )
    if value.unit == "clock":
        read = clock_seconds(cells.text)
        cells.refuse(cells.unread(read), " is no length of time such as `1:02:03`")
        return read
    plain = plain_decimal(cells.text, decimal, "" if thousands == decimal else thousands)
    cells.refuse(cells.unread(plain), f" is no number (decimal sign `{decimal}`, thousands `{thousands or 'none'}`)")
    if slot.kind == "number":
        return floats(plain)
    if slot.kind == "seconds":
        read, cut = seconds(plain, value.unit or "seconds")
        cells.refuse(
            pc.fill_null(pc.less(read, 0), False).to_numpy(zero_copy_only=False), " is a negative length of time"
        )
    else:
        read, cut = scaled(plain, {"money": 6, "thousandths": 3}.get(slot.kind, 0))
    too_long = pc.and_(pc.is_valid(plain), pc.is_null(read)).to_numpy(zero_copy_only=False)
    cells.refuse(too_long, " is too large a number")
    if slot.kind == "whole":
        cells.refuse(pc.fill_null(cut, False).to_numpy(zero_copy_only=False), " is no whole number")
    else:
        at = np.flatnonzero(pc.fill_null(cut, False).to_numpy(zero_copy_only=False))
        cells.rows.trouble.note(
            "rounded down", f"smallest decimals of `{slot.name}` were cut off", cells.rows.index[at]
        )
    return read


def anchor(mapping: Mapping, value: Value, text: str) -> int:
    """The instant (microseconds) from which an age counts back; ValueError if it is no ISO time."""
    times = parse_times(pa.array([text]), ("iso",), value.zone or mapping.zone)
    if not times.at[0].is_valid:
        raise ValueError(times.why[0].as_py())
    micros: int = times.at.cast(pa.int64())[0].as_py()
    return micros


def _age(rows: Rows, value: Value, age: Age, slot: Slot) -> pa.Array:
    """Instants so long before the anchor, as the mapping says."""
    unit = "days" if age.days else "months" if age.months else "years"
    column = Value(column=age.days or age.months or age.years, nulls=value.nulls, when=value.when)
    cells = _Cells(rows, value, slot, text_values(rows, column, slot.name))
    plain = plain_decimal(cells.text, value.decimal or rows.mapping.decimal, "")
    cells.refuse(cells.unread(plain), f" is no age in {unit}")
    length = floats(plain)
    cells.refuse(pc.fill_null(pc.less(length, 0), False).to_numpy(zero_copy_only=False), " is a negative age")
    if age.at_least is not None:
        is_young = pc.and_(pc.less(length, age.at_least), pc.greater_equal(length, 0))
        young = np.flatnonzero(pc.fill_null(is_young, False).to_numpy(zero_copy_only=False))
        said = f"`{column.column}` under {age.at_least:g} {unit} is taken as {age.at_least:g}"
        rows.trouble.note("age rounded up", said, rows.index[young])
        length = pc.max_element_wise(length, age.at_least, skip_nulls=False)
    latest = anchor(rows.mapping, value, age.before)
    micros = pc.round(pc.multiply(length, AGE_SECONDS[unit] * float(MICROS_PER_SECOND)))
    reaches = pc.fill_null(pc.less_equal(micros, float(latest - _FIRST_MICROS)), True)
    cells.refuse(pc.invert(reaches).to_numpy(zero_copy_only=False), " is an age before the year 1")
    micros = pc.cast(pc.if_else(reaches, micros, 0.0), pa.int64())
    return pc.subtract(latest, micros).cast(pa.timestamp("us"))
