"""What the columns of an unknown file look like: names in plain words, kinds of values, formats of times."""

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.ingest.quantities import FALSE_WORDS, TRUE_WORDS, plain_decimal
from deskmeter.ingest.times import fits_somewhere, parse_times

ValueKind = Literal["empty", "time", "flag", "whole", "number", "email", "objects", "text"]

NULL_WORDS = ("?", "-", "--", "N/A", "n/a", "NA", "#N/A", "NULL", "null", "None", "none", "NaN", "nan", "\\N", "nil")
_DATES = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d/%m/%y", "%m/%d/%y",
          "%d.%m.%y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%d-%b-%y")  # fmt: skip
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %I:%M %p", "T%H:%M:%S", " %H:%M:%S.%f",
           " %H:%M:%S %z")  # fmt: skip
FORMATS = ("iso", *(day + clock for day in _DATES for clock in _CLOCKS))
_EPOCHS = ("epoch_s", "epoch_ms", "epoch_us")
_LOOKED_AT = 3_000
"""Distinct values of a column that are tried against each format that reads one of the first."""
_TRIED = 200
_DATE_LIKE = r"^\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}|^\d{1,2}[- ][A-Za-z]{3}|^[A-Za-z]{3,9}\.? \d"
_TIME_NAMES = {"at", "on", "time", "date", "timestamp", "ts", "created", "updated", "opened", "closed", "epoch", "when"}


@dataclass(frozen=True)
class TimeForm:
    """The formats that read a column of times; `other` read it as well, but as other days."""

    formats: tuple[str, ...]
    other: tuple[str, ...] = ()
    has_zone: bool = False
    strangers: tuple[str, ...] = ()
    """Values that none of the formats reads."""


@dataclass(frozen=True)
class Profile:
    """One column: what its values are, after blanks and null words are gone."""

    name: str
    values: pa.Array
    filled: int
    distinct: pa.Array
    counts: pa.Array
    kind: ValueKind
    null_words: tuple[str, ...] = ()
    time: TimeForm | None = None

    @cached_property
    def words(self) -> str:
        """The name as plain words.

        >>> plain_words("u_priorityConfirmation ID")
        'u priority confirmation id'
        """
        return plain_words(self.name)

    @property
    def distinct_n(self) -> int:
        """How many different values there are."""
        return len(self.distinct)

    @property
    def is_unique(self) -> bool:
        """Every row has a value of its own."""
        return self.filled == len(self.values) == self.distinct_n > 0

    @cached_property
    def most_common(self) -> list[str]:
        """The values, the most frequent first, equals by name."""
        found: list[str] = self.distinct.to_pylist()
        return [
            v for v, _ in sorted(zip(found, self.counts.to_pylist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
        ]

    @property
    def mean_length(self) -> float:
        """Mean length of the different values, in characters."""
        return float(pc.mean(pc.utf8_length(self.distinct)).as_py() or 0) if self.distinct_n else 0.0

    def scale(self) -> tuple[int, int] | None:
        """The rating scale that the values fit: 0-10, 1-5, 1-7 or 1-10; null if none."""
        if self.kind not in ("whole", "number", "flag") or not 2 <= self.distinct_n <= 11:
            return None
        numbers = [float(value) for value in plain_decimal(self.distinct).to_pylist() if value is not None]
        if len(numbers) != self.distinct_n or any(n != int(n) or n < 0 for n in numbers):
            return None
        low, high = min(numbers), max(numbers)
        for top in (5, 7, 10):
            if low >= 1 and high <= top:
                return (1, top)
        return (0, 10) if low == 0 and 5 < high <= 10 else None


@dataclass(frozen=True)
class Profiles:
    """All columns of a file, in its order; `rows` is how many rows were looked at."""

    columns: tuple[Profile, ...]
    rows: int
    by_name: dict[str, Profile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_name.update({column.name: column for column in self.columns})

    def null_words(self) -> tuple[str, ...]:
        """Words that stand for no value somewhere in the file."""
        found = Counter(word for column in self.columns for word in column.null_words)
        return tuple(sorted(found))


def plain_words(name: str) -> str:
    """A name in lower case with single blanks: `customerID` is `customer id`."""
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return " ".join(re.findall(r"[a-z0-9]+", split.lower()))


def profile_table(table: pa.Table) -> Profiles:
    """Look at every column of some raw rows."""
    columns = tuple(_profile(name, table[name].combine_chunks().cast(pa.string())) for name in table.column_names)
    return Profiles(columns, table.num_rows)


def _profile(name: str, raw: pa.Array) -> Profile:
    text = pc.utf8_trim_whitespace(raw)
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    present = set(pc.unique(text.filter(pc.is_in(text, pa.array(NULL_WORDS)))).to_pylist())
    clean = pc.if_else(pc.is_in(text, pa.array(NULL_WORDS)), pa.scalar(None, pa.string()), text)
    counted = pc.value_counts(clean.drop_null())
    distinct, counts = counted.field("values"), counted.field("counts")
    kind, time = _kind(distinct, bool(_TIME_NAMES & set(plain_words(name).split())))
    if kind == "text" and present and not _looks_like_ids(distinct):
        # in free text "none" is a word like any other; a sign is none
        present = {word for word in present if not word.isalpha() or word.isupper()}
        clean = pc.if_else(pc.is_in(text, pa.array(sorted(present), pa.string())), pa.scalar(None, pa.string()), text)
        counted = pc.value_counts(clean.drop_null())
        distinct, counts = counted.field("values"), counted.field("counts")
    filled = len(clean) - clean.null_count
    return Profile(name, clean, filled, distinct, counts, kind, tuple(sorted(present)), time)


def _looks_like_ids(distinct: pa.Array) -> bool:
    return bool(len(distinct)) and pc.all(pc.match_substring_regex(distinct, r"^[\w.#-]*\d[\w.#-]*$")).as_py() is True


def _kind(distinct: pa.Array, is_time_name: bool) -> tuple[ValueKind, TimeForm | None]:
    if not len(distinct):
        return "empty", None
    some = distinct.slice(0, _LOOKED_AT)
    if all(word.lower() in TRUE_WORDS + FALSE_WORDS for word in some.slice(0, 5).to_pylist()) and len(some) <= 2:
        return "flag", None
    if pc.all(pc.match_substring_regex(some, r"^[+\-]?\d{1,18}$")).as_py():
        epoch = _time_form(some, _EPOCHS) if is_time_name else None
        return ("time", epoch) if epoch and not epoch.strangers else ("whole", None)
    if plain_decimal(some).null_count == 0 or plain_decimal(some, ",", ".").null_count == 0:
        return "number", None
    dates = pc.sum(pc.match_substring_regex(some, _DATE_LIKE)).as_py()
    form = _time_form(some, FORMATS + (_EPOCHS if is_time_name else ())) if dates > len(some) / 2 else None
    if form:
        return "time", form
    if pc.all(pc.match_substring_regex(some, r"^[^@\s]+@[^@\s]+\.[^@\s]+$")).as_py():
        return "email", None
    listed = pc.match_substring_regex(some, r"^\[\s*\{")
    if pc.all(pc.or_(listed, pc.equal(some, "[]"))).as_py() and pc.any(listed).as_py():
        return "objects", None
    return "text", None


def _time_form(some: pa.Array, formats: tuple[str, ...]) -> TimeForm | None:
    """The fewest formats that read these values, at least nine in ten of them."""
    step = max(1, len(some) // _TRIED)
    few = some.take(pa.array(range(0, len(some), step)))
    likely = [form for form in formats if fits_somewhere(few, form)]
    reads = {form: parse_times(some, (form,), "UTC").at for form in likely}
    chosen, rest = _cover(reads, len(some))
    left = some.filter(rest)
    if not chosen or len(left) > len(some) / 10:
        return None
    zoned = pc.match_substring_regex(some, r"(Z|UTC|[+-]\d{2}:?\d{2})$")
    has_zone = chosen[0] in _EPOCHS or bool(pc.all(zoned).as_py())
    return TimeForm(tuple(chosen), _rivals(reads, chosen), has_zone, tuple(left.to_pylist()[:3]))


def _cover(reads: dict[str, pa.Array], count: int) -> tuple[list[str], pa.Array]:
    """Up to three formats, each the one that reads most of what is left; and what no one reads."""
    rest = pa.array([True] * count)
    chosen: list[str] = []
    while reads and len(chosen) < 3:
        gain = {form: pc.sum(pc.and_(pc.is_valid(read), rest)).as_py() or 0 for form, read in reads.items()}
        best = max(gain, key=lambda form: gain[form])
        if not gain[best]:
            break
        chosen.append(best)
        rest = pc.and_(rest, pc.is_null(reads[best]))
    return chosen, rest


def _rivals(reads: dict[str, pa.Array], chosen: list[str]) -> tuple[str, ...]:
    """Formats that read all that the first chosen one reads, but as other days."""
    first = reads[chosen[0]]
    there = pc.is_valid(first)
    mine = first.filter(there)
    others = {form: read.filter(there) for form, read in reads.items() if form not in chosen}
    return tuple(form for form, read in others.items() if read.null_count == 0 and not read.equals(mine))
