"""The shape of the files in which a desk defines its own metrics, dimensions and targets."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Operator = Literal[
    "=", "!=", "in", "not in", "<", "<=", ">", ">=", "between", "contains", "null", "not null",
    "is", "is_not", "below", "at_most", "above", "at_least",
]  # fmt: skip
SPOKEN = {"is": "=", "is_not": "!=", "below": "<", "at_most": "<=", "above": ">", "at_least": ">="}
Statistic = Literal["mean", "median", "p75", "p90", "p95", "sum", "share_within"]
Grain = Literal["day", "week", "month", "quarter", "year"]

_ID = re.compile(r"[a-z][a-z0-9_]*")


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str | int | float | bool) else value


def _good_id(id: str) -> str:
    if not _ID.fullmatch(id):
        raise ValueError(f"`{id}` is no good id; write small letters, digits and `_`, a letter first")
    return id


def _good_dimension_id(id: str) -> str:
    if id.endswith("_then"):
        raise ValueError(f"`{id}` is no good id: `_then` is added where the value of that time is asked for")
    return _good_id(id)


class Model(BaseModel):
    """Every part of a definition: nothing unknown, nothing changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Plain = str | int | float | bool
Words = Annotated[tuple[str, ...], BeforeValidator(_as_list, json_schema_input_type=Plain | list[Plain])]
Amount = Annotated[str, BeforeValidator(str, json_schema_input_type=str | float)]
Id = Annotated[str, AfterValidator(_good_id)]
DimensionId = Annotated[str, AfterValidator(_good_dimension_id)]


class Test(Model):
    """One condition on a column of the fact, a dimension, or a custom field (`field:<name>`)."""

    field: str = Field(description="a column of the fact, a dimension, or field:<name> for a custom field")
    op: Operator | None = Field(
        default=None, description="how to compare; left out: = for one value, in for a list; signs go in quotes"
    )
    value: Words = Field(default=(), description="the value, or a list of values; none for null and not null")

    @property
    def operator(self) -> str:
        """The operator as questions write it."""
        if self.op is None:
            return "=" if len(self.value) == 1 else "in"
        return SPOKEN.get(self.op, self.op)

    @model_validator(mode="after")
    def _right_number_of_values(self) -> "Test":
        many, operator = len(self.value), self.operator
        if operator in ("null", "not null"):
            if many:
                raise ValueError(f"`{operator}` takes no value")
        elif operator == "between":
            if many != 2:
                raise ValueError("`between` takes two values, such as [1, 5]")
        elif operator in ("in", "not in"):
            if not many:
                raise ValueError(f"`{self.field}` needs a value; write op: null where it shall have none")
        elif many != 1:
            raise ValueError(f"`{operator}` takes one value; a list goes with in or not in")
        return self


class Side(Model):
    """One side of a ratio: the metric's own rows, narrowed by `where`, or rows of another fact."""

    of: str | None = Field(default=None, description="fact; left out: the metric's")
    at: str | None = Field(default=None, description="instant that files the rows; left out: the metric's")
    where: tuple[Test, ...] = Field(default=(), description="conditions beside the metric's own")
    sum: str | None = Field(default=None, description="column to add up; left out: rows are counted")
    distinct: str | None = Field(default=None, description="count these things once each instead of rows")

    @model_validator(mode="after")
    def _one_way(self) -> "Side":
        if self.sum and self.distinct:
            raise ValueError("`sum` and `distinct` exclude each other")
        return self


class OwnMetric(Model):
    """One metric of the desk's own: a count, a sum, a ratio, or a quantile over a fact with a filter."""

    label: str = Field(description="name shown")
    definition: str = Field(description="what a user reads next to the number")
    kind: Literal["count", "sum", "ratio", "quantile"] = Field(description="what is made of the rows")
    of: str = Field(description="the fact")
    at: str | None = Field(default=None, description="the instant that files rows into periods; left out: the first")
    where: tuple[Test, ...] = Field(default=(), description="rows that count; all conditions must hold")
    distinct: str | None = Field(default=None, description="count: things to count once each instead of rows")
    column: str | None = Field(default=None, description="sum, quantile: the column, or field:<name>")
    statistic: Statistic = Field(default="median", description="quantile: the statistic shown where none is asked for")
    within: str | None = Field(default=None, description="quantile: limit of share_within, such as 4h")
    numerator: Side | None = Field(default=None, description="ratio: what stands above")
    denominator: Side | None = Field(
        default=None, description="ratio: what stands below; left out: all rows that count"
    )
    unit: Literal["count", "seconds", "share", "points", "score", "money", "ratio", "number"] | None = Field(
        default=None, description="unit of the value; left out: told from the definition"
    )
    good: Literal["up", "down", "neither"] = Field(default="neither", description="which direction is better")
    decimals: int | None = Field(default=None, ge=0, le=9, description="decimals shown")
    sources: tuple[str, ...] = Field(default=(), description="where the definition comes from")

    @model_validator(mode="after")
    def _goes_together(self) -> "OwnMetric":
        uses = {
            "distinct": ("count",), "column": ("sum", "quantile"), "within": ("quantile",), "statistic": ("quantile",),
            "numerator": ("ratio",), "denominator": ("ratio",),
        }  # fmt: skip
        for name in self.model_fields_set:
            if self.kind not in uses.get(name, (self.kind,)):
                raise ValueError(f"`{name}` goes with {' and '.join(uses[name])}, not with {self.kind}")
        needs = {"sum": "column", "quantile": "column", "ratio": "numerator"}
        if self.kind in needs and getattr(self, needs[self.kind]) is None:
            raise ValueError(f"`{needs[self.kind]}` is missing: {self.kind} needs it")
        return self


class OwnDimension(Model):
    """One dimension of the desk's own: a custom field or a built-in dimension, its values grouped or not."""

    label: str = Field(description="name shown")
    definition: str = Field(default="", description="what a user reads about it")
    field: str | None = Field(default=None, description="custom field whose values it has")
    of: str | None = Field(default=None, description="built-in dimension whose values it groups")
    groups: dict[str, Words] = Field(default={}, description="name of a group -> the values in it")
    others: str | None = Field(default=None, description="group of all other values; left out: they stay as they are")

    @model_validator(mode="after")
    def _one_origin(self) -> "OwnDimension":
        if (self.field is None) == (self.of is None):
            raise ValueError("a dimension needs either `field` (a custom field) or `of` (a built-in dimension)")
        if self.of is not None and not self.groups:
            raise ValueError(f"`groups` is missing: without it this is `{self.of}` itself")
        if self.others is not None and not self.groups:
            raise ValueError("`others` goes with `groups`")
        return self


class Definitions(Model):
    """A file of a desk's `metrics` folder."""

    metrics: dict[Id, OwnMetric] = Field(default={}, description="id -> metric")
    dimensions: dict[DimensionId, OwnDimension] = Field(default={}, description="id -> dimension")


class OwnTarget(Model):
    """One target: what a metric of the company, a team or an agent shall reach in each period of a grain."""

    metric: str = Field(description="id of the metric")
    name: str | None = Field(default=None, description="name shown; left out: told from the rest")
    statistic: Statistic | None = Field(default=None, description="left out: the metric's own")
    clock: Literal["calendar", "business"] = Field(default="calendar", description="for lengths of time")
    within: str | None = Field(default=None, description="limit of share_within, or T of a service level, such as 20s")
    team: str | None = Field(default=None, description="for this team alone")
    agent: str | None = Field(default=None, description="for this agent alone")
    grain: Grain = Field(default="month", description="in each of which the target shall be met")
    from_date: date | None = Field(default=None, alias="from", description="first day on which it is in force")
    until: date | None = Field(default=None, description="last day on which it is in force")
    at_least: Amount | None = Field(default=None, description="met at this value or above, such as 90% or 4h")
    at_most: Amount | None = Field(default=None, description="met at this value or below")
    between: tuple[Amount, Amount] | None = Field(default=None, description="met from the first value to the second")

    @model_validator(mode="after")
    def _makes_sense(self) -> "OwnTarget":
        if sum(goal is not None for goal in (self.at_least, self.at_most, self.between)) != 1:
            raise ValueError("a target needs exactly one of `at_least`, `at_most` and `between`")
        if self.team is not None and self.agent is not None:
            raise ValueError("a target is for the company, a `team` or an `agent`, not for two of them")
        if self.from_date and self.until and self.until < self.from_date:
            raise ValueError(f"`until` ({self.until}) lies before `from` ({self.from_date})")
        return self


class Targets(Model):
    """The file targets.yml of a desk."""

    targets: tuple[OwnTarget, ...] = Field(default=(), description="all targets")
