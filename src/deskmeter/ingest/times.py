"""Times as text become UTC instants: a list of formats, a zone, and one clear reason for what fits none.

All work is done on the distinct values of a column, so that a million rows of one day cost one parse.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from deskmeter.base.errors import nearest
from deskmeter.base.time import MICROS_PER_DAY, MICROS_PER_SECOND
from deskmeter.ingest.zones import local_to_utc

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august",
                "september", "october", "november", "december")  # fmt: skip
_OFFSET = r"(?P<z>Z|z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})"
_PIECES = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<I>\d{1,2})",
    "M": r"(?P<M>\d{1,2})",
    "S": r"(?P<S>\d{1,2})",
    "f": r"(?P<f>\d{1,9})",
    "p": r"(?P<p>[AaPp]\.?[Mm]\.?)",
    "b": r"(?P<b>[A-Za-z]{3})\.?",
    "B": r"(?P<B>[A-Za-z]+)",
    "a": r"[A-Za-z]{2,3}\.?",
    "A": r"[A-Za-z]+",
    "z": _OFFSET,
    "Z": r"(?P<z>Z|UTC|GMT)",
    "%": "%",
}
_ISO = (
    r"^(?P<Y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"
    r"(?:[T ](?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?)?"
    r" ?" + _OFFSET + "?$"
)
_EPOCHS = {"epoch_s": (0, 10**11, 1_000_000), "epoch_ms": (10**11, 10**14, 1000), "epoch_us": (10**14, 10**17, 1)}
NAMED_FORMATS = ("iso", *_EPOCHS, "excel")
_ZEROS = ((-MICROS_PER_DAY, MICROS_PER_DAY), (-25569 * MICROS_PER_DAY, -25566 * MICROS_PER_DAY))
"""The zero days of computers' clocks (1970) and of spreadsheets (1900), as [from, to) in microseconds."""


@dataclass(frozen=True)
class Times:
    """Parsed instants, in the order of the values given.

    `at` is null where `why` is not. `moved`: the local time does not exist and was read as the first instant
    after the gap; `doubled`: it exists twice and was read as the first.
    """

    at: pa.Array
    why: pa.Array
    moved: pa.Array
    doubled: pa.Array


def check_format(text: str) -> None:
    """Refuse a time format that cannot be read; ValueError says why.

    >>> check_format("%d/%m/%Y %H:%M")
    >>> check_format("iso8601")
    Traceback (most recent call last):
    ValueError: `iso8601` is no time format; did you mean `iso`?
    """
    if text in NAMED_FORMATS:
        return
    if "%" not in text:
        names = ", ".join(f"`{name}`" for name in NAMED_FORMATS)
        hint = nearest(text, NAMED_FORMATS) or f"; write one of {names} or a pattern such as `%d/%m/%Y %H:%M`"
        raise ValueError(f"`{text}` is no time format{hint}")
    _regex(text)


def fits_somewhere(values: pa.Array, form: str) -> bool:
    """Whether any value has the outer form of this format; cheap, days and months are not looked at.

    >>> fits_somewhere(pa.array(["31/02/2016"]), "%d/%m/%Y")
    True
    """
    pattern = r"^\d+(\.\d+)?$" if form in _EPOCHS or form == "excel" else _ISO if form == "iso" else _regex(form)
    return pc.any(pc.match_substring_regex(values, pattern)).as_py() is True


def parse_times(values: pa.Array, formats: tuple[str, ...], zone: str) -> Times:
    """Instants of text values; null where the value is null or cannot be read.

    A value that two of the formats read as two different instants is not guessed at: it cannot be read.

    >>> times = parse_times(pa.array(["5/3/2016 12:00", "31/2/2016 12:00", None]), ("%d/%m/%Y %H:%M",), "UTC")
    >>> times.at[0].as_py().isoformat(), times.at[1].as_py(), times.why[1].as_py()
    ('2016-03-05T12:00:00', None, '`31/2/2016 12:00` is no time of the form `%d/%m/%Y %H:%M`')
    """
    coded = values.dictionary_encode()
    distinct = _parse_distinct(coded.dictionary, formats, zone)
    columns = (distinct.at, distinct.why, distinct.moved, distinct.doubled)
    return Times(*(column.take(coded.indices) for column in columns))


def _parse_distinct(values: pa.Array, formats: tuple[str, ...], zone: str) -> Times:
    count = len(values)
    at = np.zeros(count, dtype=np.int64)
    found, clash, moved, doubled = (np.zeros(count, dtype=bool) for _ in range(4))
    for form in formats:
        micros, fits, is_local = _read(values, form)
        utc, gap, twice = local_to_utc(np.where(fits & is_local, micros, 0), zone)
        micros = np.where(is_local, utc, micros)
        clash |= fits & found & (at != micros)
        new = fits & ~found
        at = np.where(new, micros, at)
        moved |= new & is_local & gap
        doubled |= new & is_local & twice
        found |= new
    zero = np.zeros(count, dtype=bool)
    for low, high in _ZEROS:
        zero |= found & (at >= low) & (at < high)
    why = _reasons(values, formats, found, clash, zero)
    good = found & ~clash & ~zero
    return Times(
        pa.array(at, type=pa.int64(), mask=~good).cast(pa.timestamp("us")),
        why,
        pa.array(moved & good),
        pa.array(doubled & good),
    )


def _reasons(values: pa.Array, formats: tuple[str, ...], found: Mask, clash: Mask, zero: Mask) -> pa.Array:
    named = " or ".join(f"`{form}`" for form in formats)
    quoted = pc.binary_join_element_wise("`", values, "`", "")
    why = pa.nulls(len(values), pa.string())
    for mask, text in (
        (~found, f" is no time of the form {named}"),
        (clash, f" is one time as one and another as another of {named}"),
        (zero, " is the zero of a clock and no time; put it under `nulls` if it means none"),
    ):
        why = pc.if_else(pa.array(mask), pc.binary_join_element_wise(quoted, text, ""), why)
    return why


def _read(values: pa.Array, form: str) -> tuple[Ints, Mask, Mask]:
    """Microseconds of one format, which values fit it, and which of those are local times."""
    if form in _EPOCHS:
        return _read_epoch(values, form)
    if form == "excel":
        return _read_excel(values)
    parts = pc.extract_regex(values, _ISO if form == "iso" else _regex(form))
    fits = pc.is_valid(parts).to_numpy(zero_copy_only=False)
    pieces = {field.name: pc.struct_field(parts, field.name) for field in parts.type}
    micros, exists = _civil(pieces, len(values))
    offset, has_offset = _offset(pieces, len(values))
    fits = fits & exists
    return np.where(fits, micros - offset, 0), fits, fits & ~has_offset


def _civil(pieces: dict[str, pa.Array], count: int) -> tuple[Ints, Mask]:
    """Microseconds of the wall clock, and whether such a day and hour exist at all."""
    year = _number(pieces, "Y", count, 1970)
    if "y" in pieces:
        short = _number(pieces, "y", count, 70)
        year = short + np.where(short >= 69, 1900, 2000)  # as POSIX reads two digits
    month = _month(pieces, count)
    day = _number(pieces, "d", count, 1)
    hour = _number(pieces, "H", count, 0)
    good = (hour <= 23) & (year >= 1)
    if "I" in pieces:
        hour = _number(pieces, "I", count, 12)
        good = (hour >= 1) & (hour <= 12)
        afternoon = _text(pieces, "p", count, "a")
        is_pm = pc.starts_with(pc.utf8_lower(afternoon), "p").to_numpy(zero_copy_only=False)
        hour = hour % 12 + 12 * is_pm
    minute, second = _number(pieces, "M", count, 0), _number(pieces, "S", count, 0)
    good &= (month >= 1) & (month <= 12) & (day >= 1) & (minute <= 59) & (second <= 59)
    good &= day <= _days_in_month(year, np.clip(month, 1, 12))
    fraction = pc.utf8_slice_codeunits(pc.utf8_rpad(_text(pieces, "f", count, "0"), 6, "0"), 0, 6)
    days = _days_from_civil(year, np.clip(month, 1, 12), day)
    seconds = (hour * 60 + minute) * 60 + second
    micros: Ints = days * MICROS_PER_DAY + seconds * MICROS_PER_SECOND + _ints(fraction)
    return micros, good


def _days_from_civil(year: Ints, month: Ints, day: Ints) -> Ints:
    """Days since 1970-01-01 of the proleptic Gregorian calendar (Howard Hinnant, "chrono-Compatible
    Low-Level Date Algorithms", 2013, days_from_civil)."""
    shifted = year - (month <= 2)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * (month + np.where(month > 2, -3, 9)) + 2) // 5 + day - 1
    result: Ints = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    return result


def _days_in_month(year: Ints, month: Ints) -> Ints:
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    lengths = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int64)
    result: Ints = lengths[month] + ((month == 2) & leap)
    return result


def _month(pieces: dict[str, pa.Array], count: int) -> Ints:
    for key, names in (("b", _MONTHS), ("B", _LONG_MONTHS)):
        if key in pieces:
            found = pc.index_in(pc.utf8_lower(pieces[key]), pa.array(names))
            return _ints(pc.fill_null(pc.add(found, 1), 0))
    return _number(pieces, "m", count, 1)


def _offset(pieces: dict[str, pa.Array], count: int) -> tuple[Ints, Mask]:
    """The offset from UTC that a value states, in microseconds, and whether it states one."""
    text = _text(pieces, "z", count, "")
    stated = pc.not_equal(text, "").to_numpy(zero_copy_only=False)
    parts = pc.extract_regex(text, r"^(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2})?$")
    hours = _ints(_or(pc.struct_field(parts, "hours"), "0"))
    minutes = _ints(_or(pc.struct_field(parts, "minutes"), "0"))
    is_west = pc.equal(pc.fill_null(pc.struct_field(parts, "sign"), "+"), "-").to_numpy(zero_copy_only=False)
    return (hours * 60 + minutes) * 60 * MICROS_PER_SECOND * np.where(is_west, -1, 1), stated


def _read_epoch(values: pa.Array, form: str) -> tuple[Ints, Mask, Mask]:
    low, high, scale = _EPOCHS[form]
    parts = pc.extract_regex(values, r"^(?P<whole>\d{1,17})(?:\.(?P<part>\d{1,9}))?$")
    whole = _ints(_or(pc.struct_field(parts, "whole"), "0"))
    digits = len(str(scale)) - 1
    part = pc.utf8_slice_codeunits(pc.utf8_rpad(_or(pc.struct_field(parts, "part"), "0"), 9, "0"), 0, digits or 1)
    fits = pc.is_valid(parts).to_numpy(zero_copy_only=False) & (whole >= low) & (whole < high)
    fraction = _ints(part) if digits else np.zeros(len(values), dtype=np.int64)
    return np.where(fits, whole, 0) * scale + np.where(fits, fraction, 0), fits, np.zeros(len(values), dtype=bool)


def _read_excel(values: pa.Array) -> tuple[Ints, Mask, Mask]:
    """Serial days of a spreadsheet (1900 system), wall-clock time, to the nearest millisecond."""
    number = pc.struct_field(pc.extract_regex(values, r"^(?P<n>\d{1,7}(?:\.\d+)?)$"), "n")
    days = pc.cast(pc.fill_null(number, "0"), pa.float64()).to_numpy(zero_copy_only=False)
    fits = pc.is_valid(number).to_numpy(zero_copy_only=False) & (days < 2_958_466)
    millis = np.rint(np.where(fits, days - 25_569, 0) * 86_400_000).astype(np.int64)
    return millis * 1000, fits, fits


@lru_cache(maxsize=256)
def _regex(form: str) -> str:
    """The regular expression of a strptime-like pattern; ValueError for a sign that we do not know."""
    out, used = ["^"], set()
    tokens = re.findall(r"([^%]+)|%(.?)", form)
    for i, (literal, code) in enumerate(tokens):
        if literal:
            out.append(re.sub(r" +", r"\\s+", re.escape(literal).replace(r"\ ", " ")))
            continue
        if code not in _PIECES:
            raise ValueError(
                f"`%{code}` in `{form}` is no sign of a time format; known: " + " ".join(f"%{c}" for c in _PIECES)
            )
        if code in used:
            raise ValueError(f"`%{code}` stands twice in `{form}`")
        used.add(code)
        is_glued = any(not near[0] for near in (*tokens[max(0, i - 1) : i], *tokens[i + 1 : i + 2]))
        out.append(_PIECES[code].replace("{1,2}", "{2}") if is_glued else _PIECES[code])
    if not (used & {"Y", "y"} and used & {"m", "b", "B"} and "d" in used):
        raise ValueError(f"`{form}` needs a year, a month and a day")
    if ("I" in used) != ("p" in used):
        raise ValueError(f"`{form}`: %I and %p (AM, PM) go together")
    return "".join(out) + "$"


def _or(values: pa.Array, otherwise: str) -> pa.Array:
    """Null and empty groups of a match, filled."""
    return pc.if_else(pc.equal(pc.fill_null(values, ""), ""), otherwise, values)


def _text(pieces: dict[str, pa.Array], key: str, count: int, otherwise: str) -> pa.Array:
    return _or(pieces[key], otherwise) if key in pieces else pa.array([otherwise] * count, pa.string())


def _number(pieces: dict[str, pa.Array], key: str, count: int, otherwise: int) -> Ints:
    if key not in pieces:
        return np.full(count, otherwise, dtype=np.int64)
    return _ints(_or(pieces[key], str(otherwise)))


def _ints(values: pa.Array) -> Ints:
    result: Ints = pc.cast(values, pa.int64()).to_numpy(zero_copy_only=False)
    return result
