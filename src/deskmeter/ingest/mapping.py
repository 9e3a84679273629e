"""The mapping model: how a file of any make is read into canonical tables."""

import re
from datetime import date
from functools import lru_cache
from typing import Annotated, Literal, get_args

import pyarrow as pa
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from deskmeter.base.errors import AskerError
from deskmeter.base.time import zone as known_zone
from deskmeter.canon.vocab import STAGES, SURVEY_KINDS
from deskmeter.ingest.hours import weekly_hours
from deskmeter.ingest.times import check_format, parse_times

DEFAULT_NULLS = ("NULL", "null", "N/A", "n/a", "#N/A", "NaN", "nan", "\\N")

Stage = Literal["new", "open", "pending", "hold", "solved", "closed", "deleted", "spam"]
SurveyKind = Literal["csat", "nps", "nps_1_10", "ces", "rating", "solved_first_contact", "other"]
assert get_args(Stage) == (*STAGES, "deleted", "spam")
assert get_args(SurveyKind) == SURVEY_KINDS


def _as_list(value: object) -> object:
    return (value,) if isinstance(value, str | int | float | bool) else value


def _as_value(value: object) -> object:
    return {"column": value} if isinstance(value, str | int | float) else value


def _as_fields(value: object) -> object:
    return {name: name for name in value} if isinstance(value, list | tuple) else value


def _good_zone(name: str) -> str:
    try:
        known_zone(name)
    except AskerError as error:
        raise ValueError(str(error)) from error
    return name


def _good_format(text: str) -> str:
    check_format(text)
    return text


def _word(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


@lru_cache(maxsize=64)
def named_group(pattern: str) -> str:
    """The pattern with its one plain group named `value`, as the engine wants it; ValueError if it has not one.

    >>> named_group(r"agent:([0-9]+)")
    'agent:(?P<value>[0-9]+)'
    """
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"`{pattern}` is no regular expression: {error}") from error
    if groups != 1:
        raise ValueError(f"`{pattern}` needs exactly one group in brackets, the part that counts")
    return re.sub(r"(?<!\\)\((?!\?)", "(?P<value>", pattern, count=1)


def _good_pattern(text: str) -> str:
    named_group(text)
    return text


def _good_hours(text: str) -> str:
    weekly_hours(text)
    return text


def _good_day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"`{text}` is no day; write it as 2024-12-25") from error
    return text


def _good_instant(text: str) -> str:
    why = parse_times(pa.array([text]), ("iso",), "UTC").why[0].as_py()
    if why is not None:
        raise ValueError(why)
    return text


class Model(BaseModel):
    """Every part of a mapping: nothing unknown, nothing changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Word = Annotated[str, BeforeValidator(_word, json_schema_input_type=str | int | float)]
Words = Annotated[tuple[Word, ...], BeforeValidator(_as_list, json_schema_input_type=Word | tuple[Word, ...])]
Zone = Annotated[str, AfterValidator(_good_zone)]
TimeFormats = Annotated[
    tuple[Annotated[str, AfterValidator(_good_format)], ...],
    BeforeValidator(_as_list, json_schema_input_type=str | tuple[str, ...]),
]
Only = dict[str, Words]
Day = Annotated[Word, AfterValidator(_good_day)]
Hours = Annotated[
    tuple[Annotated[str, AfterValidator(_good_hours)], ...],
    BeforeValidator(_as_list, json_schema_input_type=str | tuple[str, ...]),
]


class Age(Model):
    """A time told as an age: so many days, months (of 30.4375 days) or years (of 365.25) before an instant."""

    days: str | None = Field(default=None, description="column that holds the age in days")
    months: str | None = Field(default=None, description="column that holds the age in months of 30.4375 days")
    years: str | None = Field(default=None, description="column that holds the age in years of 365.25 days")
    before: Annotated[Word, AfterValidator(_good_instant)] = Field(
        description="ISO date or time from which the age is counted back, in the mapping's zone"
    )
    at_least: float | None = Field(
        default=None, description="the least age, in the same unit; 0.5 makes an age of 0 last"
    )

    @model_validator(mode="after")
    def _one_unit(self) -> "Age":
        if sum(name is not None for name in (self.days, self.months, self.years)) != 1:
            raise ValueError("an age needs exactly one of `days`, `months` and `years`")
        return self


class Value(Model):
    """Where one canonical column comes from and how it is read; a bare string is the name of a column."""

    column: str | None = Field(default=None, description="column of the file")
    first_of: tuple[str, ...] = Field(default=(), description="the first of these columns that is not empty")
    join: tuple[str, ...] = Field(default=(), description="these columns joined, up to the first empty one")
    joined_by: str = Field(default="/", description="what stands between joined columns")
    constant: Word | None = Field(default=None, description="the same value in every row")
    age: Age | None = Field(default=None, description="a time told as an age")
    values: dict[str, Word | None] = Field(default={}, description="value as written -> value meant; null: no value")
    others: Literal["keep", "null", "set_aside"] = Field(
        default="keep", description="what is done with values not in `values`"
    )
    nulls: Words | None = Field(default=None, description="words that mean no value, instead of the mapping's")
    times: TimeFormats | None = Field(default=None, description="time formats of this column, instead of the mapping's")
    zone: Zone | None = Field(
        default=None, description="IANA zone of this column's local times, instead of the mapping's"
    )
    decimal: Literal[".", ","] | None = Field(default=None, description="decimal sign, instead of the mapping's")
    thousands: Literal["", ",", ".", " ", "'"] | None = Field(
        default=None, description="thousands sign, instead of the mapping's"
    )
    unit: Literal["milliseconds", "seconds", "minutes", "hours", "days", "clock"] | None = Field(
        default=None, description="unit of a length of time; `clock` is hh:mm:ss; seconds where nothing is said"
    )
    if_empty: Word | None = Field(default=None, description="what an empty cell means")
    otherwise: Word | None = Field(default=None, description="what every value that is not in `values` means")
    pattern: Annotated[str, AfterValidator(_good_pattern)] | None = Field(
        default=None, description="regular expression with one group: the part that counts"
    )
    prefix: str = Field(default="", description="put before the value, to keep ids of two lists apart")
    hashed: bool = Field(
        default=False, description="keep a short hash: an id that is no personal data (of a mail address)"
    )
    split: str | None = Field(
        default=None, description="sign between several values in one cell (tags); JSON lists need none"
    )
    when: Only = Field(default={}, description="no value unless each of these columns holds one of these values")

    @model_validator(mode="after")
    def _one_origin(self) -> "Value":
        origins = [self.column, self.constant, self.age, *self.first_of[:1], *self.join[:1]]
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("a value needs exactly one of `column`, `first_of`, `join`, `constant` and `age`")
        return self

    @property
    def sources(self) -> tuple[str, ...]:
        """Every column of the file that this value looks at."""
        age = (self.age.days, self.age.months, self.age.years) if self.age else ()
        named = (self.column, *self.first_of, *self.join, *age, *self.when)
        return tuple(name for name in named if name is not None)


From = Annotated[Value, BeforeValidator(_as_value, json_schema_input_type=str | Value)]
Columns = dict[str, From]
Fields = Annotated[Columns, BeforeValidator(_as_fields, json_schema_input_type=Columns | tuple[str, ...])]


class Scale(Model):
    """The scale of a rating."""

    low: int = Field(description="lowest point")
    high: int = Field(description="highest point")
    reversed: bool = Field(default=False, description="the low end is the good end")
    points: dict[str, float] = Field(default={}, description="words, smileys or stars -> points; numbers need none")

    @model_validator(mode="after")
    def _spans(self) -> "Scale":
        if self.high <= self.low:
            raise ValueError(f"a scale runs from low to high, not from {self.low} to {self.high}")
        return self


class Question(Model):
    """One question of a survey whose answers stand in a column of their own."""

    id: str = Field(description="id of the question")
    kind: SurveyKind = Field(description="kind of the question")
    score: From | None = Field(default=None, description="column of the rating")
    words: From | None = Field(default=None, description="column of the free text")
    scale: Scale | None = Field(default=None, description="scale of the rating")


class Messages(Model):
    """The messages nested in a conversation."""

    column: str = Field(description="column that holds the list of messages")
    columns: Columns = Field(description="column of an event -> path in the message")


class Part(Model):
    """One kind of canonical rows made from the rows of the file."""

    columns: Columns = Field(default={}, description="canonical column -> column of the file, or how it is read")
    fields: Fields = Field(
        default={}, description="vendor and custom fields to keep: name -> column, or a list of columns"
    )
    where: Only = Field(default={}, description="only rows in which each of these columns holds one of these values")
    needs: Words = Field(default=(), description="only rows in which these columns are not empty; the others are noted")
    scale: Scale | None = Field(default=None, description="scale of the rating (survey_answer)")
    questions: tuple[Question, ...] = Field(default=(), description="questions in columns of their own (survey_answer)")
    messages: Messages | None = Field(default=None, description="the nested messages (conversation)")
    order: Literal["file", "reversed"] = Field(
        default="file", description="order of the changes (snapshot): as in the file, or the newest first"
    )
    counter: str | None = Field(
        default=None,
        description="name of the counter of the line numbers (snapshot); `file`: each file counts for itself",
    )


class FileOptions(Model):
    """What cannot be seen in the file itself."""

    format: Literal["delimited", "json", "jsonl", "parquet", "xlsx"] | None = Field(default=None, description="format")
    encoding: str | None = Field(
        default=None, description="encoding of a text file; `mixed`: UTF-8 or cp1252 line by line"
    )
    delimiter: str | None = Field(default=None, description="sign between columns", min_length=1, max_length=1)
    header_row: int | None = Field(default=None, description="line of the column names, from 1; 0: none", ge=0)
    sheet: str | None = Field(default=None, description="sheet of a workbook")
    records_path: str | None = Field(default=None, description="dotted path to the list of records in a JSON document")


class Keep(Model):
    """Only one row of several with one key."""

    row: Literal["first", "last"] = Field(description="which row, in the order of the file")
    of: str = Field(description="column that tells which rows belong together")


class Roles(Model):
    """Who is staff and who is a bot, where the file does not say so in a column."""

    staff_columns: Words = Field(default=(), description="whoever stands in these columns of the mapping is staff")
    staff: Words = Field(default=(), description="ids of staff")
    bots: Words = Field(default=(), description="ids of bots")


class Holiday(Model):
    """A time without business."""

    first: Day = Field(description="first local day, YYYY-MM-DD")
    last: Day | None = Field(default=None, description="last local day; the first where nothing is said")
    name: str | None = Field(default=None, description="its name")


class Schedule(Model):
    """Business hours of a desk, written by hand because files rarely hold them."""

    id: str = Field(description="id of the schedule")
    name: str | None = Field(default=None, description="display name")
    zone: Zone = Field(description="IANA zone of its wall clock")
    hours: Hours = Field(default=(), description="such as `Mon-Fri 08:00-18:00`; past midnight: `Fri 22:00-06:00`")
    always: bool = Field(default=False, description="24x7")
    default: bool = Field(default=False, description="holds for tickets without a schedule of their own")
    holidays: tuple[Holiday, ...] = Field(default=(), description="its holidays")


class ScaleRule(Model):
    """What satisfied and low mean on a scale without a rule of its own."""

    kind: SurveyKind = Field(description="kind of survey")
    low: int = Field(description="lowest point")
    high: int = Field(description="highest point")
    satisfied_from: int | None = Field(default=None, description="lowest satisfied score")
    low_to: int | None = Field(default=None, description="highest low score")


class Mapping(Model):
    """How one kind of file becomes canonical rows."""

    source: str = Field(description="name of the source in the desk", min_length=1, pattern=r"^[\w.\- ]+$")
    file: FileOptions = Field(default=FileOptions(), description="what cannot be seen in the file itself")
    zone: Zone = Field(default="UTC", description="IANA zone of local times")
    times: TimeFormats = Field(
        default=("iso",), description="time formats: `iso`, `epoch_s`, `epoch_ms`, `%d/%m/%Y %H:%M` ..."
    )
    decimal: Literal[".", ","] = Field(default=".", description="decimal sign")
    thousands: Literal["", ",", ".", " ", "'"] = Field(default="", description="thousands sign")
    nulls: Words = Field(default=DEFAULT_NULLS, description="words that mean no value; an empty cell always does")
    keep: Keep | None = Field(default=None, description="only one row of several with one key")
    identity: Literal["content", "line"] = Field(
        default="content",
        description="what tells rows without an id apart: their content (equal rows are one) or also their line",
    )
    skip: Only = Field(default={}, description="rows left out by the mapping: column -> values")
    tables: dict[str, Part] = Field(description="shape or canonical table -> how its rows are made", min_length=1)
    stages: dict[str, Stage | None] = Field(
        default={},
        description="own status -> stage; null: known to have none; `deleted` and `spam` take the ticket out. "
        "A status that is the name of a stage needs no line",
    )
    roles: Roles = Field(default=Roles(), description="who is staff and who is a bot")
    schedules: tuple[Schedule, ...] = Field(default=(), description="business hours")
    scale_rules: tuple[ScaleRule, ...] = Field(default=(), description="what satisfied and low mean on other scales")
