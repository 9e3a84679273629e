"""Values that are bound when a question runs, so that one compiled text serves all periods and filters."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deskmeter.engines.expressions import ibis
from deskmeter.query.request import Filter

# Stand-ins that cannot occur in data: they are written into the text as literals and then made placeholders.
_WHOLE = 8_070_605_040_302_010_000
_TEXT = "\u2063deskmeter-value-"
_WHOLES = ("as_of_us", "from_us", "to_us", "end_us", "within_s", "buckets_us", "bucket_us", "quantile_1000th")


@dataclass(frozen=True)
class Binding:
    """The values of one question by placeholder, and expressions that stand for them."""

    values: dict[str, object]

    def whole(self, name: str) -> ibis.Value:
        """An int64 expression that stands for one of the question's instants or limits."""
        return ibis.literal(_WHOLE + _WHOLES.index(name)).cast("int64")

    def text(self, condition: int, value: int) -> ibis.Value:
        """A string expression that stands for value number `value` of filter number `condition`."""
        return ibis.literal(f"{_TEXT}{condition}-{value}")


def bind(
    as_of_us: int,
    from_us: int,
    to_us: int,
    within_s: int | None,
    where: tuple[Filter, ...],
    step: tuple[int, int] = (0, 1),
    quantile: float = 0.5,
) -> Binding:
    """All values of a question; what looks for a part of a text does so in lower case.

    step: the instant from which table `bucket_of` counts, and the length that it counts in.
    """
    numbers = (as_of_us, from_us, to_us, min(to_us - 1, as_of_us), within_s or 0, *step, round(quantile * 1000))
    values: dict[str, object] = {f"i{index}": value for index, value in enumerate(numbers)}
    for index, condition in enumerate(where):
        for number, word in enumerate(condition.values):
            values[f"s{index}_{number}"] = word.lower() if condition.operator == "contains" else word
    return Binding(values)


def placeholders(sql: str) -> str:
    """`sql` with every stand-in made a named placeholder.

    >>> placeholders(f"x >= {_WHOLE + 3} AND y = '{_TEXT}1-0'")
    'x >= $i3 AND y = $s1_0'
    """
    sql = re.sub(r"\b8070605040302010(\d{3})\b", lambda found: f"$i{int(found[1])}", sql)
    return re.sub(f"'{_TEXT}(\\d+)-(\\d+)'", r"$s\1_\2", sql)


def used(sql: str, values: dict[str, object]) -> dict[str, object]:
    """Those of `values` that `sql` names; an engine refuses others."""
    return {name: value for name, value in values.items() if re.search(rf"\${name}\b", sql)}
