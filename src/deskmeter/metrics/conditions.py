"""What a condition says of a value: one meaning for filters of questions and for the desk's own definitions."""

from __future__ import annotations

from collections.abc import Sequence

from deskmeter.engines.expressions import ibis


def holds(value: ibis.Value, operator: str, words: Sequence[ibis.Value], are_numbers: bool, blank: str) -> ibis.Value:
    """Whether `value` (text) meets `operator` with `words` (texts); never null but for ranges.

    A missing value is called `blank`, so `!=` and `not in` take it and `=` finds it by that name. Ranges compare as
    numbers where all words read as numbers, else as text; a missing value is in none.
    """
    if operator == "null":
        return value.isnull()
    if operator == "not null":
        return value.notnull()
    shown = ibis.coalesce(value, ibis.literal(blank))
    if operator == "contains":
        return shown.lower().contains(words[0])
    if operator in ("=", "in"):
        return shown.isin(words)
    if operator in ("!=", "not in"):
        return shown.notin(words)
    if are_numbers:
        value = value.try_cast("float64")
        words = [word.cast("float64") for word in words]
    if operator == "between":
        return (value >= words[0]) & (value <= words[1])
    return {"<": value < words[0], "<=": value <= words[0], ">": value > words[0], ">=": value >= words[0]}[operator]


def is_number(word: str) -> bool:
    """Whether a word of a condition reads as a number.

    >>> [is_number("4.5"), is_number("four")]
    [True, False]
    """
    try:
        float(word)
    except ValueError:
        return False
    return True


def number_holds(value: ibis.Value, operator: str, numbers: Sequence[float]) -> ibis.Value:
    """Whether `value` (a number) meets `operator`; a missing value meets `!=`, `not in` and `null` alone."""
    if operator == "null":
        return value.isnull()
    if operator == "not null":
        return value.notnull()
    found = {
        "=": lambda: value == numbers[0],
        "!=": lambda: value != numbers[0],
        "in": lambda: value.isin(list(numbers)),
        "not in": lambda: value.notin(list(numbers)),
        "<": lambda: value < numbers[0],
        "<=": lambda: value <= numbers[0],
        ">": lambda: value > numbers[0],
        ">=": lambda: value >= numbers[0],
        "between": lambda: (value >= numbers[0]) & (value <= numbers[-1]),
    }[operator]()
    return ibis.coalesce(found, ibis.literal(operator in ("!=", "not in")))


def flag_holds(value: ibis.Value, operator: str, wanted: bool) -> ibis.Value:
    """Whether a flag is (or is not) `wanted`; a missing flag is neither true nor false."""
    if operator == "null":
        return value.isnull()
    if operator == "not null":
        return value.notnull()
    found = ibis.coalesce(value == ibis.literal(wanted), ibis.literal(False))
    return ~found if operator == "!=" else found
