"""Amounts as people write them: 4h, 1h 30m, 90%, 20."""

import re

from deskmeter.metrics.spec import Unit

_UNITS_S = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_LENGTH_HINT = "write for instance 4h, 90m or 1h 30m"


def seconds(text: str) -> float:
    """The seconds of a length of time; ValueError if it is none, or a number without a unit.

    >>> seconds("1h 30m")
    5400.0
    """
    words = text.strip().lower()
    parts = _PART.findall(words)
    if not parts or _PART.sub("", words).strip():
        raise ValueError(f"`{text}` is no length of time; {_LENGTH_HINT}")
    unknown = [unit for _, unit in parts if unit not in _UNITS_S]
    if unknown:
        raise ValueError(f"`{text}` has no known unit `{unknown[0]}`; {_LENGTH_HINT}")
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)


def amount(text: str, unit: Unit) -> float:
    """The value of `text` in the unit of a metric: seconds, a share (90% is 0.9), or a plain number.

    >>> [amount("90%", "share"), amount("0.9", "share"), amount("4h", "seconds"), amount("40", "points")]
    [0.9, 0.9, 14400.0, 40.0]

    Raises:
        ValueError: `text` does not fit the unit; the message says what does.
    """
    if unit == "seconds":
        return seconds(text)
    words = text.strip()
    percent = words.endswith("%")
    words = words.removesuffix("%").strip()
    if percent and unit != "share":
        raise ValueError(f"`{text}` does not fit a value in {unit}; write a plain number")
    if not _NUMBER.fullmatch(words):
        raise ValueError(f"`{text}` is no number" + ("; write for instance 90% or 0.9" if unit == "share" else ""))
    value = float(words)
    if unit == "share" and not percent and value > 1:
        raise ValueError(f"`{text}` is more than the whole; a share in percent is written with its sign, such as 90%")
    return value / 100 if percent else value
